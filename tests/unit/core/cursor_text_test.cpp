// SPDX-License-Identifier: Apache-2.0
//
// Cursors: pinned, read back the same, and refused whenever they are not exactly what was handed
// out, for this store and this question.
#include "core/cursor_text.hpp"

#include <set>
#include <vector>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kTextSize = 148;

const CursorScope kScope{CursorKind::list, id_of(7), 0x0123456789abcdef};
const CursorPlace kPlace{id_of(9), at(kMicros), id_of(1), 42};

Errc refusal_of(const CursorScope& scope, std::string_view text) {
  const auto place = read_cursor(scope, text);
  return place ? Errc{} : place.error().code;
}

void check_refused(std::string_view text) {
  CAPTURE(text);
  const auto place = read_cursor(kScope, text);
  REQUIRE(place.has_error());
  CHECK(place.error().code == Errc::invalid_argument);
  CHECK(place.error().applied == Applied::no);
  CHECK_FALSE(place.error().retry_safe);
  CHECK_FALSE(place.error().message.empty());
  CHECK(place.error().advice.find("next") != std::string::npos);
}

std::vector<CursorPlace> sample_places() {
  Uuid greatest{};
  for (std::uint8_t& byte : greatest.data) byte = 0xff;
  return {{},
          kPlace,
          {greatest, kInstantMin, greatest, 0},
          {Uuid{}, kInstantMax, Uuid{}, std::numeric_limits<std::uint64_t>::max()},
          {Uuid{}, at(-1), id_of(2), 1}};
}

}  // namespace

TEST_CASE("the text of a cursor is this for as long as its version is", "[core][cursor]") {
  CHECK(write_cursor(kScope, kPlace) ==
        // version and kind; store; question
        "0101"
        "daaa8b23b7ded14e"
        "efcdab8967452301"
        // organization; instant; run id; number
        "3c90c3cc0d444b5088888dd257360509"
        "008bf14989090600"
        "3c90c3cc0d444b5088888dd257360501"
        "2a00000000000000"
        // checksum
        "c9d2f841489f4ca5");
}

TEST_CASE("what a cursor says is read back the same, of every kind", "[core][cursor]") {
  for (const CursorKind kind :
       {CursorKind::list, CursorKind::orphans, CursorKind::purge, CursorKind::bulk}) {
    const CursorScope scope{kind, id_of(7), 3};
    for (const CursorPlace& place : sample_places()) {
      const std::string text = write_cursor(scope, place);
      CHECK(text.size() == kTextSize);
      CHECK(text.find_first_not_of(kHexDigits) == std::string::npos);
      const auto read = read_cursor(scope, text);
      REQUIRE(read.has_value());
      CHECK(*read == place);
    }
  }
}

TEST_CASE("a cursor with any digit changed to any other is refused", "[core][cursor]") {
  const std::string text = write_cursor(kScope, kPlace);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    for (const char digit : kHexDigits) {
      if (digit == text[i]) continue;
      changed[i] = digit;
      REQUIRE(refusal_of(kScope, changed) == Errc::invalid_argument);
    }
  }
}

TEST_CASE("a cursor with any byte flipped is refused", "[core][cursor]") {
  const std::string text = write_cursor(kScope, kPlace);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (unsigned mask = 1; mask < 256; ++mask) {
      std::string changed = text;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ mask);
      REQUIRE(refusal_of(kScope, changed) == Errc::invalid_argument);
    }
  }
}

TEST_CASE("a cursor that was cut, lengthened or rewritten is refused", "[core][cursor]") {
  const std::string text = write_cursor(kScope, kPlace);
  for (std::size_t size = 0; size < text.size(); ++size) check_refused(text.substr(0, size));
  for (std::size_t from = 1; from < text.size(); ++from) check_refused(text.substr(from));
  check_refused(text + "0");
  check_refused(text + "00");
  check_refused(text + '\n');
  check_refused(' ' + text);
  check_refused("0x" + text);
  check_refused(text + text);
  std::string upper = text;
  for (char& digit : upper) digit = static_cast<char>(std::toupper(digit));
  check_refused(upper);
  std::string with_nul = text;
  with_nul[10] = '\0';
  check_refused(with_nul);
  check_refused(std::string(1u << 20, 'f'));
}

