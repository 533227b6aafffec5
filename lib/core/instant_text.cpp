// SPDX-License-Identifier: Apache-2.0
//
// Instants in and out. The calendar is Boost.Date_Time's, whose years are 1400 to 9999; every
// number is checked before Boost sees it, so that its exceptions stay impossible, and caught all
// the same.
#include <algorithm>
#include <array>
#include <boost/date_time/gregorian/gregorian_types.hpp>
#include <cstring>

#include "core/text.hpp"

namespace milepost::core {
namespace {

using Calendar = boost::gregorian::gregorian_calendar;

constexpr std::uint64_t kMicrosPerSecond = 1'000'000;
constexpr std::uint64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::uint32_t kDayNumberMin = 2'232'400;    // Boost's number of 1400-01-01.
constexpr std::uint32_t kDayNumberEpoch = 2'440'588;  // Boost's number of 1970-01-01.
static_assert(kInstantMin.time_since_epoch().count() ==
              -static_cast<std::int64_t>((kDayNumberEpoch - kDayNumberMin) * kMicrosPerDay));

constexpr std::array<char, 200> make_decimal_pairs() {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr auto kDecimalPairs = make_decimal_pairs();

/// Writes two digits. Precondition: value < 100.
void write_pair(char* out, std::uint32_t value) noexcept {
  std::memcpy(out, kDecimalPairs.data() + 2 * std::size_t{value}, 2);
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The number that `count` digits at `at` make, or -1. Precondition: they lie within the text.
int read_number(std::string_view text, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// Days since 1400-01-01, or nothing for a date that does not exist.
std::optional<std::uint64_t> read_date(std::string_view text) noexcept try {
  const int year = read_number(text, 0, 4);
  const int month = read_number(text, 5, 2);
  const int day = read_number(text, 8, 2);
  if (text[4] != '-' || text[7] != '-') return std::nullopt;
  if (year < 1400 || year > 9999 || month < 1 || month > 12 || day < 1) return std::nullopt;
  const auto y = static_cast<unsigned short>(year);
  const auto m = static_cast<unsigned short>(month);
  if (day > Calendar::end_of_month_day(y, m)) return std::nullopt;
  return Calendar::day_number({y, m, static_cast<unsigned short>(day)}) - kDayNumberMin;
} catch (...) {
  return std::nullopt;
}

struct Date {
  std::uint32_t year;
  std::uint32_t month;
  std::uint32_t day;
};

/// Precondition: the day lies within Boost's years; another gives the first of them.
Date date_of(std::uint32_t days_since_min) noexcept try {
  const auto date = Calendar::from_day_number(kDayNumberMin + days_since_min);
  return {date.year, date.month, date.day};
} catch (...) {
  return {1400, 1, 1};
}

/// Microseconds of `.ddd...Z`, further digits cut; nothing if it is not exactly that.
std::optional<std::uint64_t> read_fraction(std::string_view text) noexcept {
  std::uint64_t micros = 0;
  std::uint64_t weight = kMicrosPerSecond;
  std::size_t at = 1;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    weight /= 10;
    micros += weight * static_cast<std::uint64_t>(text[at] - '0');
  }
  if (text[0] != '.' || at == 1 || text.substr(at) != "Z") return std::nullopt;
  return micros;
}

/// Microseconds since midnight of `hh:mm[:ss[.d...]]Z`; nothing if it is not exactly that.
std::optional<std::uint64_t> read_time_of_day(std::string_view text) noexcept {
  if (text.size() < 6 || text[2] != ':') return std::nullopt;
  const int hour = read_number(text, 0, 2);
  const int minute = read_number(text, 3, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  const auto seconds =
      static_cast<std::uint64_t>(hour) * 3600 + static_cast<std::uint64_t>(minute) * 60;
  text.remove_prefix(5);
  if (text == "Z") return seconds * kMicrosPerSecond;

  if (text.size() < 4 || text[0] != ':') return std::nullopt;
  const int second = read_number(text, 1, 2);
  if (second < 0 || second > 59) return std::nullopt;
  const std::uint64_t whole = (seconds + static_cast<std::uint64_t>(second)) * kMicrosPerSecond;
  text.remove_prefix(3);
  if (text == "Z") return whole;
  const auto fraction = read_fraction(text);
  if (!fraction) return std::nullopt;
  return whole + *fraction;
}

}  // namespace

std::optional<Instant> read_instant(std::string_view text) noexcept {
  constexpr std::size_t kShortest = std::string_view("2023-11-07T05:31Z").size();
  if (text.size() < kShortest || text[10] != 'T') return std::nullopt;
  const auto days = read_date(text);
  const auto micros = read_time_of_day(text.substr(11));
  if (!days || !micros) return std::nullopt;
  return kInstantMin +
         std::chrono::microseconds(static_cast<std::int64_t>(*days * kMicrosPerDay + *micros));
}

char* write_instant(Instant instant, char* out) noexcept {
  // Clamped, so that even a broken precondition writes some instant within bounds.
  instant = std::clamp(instant, kInstantMin, kInstantMax);
  const auto since_min = static_cast<std::uint64_t>((instant - kInstantMin).count());
  const auto days = static_cast<std::uint32_t>(since_min / kMicrosPerDay);
  const std::uint64_t of_day = since_min % kMicrosPerDay;
  const auto seconds = static_cast<std::uint32_t>(of_day / kMicrosPerSecond);
  const auto micros = static_cast<std::uint32_t>(of_day % kMicrosPerSecond);

  const Date date = date_of(days);
  write_pair(out, date.year / 100);
  write_pair(out + 2, date.year % 100);
  out[4] = '-';
  write_pair(out + 5, date.month);
  out[7] = '-';
  write_pair(out + 8, date.day);
  out[10] = 'T';
  write_pair(out + 11, seconds / 3600);
  out[13] = ':';
  write_pair(out + 14, seconds / 60 % 60);
  out[16] = ':';
  write_pair(out + 17, seconds % 60);
  out += 19;
  if (micros != 0) {
    const std::uint32_t millis = micros / 1000;
    *out = '.';
    out[1] = static_cast<char>('0' + millis / 100);
    write_pair(out + 2, millis % 100);
    out += 4;
    if (const std::uint32_t rest = micros % 1000; rest != 0) {
      out[0] = static_cast<char>('0' + rest / 100);
      write_pair(out + 1, rest % 100);
      out += 3;
    }
  }
  *out = 'Z';
  return out + 1;
}

}  // namespace milepost::core
