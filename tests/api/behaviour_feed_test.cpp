// SPDX-License-Identifier: Apache-2.0
//
// The change feed, on any store: what each effect is called, that a replay gives the table, where
// a reader may begin and is told to begin anew, and subscriptions from their first change to their
// end.
#include <map>
#include <random>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::at;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;
using test::request;
using test::Threads;

using Kinds = std::vector<ChangeKind>;

Kinds kinds_of(const std::vector<Change>& changes) {
  Kinds kinds;
  for (const Change& change : changes) kinds.push_back(change.kind);
  return kinds;
}

std::vector<Change> all_changes(Tracker& tracker) {
  return tracker.changes({.limit = kChangesLimitMax}).value().changes;
}

TEMPLATE_TEST_CASE("each effect is one change, numbered from 1, with the run as it left it",
                   "[api][feed]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::vector<Run> runs;
  const auto keep = [&](const Result<Outcome>& outcome) {
    REQUIRE(ok(outcome));
    REQUIRE(outcome->applied());
    runs.push_back(outcome->run);
  };
  keep(tracker.create(request(id(1))));
  keep(tracker.start(id(1), {.owner = "a"}));
  keep(tracker.adopt(id(1), {.owner = "b"}));
  keep(tracker.complete(id(1)));
  keep(tracker.create(request(id(2))));
  keep(tracker.fail(id(2), "no room"));
  keep(tracker.create(request(id(3))));
  keep(tracker.exit(id(3)));
  const ImportCommand import{.run_id = id(4),
                             .journey_id = test::kJourney,
                             .profile_id = id(4),
                             .status = RunStatus::running,
                             .triggered_at = at("2020-01-01T00:00:00Z")};
  const std::vector<Command> batch{import};
  runs.push_back(tracker.apply(batch).value()[0].run);
  const auto page = tracker.changes().value();
  CHECK(kinds_of(page.changes) ==
        Kinds{ChangeKind::created, ChangeKind::started, ChangeKind::adopted, ChangeKind::completed,
              ChangeKind::created, ChangeKind::failed, ChangeKind::created, ChangeKind::exited,
              ChangeKind::imported});
  REQUIRE(page.changes.size() == runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    CHECK(page.changes[i].sequence == i + 1);
    CHECK(page.changes[i].run == runs[i]);
    CHECK(page.changes[i].run.sequence == i + 1);
  }
  CHECK(page.next == runs.size());
  CHECK(page.newest == runs.size());
  CHECK(page.store_id == tracker.store_id().value());
}

TEMPLATE_TEST_CASE("what changes nothing is no change", "[api][feed]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running, {.owner = "a"});
  const auto before = all_changes(tracker);
  CHECK_FALSE(tracker.create(request(id(1))).value().applied());
  CHECK_FALSE(tracker.start(id(1), {.owner = "a"}).value().applied());
  CHECK_FALSE(tracker.complete(id(1), {.owner = "b"}).value().applied());
  CHECK_FALSE(tracker.exit(id(2)).value().applied());
  CHECK(tracker.heartbeat(id(1), milliseconds(100)).value().applied());
  CHECK(all_changes(tracker) == before);
}

TEMPLATE_TEST_CASE("a removal says which run, an erasure whose, and neither more", "[api][feed]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::exited);
  CreateCommand other = request(id(2), id(7, 7));
  other.profile_id = id(5);
  tracker.create(other).value().require_applied();
  REQUIRE(tracker.purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed == 1);
  REQUIRE(tracker.erase_profile({.profile_id = id(5), .organization_id = id(7, 7)}).value().runs ==
          1);
  const auto changes = all_changes(tracker);
  CHECK(kinds_of(changes) == Kinds{ChangeKind::created, ChangeKind::exited, ChangeKind::blanked,
                                   ChangeKind::purged, ChangeKind::erased,
                                   ChangeKind::profile_erased});
  Run only;
  only.run_id = id(1);
  CHECK(changes[3].run == only);
  only.run_id = id(2);
  CHECK(changes[4].run == only);
  Run whose;
  whose.profile_id = id(5);
  whose.organization_id = id(7, 7);
  CHECK(changes[5].run == whose);
  CHECK(changes[2].run == Run{});
}