TEST_CASE("an error shows no more of a made-up cursor than fits a line", "[core][cursor]") {
  const auto place = read_cursor(kScope, std::string(10'000, '\n'));
  REQUIRE(place.has_error());
  CHECK(place.error().subject.size() < 400);
  CHECK(place.error().subject.find('\n') == std::string::npos);
}

TEST_CASE("another store's cursor is told from one that is none", "[core][cursor]") {
  const std::string text = write_cursor(kScope, kPlace);
  for (const Uuid& other : {id_of(8), Uuid{}}) {
    CursorScope scope = kScope;
    scope.store_id = other;
    const auto place = read_cursor(scope, text);
    REQUIRE(place.has_error());
    CHECK(place.error().code == Errc::other_store);
    CHECK(place.error().applied == Applied::no);
    // A damaged one belongs to nobody.
    CHECK(refusal_of(scope, text.substr(1) + text[0]) == Errc::invalid_argument);
  }
}

TEST_CASE("a cursor of another question or kind is refused", "[core][cursor]") {
  const std::string text = write_cursor(kScope, kPlace);
  CursorScope scope = kScope;
  scope.question ^= 1;
  CHECK(refusal_of(scope, text) == Errc::invalid_argument);
  for (const CursorKind kind : {CursorKind::orphans, CursorKind::purge, CursorKind::bulk}) {
    scope = kScope;
    scope.kind = kind;
    CHECK(refusal_of(scope, text) == Errc::invalid_argument);
  }
}

TEST_CASE("an instant without a text form is refused under a right checksum", "[core][cursor]") {
  const auto micro = std::chrono::microseconds(1);
  for (const Instant instant :
       {kInstantMin - micro, kInstantMax + micro, Instant::min(), Instant::max()}) {
    CursorPlace place = kPlace;
    place.instant = instant;
    check_refused(write_cursor(kScope, place));
  }
}

TEST_CASE("random texts are no cursors", "[core][cursor]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 4 == 0 ? random() % 400 : kTextSize, '\0');
    const bool hex = random() % 2 == 0;
    for (char& c : text) {
      c = hex ? kHexDigits[random() % kHexDigits.size()] : static_cast<char>(random());
    }
    REQUIRE(refusal_of(kScope, text) == Errc::invalid_argument);
  }
}

TEST_CASE("random places are read back the same, and by their own question only",
          "[core][cursor]") {
  test::check_property([] {
    const auto any_id = [] {
      Uuid id{};
      for (std::uint8_t& byte : id.data) byte = *rc::gen::arbitrary<std::uint8_t>();
      return id;
    };
    const CursorScope scope{static_cast<CursorKind>(*rc::gen::inRange(1, 5)), any_id(),
                            *rc::gen::arbitrary<std::uint64_t>()};
    const CursorPlace place{any_id(),
                            at(*rc::gen::inRange(kInstantMin.time_since_epoch().count(),
                                                 kInstantMax.time_since_epoch().count() + 1)),
                            any_id(), *rc::gen::arbitrary<std::uint64_t>()};
    const std::string text = write_cursor(scope, place);
    RC_ASSERT(read_cursor(scope, text).value() == place);
    CursorScope other = scope;
    other.question = *rc::gen::arbitrary<std::uint64_t>();
    RC_ASSERT(read_cursor(other, text).has_value() == (other.question == scope.question));
  });
}

namespace {

std::vector<StatusSet> some_status_sets() {
  std::vector<StatusSet> sets{StatusSet()};
  for (const RunStatus one : kAllStatuses) {
    sets.emplace_back(one);
    for (const RunStatus two : kAllStatuses) {
      if (one < two) sets.push_back({one, two});
    }
  }
  return sets;
}

/// Filters that differ from each other in one member or more.
std::vector<RunFilter> different_filters() {
  const std::vector<std::optional<Uuid>> ids{std::nullopt, Uuid{}, id_of(1)};
  const std::vector<std::optional<Instant>> instants{std::nullopt, at(0), at(1), Instant::min(),
                                                     Instant::max()};
  std::vector<RunFilter> filters;
  for (const Uuid& organization : {Uuid{}, id_of(1)}) {
    for (const auto& journey : ids) {
      for (const auto& profile : ids) {
        for (const StatusSet statuses : some_status_sets()) {
          for (const auto& from : instants) {
            for (const auto& to : instants) {
              filters.push_back({organization, journey, profile, statuses, from, to});
            }
          }
        }
      }
    }
  }
  return filters;
}

}  // namespace

TEST_CASE("no two questions of a list share a digest", "[core][cursor]") {
  const std::vector<RunFilter> filters = different_filters();
  std::set<std::uint64_t> digests;
  for (const RunFilter& filter : filters) {
    for (const std::uint64_t order : {0u, 1u}) digests.insert(digest_of(filter, order));
  }
  CHECK(digests.size() == 2 * filters.size());
}

}  // namespace milepost::core
