// SPDX-License-Identifier: Apache-2.0
//
// Instants as text: a slow reader that counts days one by one agrees with the library's, and every
// instant that has a text comes back from it.
#include <array>
#include <optional>

#include "core/text.hpp"
#include "fuzz/fuzz.hpp"

namespace milepost::fuzz {
namespace {

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_of(int year, int month) {
  constexpr std::array kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// Days from 1400-01-01 to the first of each year.
std::int64_t days_before(int year) {
  std::int64_t days = 0;
  for (int y = 1400; y < year; ++y) days += is_leap(y) ? 366 : 365;
  return days;
}

/// Takes a text apart from its front.
class SlowReader {
 public:
  explicit SlowReader(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, int& value) {
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool is(std::string_view what) {
    if (rest_.substr(0, what.size()) != what) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  /// At least one digit, those past six cut.
  bool fraction(std::int64_t& micros) {
    std::size_t count = 0;
    for (micros = 0; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count < 6) micros = micros * 10 + (rest_[count] - '0');
    }
    rest_.remove_prefix(count);
    for (std::size_t i = count; i < 6; ++i) micros *= 10;
    return count > 0;
  }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> read_slowly(std::string_view text) {
  SlowReader in(text);
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t micros = 0;
  if (!in.digits(4, year) || !in.is("-") || !in.digits(2, month) || !in.is("-") ||
      !in.digits(2, day) || !in.is("T") || !in.digits(2, hour) || !in.is(":") ||
      !in.digits(2, minute)) {
    return std::nullopt;
  }
  if (in.is(":")) {
    if (!in.digits(2, second)) return std::nullopt;
    if (in.is(".") && !in.fraction(micros)) return std::nullopt;
  }
  if (!in.is("Z") || !in.at_end()) return std::nullopt;
  if (year < 1400 || month < 1 || month > 12 || day < 1 || day > days_of(year, month) ||
      hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  std::int64_t days = days_before(year) - days_before(1970);
  for (int m = 1; m < month; ++m) days += days_of(year, m);
  days += day - 1;
  return ((days * 24 + hour) * 60 + minute) * std::int64_t{60'000'000} +
         second * std::int64_t{1'000'000} + micros;
}

void run(Input input) {
  const std::string text = Bytes(input).rest();
  const auto read = core::read_instant(text);
  const auto slow = read_slowly(text);
  require(read.has_value() == slow.has_value(), "both take it, or neither");
  require(!read || read->time_since_epoch().count() == *slow, "and read the same");

  const auto micros = Bytes(input).take<std::int64_t>();
  const Instant instant{std::chrono::microseconds(micros)};
  const auto shown = to_string(instant);
  const bool has_text = instant >= core::kInstantMin && instant <= core::kInstantMax;
  require(shown.has_value() == has_text, "years 1400 to 9999 have a text");
  if (!shown) return;
  require(shown->size() <= kInstantTextSizeMax, "of a bounded size");
  require(core::read_instant(*shown) == instant && read_slowly(*shown) == micros, "read back");
}

Seeds seeds() {
  Seeds made{"2023-11-07T05:31:56Z", "2023-11-07T05:31Z",           "2024-02-29T23:59:59.999999Z",
             "2023-02-29T00:00:00Z", "1400-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.9999999Z",
             "2023-11-07T05:31:60Z", "2023-11-07t05:31:56z",        "2023-11-07T05:31:56+00:00",
             "1900-02-29T00:00:00Z", "2000-02-29T00:00:00.5Z"};
  for (const std::int64_t micros : {std::int64_t{0}, std::int64_t{1'699'335'116'123'456},
                                    core::kInstantMin.time_since_epoch().count(),
                                    core::kInstantMax.time_since_epoch().count()}) {
    append(made.emplace_back(), micros);
  }
  return made;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"instant_text", milepost::fuzz::run, milepost::fuzz::seeds, 2'000, 64})