TEMPLATE_TEST_CASE("pages of any size, put together, are the feed", "[api][feed]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  for (std::uint64_t run = 0; run < 30; ++run) test::bring(tracker, id(run), RunStatus::failed);
  const auto whole = all_changes(tracker);
  REQUIRE(whole.size() == 60);
  for (const std::size_t limit : {1u, 7u, 59u, 60u, 61u}) {
    CAPTURE(limit);
    std::vector<Change> joined;
    std::uint64_t after = 0;
    for (;;) {
      const auto page = tracker.changes({.after = after, .limit = limit}).value();
      if (page.changes.empty()) {
        CHECK(page.next == after);
        break;
      }
      CHECK(page.changes.size() <= limit);
      joined.insert(joined.end(), page.changes.begin(), page.changes.end());
      after = page.next;
    }
    CHECK(joined == whole);
  }
}

TEMPLATE_TEST_CASE("positions and limits that make no sense are refused", "[api][feed][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running);
  CHECK(code_of(tracker.changes({.limit = 0})) == Errc::invalid_argument);
  CHECK(code_of(tracker.changes({.limit = kChangesLimitMax + 1})) == Errc::invalid_argument);
  CHECK(ok(tracker.changes({.limit = kChangesLimitMax})));
  CHECK(tracker.changes({.after = 2}).value().changes.empty());
  const auto ahead = tracker.changes({.after = 3});
  REQUIRE(code_of(ahead) == Errc::invalid_argument);
  CHECK(ahead.error().subject == "position 3");
  CHECK(code_of(tracker.subscribe({.after = 3})) == Errc::invalid_argument);
  const Uuid mine = tracker.store_id().value();
  CHECK(ok(tracker.changes({.after = 1, .store_id = mine})));
  CHECK(ok(tracker.subscribe({.after = 1, .store_id = mine})));
  CHECK(code_of(tracker.changes({.after = 1, .store_id = id(99)})) == Errc::other_store);
  CHECK(code_of(tracker.subscribe({.after = 1, .store_id = id(99)})) == Errc::other_store);
}

TEMPLATE_TEST_CASE("a feed of retention 0 holds nothing and says so", "[api][feed]", MemoryBed,
                   DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.feed_retention = 0; });
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running);
  CHECK(code_of(tracker.changes()) == Errc::too_old);
  CHECK(code_of(tracker.changes({.after = 1})) == Errc::too_old);
  CHECK(tracker.changes({.after = 2}).value().changes.empty());
  CHECK(code_of(tracker.subscribe({.after = 0})) == Errc::too_old);
}

/// The table as a reader of the feed knows it.
std::map<Uuid, Run> replay(const std::vector<Change>& changes) {
  std::map<Uuid, Run> runs;
  for (const Change& change : changes) {
    switch (change.kind) {
      case ChangeKind::purged:
      case ChangeKind::erased:
        runs.erase(change.run.run_id);
        break;
      case ChangeKind::blanked:
      case ChangeKind::profile_erased:
        break;
      default:
        runs[change.run.run_id] = change.run;
    }
  }
  return runs;
}

