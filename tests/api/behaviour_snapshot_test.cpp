// SPDX-License-Identifier: Apache-2.0
//
// Snapshots, on any store: one moment whatever is written, its age, its end with the tracker; and
// which moment a read of many runs is of.
#include <map>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/lists.hpp"
#include "support/steady_clock.hpp"
#include "support/steps.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using namespace std::chrono_literals;
using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::ManualSteadyClock;
using test::MemoryBed;
using test::ok;
using test::request;
using test::take;
using test::walk;

/// Every call of the snapshot answers `code`.
void check_refused(const Snapshot& snapshot, Errc code) {
  CHECK(code_of(snapshot.get(id(1))) == code);
  CHECK(code_of(snapshot.get_json(id(1))) == code);
  CHECK(code_of(snapshot.get_many(std::array{id(1), id(2)})) == code);
  CHECK(code_of(snapshot.list()) == code);
  CHECK(code_of(snapshot.list({.filter = {.profile_id = test::kProfile}})) == code);
  CHECK(code_of(snapshot.list_json()) == code);
  CHECK(code_of(snapshot.counts()) == code);
  CHECK(code_of(snapshot.changes()) == code);
}

TEMPLATE_TEST_CASE("a snapshot shows its moment, the tracker shows now", "[api][snapshot]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running, {.owner = "me"});
  bring(bed.tracker(), id(2), RunStatus::failed);
  const std::vector<Run> before = walk(bed.tracker(), {});
  const std::string json = bed.tracker().list_json().value().json;
  const Counts counts = bed.tracker().counts().value();
  const Snapshot snapshot = bed.tracker().snapshot().value();
  const std::uint64_t sequence = bed.tracker().get(id(2)).value()->sequence;
  CHECK(snapshot.sequence() == sequence);
  take(bed.tracker(), test::Step::complete, id(1)).value().require_applied();
  bring(bed.tracker(), id(3), RunStatus::queued);
  REQUIRE(ok(bed.tracker().purge({.completed_before = Instant::max()})));
  REQUIRE(ok(bed.tracker().flush()));
  for (int look = 0; look < 2; ++look) {
    CHECK(walk(snapshot, {.limit = 1}) == before);
    CHECK(snapshot.list_json().value().json == json);
    CHECK(snapshot.counts().value() == counts);
    CHECK(snapshot.get(id(1)).value()->status == RunStatus::running);
    CHECK(snapshot.get(id(2)).value()->error == "mailbox full");
    CHECK_FALSE(snapshot.get(id(3)).value().has_value());
    CHECK(snapshot.get_json(id(1)).value().find("\"running\"") != std::string::npos);
    CHECK(code_of(snapshot.get_json(id(3))) == Errc::not_found);
    const auto many = snapshot.get_many(std::array{id(3), id(2), id(1), id(2)}).value();
    CHECK_FALSE(many[0].has_value());
    CHECK(many[1]->run_id == id(2));
    CHECK(many[2]->status == RunStatus::running);
    CHECK(many[3] == many[1]);
    const ChangesPage changes = snapshot.changes().value();
    CHECK(changes.newest == sequence);
    CHECK(changes.changes.size() == sequence);
    CHECK(code_of(snapshot.changes({.after = sequence + 1})) == Errc::invalid_argument);
  }
  CHECK(bed.tracker().counts().value() == Counts{.queued = 1});
}

TEMPLATE_TEST_CASE("a snapshot keeps organizations apart", "[api][snapshot][organization]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const Uuid ours = id(1, 0xaa);
  bring(bed.tracker(), id(1), RunStatus::queued, {.organization = ours});
  const Snapshot snapshot = bed.tracker().snapshot().value();
  CHECK_FALSE(snapshot.get(id(1)).value().has_value());
  CHECK(snapshot.get(id(1), {ours}).value().has_value());
  auto foreign = snapshot.get_json(id(1));
  auto absent = snapshot.get_json(id(2));
  REQUIRE(code_of(foreign) == Errc::not_found);
  CHECK(foreign.error().message == absent.error().message);
  CHECK(snapshot.list().value().runs.empty());
  CHECK(snapshot.list({.filter = {.organization_id = ours}}).value().runs.size() == 1);
}

