// SPDX-License-Identifier: Apache-2.0
//
// Instants as text: tables by hand, the public pattern as judge of mutations, and the standard
// library's calendar as a second opinion on dates.
#include <random>
#include <regex>

#include "core/text.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::kMicros;

const std::regex& pattern() {
  static const std::regex regex(
      R"(^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|)"
      R"(\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|)"
      R"((?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d)"
      R"((?::[0-5]\d(?:\.\d+)?)?(?:Z))$)");
  return regex;
}

bool year_is_held(const std::string& text) { return text.substr(0, 4) >= "1400"; }

std::string written(Instant instant) {
  char text[kInstantTextSizeMax];
  return std::string(text, static_cast<std::size_t>(write_instant(instant, text) - text));
}

}  // namespace

TEST_CASE("an instant is read to the microsecond", "[core][instant]") {
  struct Row {
    std::string_view text;
    std::int64_t micros;
  };
  const Row rows[] = {
      {"2023-11-07T05:31:56Z", kMicros},
      {"2023-11-07T05:31Z", kMicros - 56'000'000},
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00Z", 0},
      {"1969-12-31T23:59:59.999999Z", -1},
      {"1400-01-01T00:00:00Z", -17'987'443'200'000'000},
      {"1400-01-01T00:00:00.000001Z", -17'987'443'199'999'999},
      {"9999-12-31T23:59:59.999999Z", 253'402'300'799'999'999},
      {"9999-12-31T23:59:59.9999999Z", 253'402'300'799'999'999},
      {"2000-02-29T00:00:00Z", 951'782'400'000'000},
      {"2024-02-29T12:00:00Z", 1'709'208'000'000'000},
      {"2024-12-31T23:59:59Z", 1'735'689'599'000'000},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto instant = read_instant(row.text);
    REQUIRE(instant);
    CHECK(instant->time_since_epoch().count() == row.micros);
    CHECK(parse_instant(row.text).value() == at(row.micros));
  }
}

TEST_CASE("1 to 30 fraction digits are read, those past microseconds cut", "[core][instant]") {
  const std::string digits = "123456789012345678901234567890";
  const std::int64_t expected[] = {100'000, 120'000, 123'000, 123'400, 123'450, 123'456};
  for (std::size_t count = 1; count <= digits.size(); ++count) {
    const std::string text = "2023-11-07T05:31:56." + digits.substr(0, count) + "Z";
    CAPTURE(text);
    const auto instant = read_instant(text);
    REQUIRE(instant);
    CHECK(*instant - at(kMicros) ==
          std::chrono::microseconds(expected[std::min<std::size_t>(count, 6) - 1]));
  }
  // Cut, not rounded, also before the epoch.
  CHECK(read_instant("1969-12-31T23:59:59.9999999Z") == at(-1));
  CHECK(read_instant("2023-11-07T05:31:56." + std::string(5'000, '9') + "Z") ==
        at(kMicros + 999'999));
}

TEST_CASE("February 29 exists in leap years only", "[core][instant]") {
  for (const char* year : {"1600", "2000", "2024", "2400", "1404", "2096", "9996"}) {
    CAPTURE(year);
    CHECK(read_instant(std::string(year) + "-02-29T00:00:00Z").has_value());
    CHECK_FALSE(read_instant(std::string(year) + "-02-30T00:00:00Z").has_value());
  }
  for (const char* year : {"1400", "1500", "1700", "1900", "2100", "2023", "2200", "9999"}) {
    CAPTURE(year);
    CHECK_FALSE(read_instant(std::string(year) + "-02-29T00:00:00Z").has_value());
    CHECK(read_instant(std::string(year) + "-02-28T00:00:00Z").has_value());
  }
}

TEST_CASE("what is no instant in the public form is refused", "[core][instant]") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {
           ""sv,
           "Z"sv,
           "2023-11-07"sv,
           "2023-11-07T05:31:56"sv,
           "2023-11-07T05:31"sv,
           "2023-11-07T05Z"sv,
           "2023-11-07T05:3Z"sv,
           "2023-11-07T05:31:Z"sv,
           "2023-11-07T05:31:5Z"sv,
           "2023-11-07T05:31:56.Z"sv,
           "2023-11-07T05:31.5Z"sv,
           "2023-11-07T05:31:56,5Z"sv,
           "2023-11-07T05:31:56.5.5Z"sv,
           "2023-11-07T05:31:56.12a456Z"sv,
           "2023-11-07T05:31:56.123456"sv,
           "2023-11-07t05:31:56Z"sv,
           "2023-11-07T05:31:56z"sv,
           "2023-11-07 05:31:56Z"sv,
           "2023-11-07T05:31:56+00:00"sv,
           "2023-11-07T05:31:56-00:00"sv,
           "2023-11-07T05:31:56ZZ"sv,
           "2023-11-07T05:31:56Z\n"sv,
           "2023-11-07T05:31:56\0"sv,
           "2023-11-07T05:31:56Z\0"sv,
           " 2023-11-07T05:31:56Z"sv,
           "2023-11-07T05:31:56 Z"sv,
           "2023-11-07T24:00:00Z"sv,
           "2023-11-07T24:00Z"sv,
           "2023-11-07T05:60:00Z"sv,
           "2023-11-07T05:31:60Z"sv,
           "2016-12-31T23:59:60Z"sv,
           "2023-00-07T05:31:56Z"sv,
           "2023-13-07T05:31:56Z"sv,
           "2023-11-00T05:31:56Z"sv,
           "2023-11-31T05:31:56Z"sv,
           "2023-04-31T05:31:56Z"sv,
           "2023-06-31T05:31:56Z"sv,
           "2023-09-31T05:31:56Z"sv,
           "2023-12-32T05:31:56Z"sv,
           "2023-1-07T05:31:56Z"sv,
           "2023/11/07T05:31:56Z"sv,
           "20231107T053156Z"sv,
           "+023-11-07T05:31:56Z"sv,
           "-023-11-07T05:31:56Z"sv,
           "12023-11-07T05:31:56Z"sv,
           "2023-11-07T-5:31:56Z"sv,
           "2023-11-07T05-31-56Z"sv,
           "2023-+1-07T05:31:56Z"sv,
           "2023-11- 7T05:31:56Z"sv,
           "\xd9\xa2\xd9\xa0-11-07T05:31:56Z"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(std::regex_match(text.begin(), text.end(), pattern()));
    CHECK_FALSE(read_instant(text).has_value());
  }
}

TEST_CASE("years the calendar does not hold are refused, without an exception", "[core][instant]") {
  for (const char* year : {"0000", "0001", "0004", "1000", "1399", "1396"}) {
    CAPTURE(year);
    CHECK_FALSE(read_instant(std::string(year) + "-01-01T00:00:00Z").has_value());
    CHECK_FALSE(read_instant(std::string(year) + "-02-29T00:00:00Z").has_value());
    CHECK_FALSE(read_instant(std::string(year) + "-12-31T23:59:59.999999Z").has_value());
    const auto parsed = parse_instant(std::string(year) + "-01-01T00:00Z");
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == Errc::invalid_argument);
    CHECK(parsed.error().subject == "instant \"" + std::string(year) + "-01-01T00:00Z\"");
  }
}

TEST_CASE("an instant is written with the fewest fraction digits that lose nothing",
          "[core][instant]") {
  struct Row {
    std::int64_t micros;
    std::string_view text;
  };
  const Row rows[] = {
      {kMicros, "2023-11-07T05:31:56Z"},
      {kMicros + 1, "2023-11-07T05:31:56.000001Z"},
      {kMicros + 10, "2023-11-07T05:31:56.000010Z"},
      {kMicros + 999, "2023-11-07T05:31:56.000999Z"},
      {kMicros + 1'000, "2023-11-07T05:31:56.001Z"},
      {kMicros + 100'000, "2023-11-07T05:31:56.100Z"},
      {kMicros + 120'000, "2023-11-07T05:31:56.120Z"},
      {kMicros + 123'400, "2023-11-07T05:31:56.123400Z"},
      {kMicros + 123'456, "2023-11-07T05:31:56.123456Z"},
      {kMicros + 999'999, "2023-11-07T05:31:56.999999Z"},
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {-1'000, "1969-12-31T23:59:59.999Z"},
      {-86'400'000'000, "1969-12-31T00:00:00Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00Z"},
      {-17'987'443'200'000'000, "1400-01-01T00:00:00Z"},
      {253'402'300'799'999'999, "9999-12-31T23:59:59.999999Z"},
  };
  for (const Row& row : rows) {
    CHECK(written(at(row.micros)) == row.text);
    CHECK(to_string(at(row.micros)).value() == row.text);
  }
}

TEST_CASE("an instant outside the years 1400-9999 has no text", "[core][instant]") {
  for (const Instant instant : {kInstantMin - std::chrono::microseconds(1), Instant::min(),
                                kInstantMax + std::chrono::microseconds(1), Instant::max()}) {
    const auto text = to_string(instant);
    REQUIRE(text.has_error());
    CHECK(text.error().code == Errc::invalid_argument);
    // Even a caller who breaks the precondition gets some instant and no exception.
    CHECK(written(instant).size() >= 20);
  }
}

TEST_CASE("every day from 1400 to 9999 is the standard calendar's day", "[core][instant]") {
  using namespace std::chrono;
  sys_days day = sys_days(year(1400) / January / 1);
  const sys_days last = sys_days(year(9999) / December / 31);
  char expected[32];
  std::size_t wrong = 0;
  for (; day <= last; day += days(1)) {
    const year_month_day date(day);
    std::snprintf(expected, sizeof expected, "%04d-%02u-%02uT00:00:00Z", int{date.year()},
                  unsigned{date.month()}, unsigned{date.day()});
    const Instant instant(day);
    if (written(instant) != expected || read_instant(expected) != instant) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is written is read back the same", "[core][instant]") {
  test::check_property([] {
    const auto micros = *rc::gen::inRange<std::int64_t>(kInstantMin.time_since_epoch().count(),
                                                        kInstantMax.time_since_epoch().count() + 1);
    const auto unit = *rc::gen::element<std::int64_t>(1, 1'000, 1'000'000);
    const Instant instant = std::max(kInstantMin, at(micros / unit * unit));
    const std::string text = written(instant);
    RC_ASSERT(std::regex_match(text, pattern()));
    RC_ASSERT(read_instant(text) == instant);
  });
}

TEST_CASE("reading instants agrees with the pattern on random mutations", "[core][instant]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  const std::string_view bases[] = {"2023-11-07T05:31:56Z",           "2024-02-29T23:59Z",
                                    "1900-02-28T00:00:00.123456789Z", "2000-02-29T19:30:00.5Z",
                                    "1400-04-30T20:01:09Z",           "9999-12-31T10:10:10.000Z"};
  constexpr std::string_view kAlphabet = "00112233456789:.-TZtz+ \n";
  int accepted = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string text(bases[random() % std::size(bases)]);
    for (std::uint64_t edits = random() % 4; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      const char with = kAlphabet[random() % kAlphabet.size()];
      const auto kind = random() % 12;
      if (kind == 0) {
        text.erase(at, 1);
      } else if (kind == 1) {
        text.insert(at, 1, with);
      } else {
        text[at] = with;
      }
    }
    CAPTURE(text);
    const bool expected = std::regex_match(text, pattern()) && year_is_held(text);
    REQUIRE(read_instant(text).has_value() == expected);
    accepted += expected ? 1 : 0;
  }
  CHECK(accepted > 3'000);
}

TEST_CASE("every month, day, hour, minute and second is judged as the pattern does",
          "[core][instant]") {
  char text[64];
  for (int field = 0; field < 100; ++field) {
    for (int other = 0; other < 100; ++other) {
      for (const char* year : {"2023", "2024", "1900", "2000"}) {
        std::snprintf(text, sizeof text, "%s-%02d-%02dT00:00:00Z", year, field, other);
        REQUIRE(read_instant(text).has_value() == std::regex_match(text, pattern()));
      }
      std::snprintf(text, sizeof text, "2023-01-01T%02d:%02dZ", field, other);
      REQUIRE(read_instant(text).has_value() == std::regex_match(text, pattern()));
      std::snprintf(text, sizeof text, "2023-01-01T00:%02d:%02d.%dZ", field, other, other);
      REQUIRE(read_instant(text).has_value() == std::regex_match(text, pattern()));
    }
  }
}

}  // namespace milepost::core