TEMPLATE_TEST_CASE("whatever is done, a replay of the feed gives the table", "[api][feed][random]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::mt19937_64 random(test::test_seed("feed replay"));
  constexpr std::uint64_t kRuns = 40;
  const Instant soon = at("2100-01-01T00:00:00Z");
  for (int i = 0; i < 2'000; ++i) {
    Tracker& tracker = bed.tracker();
    const std::uint64_t number = random() % kRuns;
    const Uuid run = id(number);
    bed.clock.step(milliseconds(random() % 3));
    switch (random() % 12) {
      case 0:
        (void)tracker
            .purge({.completed_before = random() % 2 == 0 ? soon : bed.clock(),
                    .limit = 1 + random() % 10})
            .value();
        break;
      case 1:
        if (random() % 8 == 0) (void)tracker.erase_profile({.profile_id = id(number % 5)}).value();
        break;
      case 2:
        if (random() % 16 == 0) bed.reopen();
        break;
      case 3:
        (void)tracker.start(run, {.owner = "a"}).value();
        break;
      case 4:
        (void)tracker.adopt(run, {.owner = "b"}).value();
        break;
      case 5:
        (void)tracker.complete(run).value();
        break;
      case 6:
        (void)tracker.fail(run, "lost").value();
        break;
      case 7: {
        const std::vector<Command> batch{StartCommand{.run_id = run}, ExitCommand{.run_id = run}};
        (void)tracker.apply(batch).value();
        break;
      }
      default: {
        CreateCommand create = request(run);
        create.profile_id = id(number % 5);
        const std::string key = number % 3 == 0 ? "key " + std::to_string(number) : "";
        create.idempotency_key = key;
        (void)tracker.create(create).value();
      }
    }
  }
  const auto snapshot = bed.tracker().snapshot().value();
  std::vector<Change> changes;
  while (changes.size() < snapshot.sequence()) {
    const auto page = snapshot.changes({.after = changes.size(), .limit = 1'000}).value();
    for (const Change& change : page.changes) {
      REQUIRE(change.sequence == changes.size() + 1);
      changes.push_back(change);
    }
  }
  const auto runs = replay(changes);
  for (std::uint64_t number = 0; number < kRuns; ++number) {
    const auto run = snapshot.get(id(number)).value();
    const auto replayed = runs.find(id(number));
    CAPTURE(number);
    REQUIRE(run.has_value() == (replayed != runs.end()));
    if (run) REQUIRE(*run == replayed->second);
  }
}

// --- subscriptions ------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("a subscription begins with what comes, or behind a position",
                   "[api][subscribe]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  tracker.create(request(id(1))).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  auto from_now = tracker.subscribe().value();
  auto from_the_start = tracker.subscribe({.after = 0}).value();
  CHECK(from_now.position() == 1);
  CHECK(from_the_start.position() == 0);
  CHECK(code_of(from_now.next(steady_clock::now())) == Errc::busy);
  tracker.start(id(1)).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  CHECK(kinds_of(from_now.next(Deadline::max()).value()) == Kinds{ChangeKind::started});
  CHECK(from_now.position() == 2);
  CHECK(kinds_of(from_the_start.next(Deadline::max(), 1).value()) == Kinds{ChangeKind::created});
  CHECK(from_the_start.position() == 1);
  CHECK(kinds_of(from_the_start.next(Deadline::max()).value()) == Kinds{ChangeKind::started});
  CHECK(code_of(from_now.next(Deadline::max(), 0)) == Errc::invalid_argument);
  CHECK(code_of(from_now.next(Deadline::max(), kChangesLimitMax + 1)) == Errc::invalid_argument);
}

TEMPLATE_TEST_CASE("a subscription may begin at an answer that is not published yet",
                   "[api][subscribe]", MemoryBed, DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  Tracker& tracker = bed.tracker();
  const std::uint64_t here = tracker.create(request(id(1))).value().run.sequence;
  auto feed = tracker.subscribe({.after = here}).value();
  tracker.exit(id(1)).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  CHECK(kinds_of(feed.next(Deadline::max()).value()) == Kinds{ChangeKind::exited});
}

TEMPLATE_TEST_CASE("run delivers in order on the thread that calls it, until it is told enough",
                   "[api][subscribe]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  auto feed = tracker.subscribe().value();
  std::vector<std::uint64_t> delivered;
  Threads threads;
  Result<void> ended = Error{};
  threads.start([&] {
    const auto self = std::this_thread::get_id();
    ended = feed.run([&](const Change& change) {
      if (std::this_thread::get_id() != self) return false;
      delivered.push_back(change.sequence);
      // It may use the tracker, also to make more changes.
      if (change.kind == ChangeKind::created) {
        (void)tracker.exit(change.run.run_id).value();
      }
      return change.sequence < 20;
    });
  });
  for (std::uint64_t run = 0; run < 10; ++run) {
    tracker.create(request(id(run))).value().require_applied();
  }
  threads.join();
  CHECK(ok(ended));
  REQUIRE(delivered.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(delivered[i] == i + 1);
  CHECK(feed.position() == 20);
}

TEMPLATE_TEST_CASE("stop ends the wait under way and every later one", "[api][subscribe]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  auto feed = bed.tracker().subscribe().value();
  Result<void> ended = Error{};
  Threads threads;
  threads.start([&] { ended = feed.run([](const Change&) { return true; }); });
  threads.wait_until_asleep();
  feed.stop();
  threads.join();
  CHECK(ok(ended));
  CHECK(code_of(feed.next(Deadline::max())) == Errc::cancelled);
  feed.stop();
  CHECK(ok(feed.run([](const Change&) { return true; })));
}

TEMPLATE_TEST_CASE("closing the tracker ends subscriptions as closed", "[api][subscribe]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  auto feed = bed.tracker().subscribe().value();
  Result<void> ended;
  Threads threads;
  threads.start([&] { ended = feed.run([](const Change&) { return true; }); });
  threads.wait_until_asleep();
  REQUIRE(ok(bed.tracker().close()));
  threads.join();
  CHECK(code_of(ended) == Errc::closed);
  CHECK(code_of(feed.next(Deadline::max())) == Errc::closed);
}

TEMPLATE_TEST_CASE("a subscription that was moved from is closed, the other goes on",
                   "[api][subscribe]", MemoryBed, DirectoryBed) {
  TestType bed;
  auto feed = bed.tracker().subscribe().value();
  Subscription other = std::move(feed);
  CHECK(code_of(feed.next(Deadline::max())) == Errc::closed);  // NOLINT: that is what is tested
  CHECK(code_of(feed.run([](const Change&) { return true; })) == Errc::closed);
  feed.stop();
  CHECK(feed.position() == 0);
  bed.tracker().create(request(id(1))).value().require_applied();
  CHECK(other.next(Deadline::max()).value().size() == 1);
}

TEMPLATE_TEST_CASE("a callback that throws ends run and loses nothing", "[api][subscribe]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 0; run < 3; ++run) {
    bed.tracker().create(request(id(run))).value().require_applied();
  }
  auto feed = bed.tracker().subscribe({.after = 0}).value();
  const auto throw_at_2 = [](const Change& change) {
    if (change.sequence == 2) throw std::runtime_error("the host's");
    return true;
  };
  CHECK_THROWS_AS((void)feed.run(throw_at_2), std::runtime_error);
  CHECK(feed.position() == 1);
  CHECK(feed.next(Deadline::max()).value().front().sequence == 2);
}

TEST_CASE("a subscription that fell behind the retention is too_old and says what to do",
          "[api][subscribe]") {
  DirectoryBed bed([](OpenOptions& options) { options.feed_retention = 10; });
  Tracker& tracker = bed.tracker();
  tracker.create(request(id(0))).value().require_applied();
  auto feed = tracker.subscribe({.after = 0}).value();
  for (std::uint64_t run = 1; run < 40; ++run) {
    tracker.create(request(id(run))).value().require_applied();
    REQUIRE(ok(tracker.flush()));
  }
  const auto refused = feed.next(Deadline::max());
  REQUIRE(code_of(refused) == Errc::too_old);
  CHECK(refused.error().advice.find("snapshot") != std::string::npos);
  CHECK(code_of(feed.run([](const Change&) { return true; })) == Errc::too_old);
  CHECK(code_of(tracker.changes({.after = 20})) == Errc::too_old);
  // What it says helps.
  const auto snapshot = tracker.snapshot().value();
  CHECK(ok(tracker.changes({.after = snapshot.sequence()})));
  CHECK(tracker.changes({.after = 30}).value().changes.size() == 10);
  CHECK(tracker.stats().value().feed_first == 31);
}

TEST_CASE("a feed position outlives the tracker that gave it", "[api][feed]") {
  DirectoryBed bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  const auto page = bed.tracker().changes({.limit = 1}).value();
  bed.reopen();
  bed.tracker().exit(id(1)).value().require_applied();
  const auto rest = bed.tracker().changes({.after = page.next, .store_id = page.store_id}).value();
  CHECK(kinds_of(rest.changes) == Kinds{ChangeKind::started, ChangeKind::exited});
}

TEST_CASE("published changes come without waiting, the latest are published first", "[api][feed]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  Tracker& tracker = bed.tracker();
  tracker.create(request(id(1))).value().require_applied();
  CHECK(tracker.changes({.freshness = Freshness::published}).value().changes.empty());
  CHECK(tracker.changes().value().changes.size() == 1);
  CHECK(tracker.changes({.freshness = Freshness::published}).value().changes.size() == 1);
}

TEST_CASE("a retention that is switched off and on leaves no gap that could be read over",
          "[api][feed]") {
  DirectoryBed bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  bed.options().feed_retention = 0;
  bed.reopen();
  test::bring(bed.tracker(), id(2), RunStatus::running);
  CHECK(code_of(bed.tracker().changes({.after = 1})) == Errc::too_old);
  CHECK(bed.tracker().stats().value().feed_first == 0);
  bed.options().feed_retention = 1'000;
  bed.reopen();
  test::bring(bed.tracker(), id(3), RunStatus::running);
  CHECK(code_of(bed.tracker().changes({.after = 0})) == Errc::too_old);
  CHECK(code_of(bed.tracker().changes({.after = 3})) == Errc::too_old);
  CHECK(bed.tracker().changes({.after = 4}).value().changes.size() == 2);
  CHECK(bed.tracker().stats().value().feed_first == 5);
}

}  // namespace
}  // namespace milepost