TEMPLATE_TEST_CASE("a snapshot lasts for its age and not a tick longer", "[api][snapshot]",
                   MemoryBed, DirectoryBed) {
  ManualSteadyClock steady;
  TestType bed([&](OpenOptions& options) {
    options.steady_clock = steady;
    options.snapshot_age_max = 10ms;
  });
  bring(bed.tracker(), id(1), RunStatus::failed);
  const Snapshot snapshot = bed.tracker().snapshot().value();
  const std::uint64_t sequence = snapshot.sequence();
  steady.step(10ms - 1ns);
  CHECK(snapshot.list().value().runs.size() == 1);
  steady.step(1ns);
  check_refused(snapshot, Errc::snapshot_expired);
  const auto refused = snapshot.list();
  CHECK(refused.error().applied == Applied::no);
  CHECK(snapshot.sequence() == sequence);
  steady.step(-1h);  // Once it is over it stays so, or lives where nobody ended it.
  CHECK(bed.tracker().snapshot().value().list().value().runs.size() == 1);
}

TEMPLATE_TEST_CASE("the age of snapshots is no concern of the tracker's own calls",
                   "[api][snapshot]", MemoryBed, DirectoryBed) {
  // A machine so slow that between any two looks at the clock more than that age goes by.
  ManualSteadyClock steady;
  TestType bed([&](OpenOptions& options) {
    options.snapshot_age_max = kSnapshotAgeMin;
    options.steady_clock = [steady]() mutable {
      steady.step(1s);
      return steady();
    };
  });
  for (std::uint64_t i = 0; i < 20; ++i) bring(bed.tracker(), id(i), RunStatus::failed);
  CHECK(walk(bed.tracker(), {.limit = 3}).size() == 20);
  CHECK(bed.tracker().list_json().value().count == 20);
  CHECK(bed.tracker().counts().value().failed == 20);
  CHECK(bed.tracker().changes().value().changes.size() == 40);
  CHECK(
      bed.tracker().purge({.completed_before = Instant::max(), .dry_run = true}).value().removed ==
      20);
  CHECK(bed.tracker().bulk({}).value().matched == 0);
  CHECK(bed.tracker().orphans().value().runs.empty());
  CHECK(bed.tracker().erase_profile({.profile_id = test::kProfile}).value().runs == 20);
  check_refused(bed.tracker().snapshot().value(), Errc::snapshot_expired);
}

TEMPLATE_TEST_CASE("a snapshot is closed with its tracker", "[api][snapshot][handle]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::queued);
  const Snapshot snapshot = bed.tracker().snapshot().value();
  REQUIRE(ok(snapshot.list()));
  REQUIRE(ok(bed.tracker().close()));
  check_refused(snapshot, Errc::closed);
  CHECK(code_of(bed.tracker().snapshot()) == Errc::closed);
}

TEMPLATE_TEST_CASE("a snapshot that was moved from is closed, the other one goes on",
                   "[api][snapshot][handle]", MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::queued);
  Snapshot snapshot = bed.tracker().snapshot().value();
  Snapshot moved = std::move(snapshot);
  check_refused(snapshot, Errc::closed);
  CHECK(snapshot.sequence() == 0);
  CHECK(moved.counts().value().queued == 1);
  bring(bed.tracker(), id(2), RunStatus::queued);
  moved = bed.tracker().snapshot().value();
  CHECK(moved.counts().value().queued == 2);
}

TEMPLATE_TEST_CASE("a read-only tracker lists, counts and takes snapshots",
                   "[api][snapshot][read_only]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 30; ++i) {
    bring(bed.tracker(), id(i), test::kStatuses[i % 5], {.owner = "me"});
  }
  const std::vector<Run> all = walk(bed.tracker(), {});
  const Counts counts = bed.tracker().counts().value();
  const auto changes = bed.tracker().changes().value();
  bed.reopen(true);
  CHECK(walk(bed.tracker(), {.limit = 7}) == all);
  CHECK(bed.tracker().counts().value() == counts);
  CHECK(bed.tracker().changes().value().changes == changes.changes);
  const Snapshot snapshot = bed.tracker().snapshot().value();
  CHECK(walk(snapshot, {.limit = 7}) == all);
  CHECK(snapshot.counts().value() == counts);
  CHECK(snapshot.sequence() == changes.newest);
}

