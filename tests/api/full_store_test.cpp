// SPDX-License-Identifier: Apache-2.0
//
// A store that is full, in its map or in its journal: writes say so, reads go on, and what frees
// space still works, not once but each time.
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::code_of;
using test::id;
using test::ok;

OpenOptions small_map(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.map_size_max = 16 * kMapSizeMin;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 1u << 20;
  options.publish_interval = milliseconds(2);
  options.feed_retention = 1'000;
  return options;
}

/// Makes failed runs of a profile until the store takes no more; yields how many, and why.
struct Filled {
  std::uint64_t runs = 0;
  Errc code{};
};

constexpr unsigned kLateMax = 100;

Filled fill(Tracker& tracker, std::uint64_t first, const Uuid& profile = test::kProfile) {
  Filled filled;
  unsigned late = 0;
  while (filled.code == Errc{} && filled.runs < 1'000'000) {
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < 100; ++i) {
      CreateCommand create = test::request(id(first + filled.runs + i));
      create.profile_id = profile;
      commands.emplace_back(create);
      commands.emplace_back(FailCommand{.run_id = *create.run_id, .error = "no room"});
    }
    const auto applied =
        tracker.apply(commands, {.deadline = steady_clock::now() + milliseconds(300)});
    filled.code = code_of(applied);
    // A slow machine's journal is full for a moment, and has room again.
    if (filled.code == Errc::busy && ++late < kLateMax) filled.code = {};
    if (applied) filled.runs += 100;
  }
  return filled;
}

std::uint64_t purge_all(Tracker& tracker) {
  std::uint64_t removed = 0;
  PurgeOptions options{.completed_before = test::at("2100-01-01T00:00:00Z"), .limit = 200};
  for (;;) {
    const auto step = tracker.purge(options);
    REQUIRE(ok(step));
    removed += step->removed;
    if (step->next.empty()) return removed;
  }
}

TEST_CASE("a full map is emptied by purges, each time anew", "[api][purge][full]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small_map(folder / "store")).value();
  std::uint64_t made = 0;
  for (int round = 0; round < 4; ++round) {
    CAPTURE(round);
    const Filled filled = fill(tracker, made);
    CHECK(filled.code == Errc::map_full);
    REQUIRE(filled.runs > 1'000);
    CHECK(tracker.get(id(made + filled.runs - 1)).value()->status == RunStatus::failed);
    CHECK(purge_all(tracker) >= filled.runs);
    made += filled.runs + 100;  // the last ones may have come in all the same
    CHECK(tracker.counts().value().total() == 0);
  }
}

TEST_CASE("a store that was closed full opens, and is purged then", "[api][purge][full]") {
  const test::TempDirectory folder;
  std::uint64_t made = 0;
  {
    Tracker tracker = Tracker::open(small_map(folder / "store")).value();
    made = fill(tracker, 0).runs;
    // What did not fit is in the journal.
    CHECK(code_of(tracker.close()) == Errc::map_full);
  }
  Tracker tracker = Tracker::open(small_map(folder / "store")).value();
  CHECK(tracker.get(id(made - 1)).value()->status == RunStatus::failed);
  CHECK(tracker.counts().value().failed >= made);
  CHECK(purge_all(tracker) >= made);
  CHECK(fill(tracker, 1'000'000).code == Errc::map_full);
}

TEST_CASE("a profile is erased from a full store", "[api][erase][full]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small_map(folder / "store")).value();
  // One run here, in the middle of it, and one among those that are not published any more.
  const Uuid profile = id(1, 9);
  CreateCommand early = test::request(id(1, 0x70));
  early.profile_id = profile;
  tracker.create(early).value().require_applied();
  const Filled filled = fill(tracker, 0);
  REQUIRE(filled.code == Errc::map_full);
  const auto receipt = tracker.erase_profile({.profile_id = profile});
  REQUIRE(ok(receipt));
  CHECK(receipt->runs == 1);
  CHECK_FALSE(tracker.get(id(1, 0x70)).value().has_value());
  CHECK(ok(tracker.flush()));
  // All of them.
  const auto rest = tracker.erase_profile({.profile_id = test::kProfile});
  REQUIRE(ok(rest));
  CHECK(rest->runs >= filled.runs);
  CHECK(tracker.counts().value().total() == 0);
  CHECK(tracker.create(early).value().applied());
}

TEST_CASE("with a larger map a full store goes on as it is", "[api][full]") {
  const test::TempDirectory folder;
  OpenOptions options = small_map(folder / "store");
  std::uint64_t made = 0;
  {
    Tracker tracker = Tracker::open(options).value();
    made = fill(tracker, 0).runs;
  }
  options.map_size_max *= 2;
  Tracker tracker = Tracker::open(options).value();
  CHECK(fill(tracker, 1'000'000).runs > made / 2);
  CHECK(tracker.get(id(made - 1)).value()->status == RunStatus::failed);
}

}  // namespace
}  // namespace milepost