/// What the feed says of each run up to its end.
std::map<Uuid, Run> replayed(const std::vector<Change>& changes) {
  std::map<Uuid, Run> runs;
  for (const Change& change : changes) {
    if (change.kind == ChangeKind::purged || change.kind == ChangeKind::erased) {
      runs.erase(change.run.run_id);
    } else {
      runs[change.run.run_id] = change.run;
    }
  }
  return runs;
}

void check_agreement(const Snapshot& snapshot) {
  const ChangesPage changes = snapshot.changes({.limit = kChangesLimitMax}).value();
  REQUIRE(changes.changes.size() == snapshot.sequence());
  const std::map<Uuid, Run> runs = replayed(changes.changes);
  const std::vector<Run> listed = walk(snapshot, {.limit = 13});
  REQUIRE(listed.size() == runs.size());
  Counts counts;
  for (const Run& run : listed) {
    REQUIRE(runs.at(run.run_id) == run);
    REQUIRE(snapshot.get(run.run_id).value() == run);
    switch (run.status) {
      case RunStatus::queued:
        ++counts.queued;
        break;
      case RunStatus::running:
        ++counts.running;
        break;
      default:
        ++counts.completed;
    }
  }
  REQUIRE(snapshot.counts().value() == counts);
  REQUIRE(snapshot.counts({.journey_id = test::kJourney}).value() == counts);
}

TEMPLATE_TEST_CASE("list, get, counts and changes of one snapshot agree while others write",
                   "[api][snapshot][concurrency]", MemoryBed, DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.publish_interval = 1ms; });
  std::atomic<bool> enough{false};
  test::Threads threads;
  threads.start([&] {
    for (std::uint64_t i = 1; i < 600 && !enough; ++i) {
      (void)bed.tracker().create(request(id(i))).value();
      (void)bed.tracker().start(id(i / 2)).value();
      (void)bed.tracker().complete(id(i / 3)).value();
      if (i % 50 == 0) {
        (void)bed.tracker().purge({.completed_before = Instant::max(), .limit = 5}).value();
      }
    }
  });
  for (int i = 0; i < 25; ++i) {
    const auto freshness = i % 2 == 0 ? Freshness::latest : Freshness::published;
    check_agreement(bed.tracker().snapshot({.freshness = freshness}).value());
  }
  enough = true;
  threads.join();
  check_agreement(bed.tracker().snapshot().value());
}

TEST_CASE("latest publishes what is pending, published takes what there is",
          "[api][snapshot][freshness]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = 1h; });
  Tracker& tracker = bed.tracker();
  constexpr auto kPublished = Freshness::published;
  bring(tracker, id(1), RunStatus::running);
  CHECK(tracker.list({.freshness = kPublished}).value().runs.empty());
  CHECK(tracker.list_json({.freshness = kPublished}).value().json == "[]");
  CHECK(tracker.counts({.freshness = kPublished}).value().total() == 0);
  CHECK(tracker.changes({.freshness = kPublished}).value().changes.empty());
  const Snapshot before = tracker.snapshot({.freshness = kPublished}).value();
  CHECK(before.sequence() == 0);
  CHECK(tracker.unpublished().value() == 2);

  CHECK(tracker.list().value().runs.size() == 1);
  CHECK(tracker.unpublished().value() == 0);
  CHECK(tracker.list({.freshness = kPublished}).value().runs.size() == 1);
  CHECK(before.list().value().runs.empty());

  take(tracker, test::Step::fail, id(1)).value().require_applied();
  CHECK(tracker.counts({.freshness = kPublished}).value() == Counts{.running = 1});
  CHECK(tracker.counts().value() == Counts{.failed = 1});
  bring(tracker, id(2), RunStatus::queued);
  CHECK(tracker.snapshot().value().sequence() == tracker.get(id(2)).value()->sequence);
  CHECK(tracker.snapshot({.freshness = kPublished}).value().list().value().runs.size() == 2);
}

TEST_CASE("a map that must grow waits for a snapshot no longer than its age",
          "[api][snapshot][map]") {
  ManualSteadyClock steady;
  DirectoryBed bed([&](OpenOptions& options) {
    options.steady_clock = steady;
    options.map_size_start = kMapSizeMin;
    options.publish_interval = 1h;
  });
  Tracker& tracker = bed.tracker();
  bring(tracker, id(0, 1), RunStatus::queued);
  std::optional<Snapshot> snapshot = tracker.snapshot().value();
  const std::uint64_t map_before = tracker.stats().value().map_bytes;
  const std::string text(kErrorTextSizeMax, 'x');
  for (std::uint64_t i = 0; i < 400; ++i) {
    bring(tracker, id(i), RunStatus::failed, {.error = text});
  }
  // More than the map holds: it cannot grow under a reader, and says so.
  const auto soon = std::chrono::steady_clock::now() + 300ms;
  REQUIRE(code_of(tracker.flush({.deadline = soon})) == Errc::busy);
  CHECK(tracker.stats().value().map_bytes == map_before);
  CHECK(snapshot->counts().value().total() == 1);
  // Reads of single runs and commands go on.
  CHECK(tracker.get(id(7)).value()->error == text);
  CHECK(tracker.start(id(0, 1)).value().applied());
  steady.step(10s);
  REQUIRE(ok(tracker.flush()));
  CHECK(tracker.stats().value().map_bytes > map_before);
  check_refused(*snapshot, Errc::snapshot_expired);
  CHECK(tracker.counts().value() == Counts{.running = 1, .failed = 400});
  snapshot.reset();
  CHECK(tracker.stats().value().snapshots == 0);
}

TEST_CASE("128 snapshots of a tracker are alive at once and not one more, and reads go on",
          "[api][snapshot][limits]") {
  ManualSteadyClock steady;
  DirectoryBed bed([&](OpenOptions& options) { options.steady_clock = steady; });
  bring(bed.tracker(), id(1), RunStatus::queued);
  bed.reopen(GENERATE(false, true));
  Tracker& tracker = bed.tracker();
  std::vector<Snapshot> snapshots;
  while (snapshots.size() < kSnapshotsMax) snapshots.push_back(tracker.snapshot().value());
  CHECK(tracker.stats().value().snapshots == kSnapshotsMax);
  auto refused = tracker.snapshot();
  REQUIRE(code_of(refused) == Errc::readers_full);
  CHECK(refused.error().retry_safe);
  CHECK(tracker.counts().value().queued == 1);
  CHECK(tracker.get(id(1)).value().has_value());
  snapshots.pop_back();
  snapshots.push_back(tracker.snapshot().value());
  CHECK(snapshots.back().counts().value().queued == 1);
  // Those past their age take nobody's place, whether anybody looked at them since or not.
  steady.step(10s);
  for (std::size_t i = 0; i < kSnapshotsMax; ++i) {
    snapshots.push_back(tracker.snapshot().value());
  }
  CHECK(tracker.stats().value().snapshots == kSnapshotsMax);
  CHECK(snapshots.back().counts().value().queued == 1);
  check_refused(snapshots.front(), Errc::snapshot_expired);
  snapshots.clear();
  CHECK(tracker.stats().value().snapshots == 0);
}

TEST_CASE("a forgotten snapshot that is past its age keeps nothing from a process that only reads",
          "[api][snapshot][read_only]") {
  ManualSteadyClock steady;
  DirectoryBed bed([&](OpenOptions& options) { options.steady_clock = steady; });
  bring(bed.tracker(), id(1), RunStatus::queued);
  bed.reopen(true);
  const Snapshot forgotten = bed.tracker().snapshot().value();
  CHECK(bed.tracker().stats().value().oldest_reader_pid != 0);
  steady.step(10s);
  CHECK(bed.tracker().counts().value().queued == 1);
  CHECK(bed.tracker().stats().value().oldest_reader_pid == 0);
  check_refused(forgotten, Errc::snapshot_expired);
}

}  // namespace
}  // namespace milepost
