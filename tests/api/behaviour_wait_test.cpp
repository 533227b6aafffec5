// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a run to end, on any store: by each way of ending, of being removed, and of not
// coming to an end in time.
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
using test::Step;
using test::Threads;

/// A thread that waits for a run, asleep when the constructor returns.
class Waiter {
 public:
  Waiter(Tracker& tracker, const Uuid& run, const WaitOptions& options = {}) {
    threads_.start([&tracker, run, options, this] {
      result_ = tracker.wait(run, options);
      over = true;
    });
    threads_.wait_until_asleep();
  }
  Result<Run> join() {
    threads_.join();
    return result_;
  }
  void asleep() { threads_.wait_until_asleep(); }

  std::atomic<bool> over{false};

 private:
  Result<Run> result_ = Error{};
  Threads threads_;
};

const WaitOptions kForever{.deadline = Deadline::max()};

TEMPLATE_TEST_CASE("a waiter gets the run as the command that ended it left it", "[api][wait]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const Step step : {Step::complete, Step::fail, Step::exit}) {
    const Uuid run = id(++number);
    test::bring(tracker, run, RunStatus::queued);
    Waiter waiter(tracker, run, kForever);
    tracker.start(run).value().require_applied();
    waiter.asleep();
    CHECK_FALSE(waiter.over);  // running is no end
    tracker.adopt(run, {.owner = "b"}).value().require_applied();
    waiter.asleep();
    CHECK_FALSE(waiter.over);
    const Outcome ended = test::take(tracker, step, run).value();
    CHECK(waiter.join().value() == ended.run);
    // And once more, without a wait.
    CHECK(tracker.wait(run, {.deadline = Deadline::min()}).value() == ended.run);
  }
}

TEMPLATE_TEST_CASE("many wait for one run and one for each of many", "[api][wait]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::vector<std::unique_ptr<Waiter>> waiters;
  for (std::uint64_t run = 0; run < 6; ++run) {
    test::bring(tracker, id(run), RunStatus::running);
    waiters.push_back(std::make_unique<Waiter>(tracker, id(run), kForever));
    waiters.push_back(std::make_unique<Waiter>(tracker, id(run), kForever));
  }
  std::vector<Command> batch;
  for (std::uint64_t run = 0; run < 6; ++run) batch.emplace_back(ExitCommand{.run_id = id(run)});
  (void)tracker.apply(batch).value();
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    CHECK(waiters[i]->join().value().run_id == id(i / 2));
  }
}

TEMPLATE_TEST_CASE("a run that is not there, or another organization's, is not waited for",
                   "[api][wait]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running, {.organization = id(7)});
  test::bring(tracker, id(2), RunStatus::exited, {.organization = id(7)});
  const auto absent = tracker.wait(id(9), kForever);
  REQUIRE(code_of(absent) == Errc::not_found);
  for (const Uuid& run : {id(1), id(2)}) {
    const auto foreign = tracker.wait(run, kForever);
    REQUIRE(code_of(foreign) == Errc::not_found);
    CHECK(foreign.error().message == absent.error().message);
  }
  CHECK(tracker.wait(id(2), {.organization_id = id(7)}).value().status == RunStatus::exited);
}

TEMPLATE_TEST_CASE("a run that is removed while somebody waits is not_found to them", "[api][wait]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running);
  Waiter waiter(tracker, id(1), kForever);
  REQUIRE(tracker.erase_profile({.profile_id = test::kProfile}).value().runs == 1);
  CHECK(code_of(waiter.join()) == Errc::not_found);
}

TEMPLATE_TEST_CASE("at the deadline a waiter is told busy, and nothing happened", "[api][wait]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running);
  CHECK(code_of(tracker.wait(id(1), {.deadline = Deadline::min()})) == Errc::busy);
  const auto refused = tracker.wait(id(1), {.deadline = steady_clock::now() + milliseconds(5)});
  CHECK(code_of(refused) == Errc::busy);
  CHECK(tracker.get(id(1)).value()->status == RunStatus::running);
}

TEMPLATE_TEST_CASE("a waiter without a deadline waits for wait_max", "[api][wait]", MemoryBed,
                   DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.wait_max = milliseconds(5); });
  test::bring(bed.tracker(), id(1), RunStatus::running);
  CHECK(code_of(bed.tracker().wait(id(1))) == Errc::busy);
}

TEMPLATE_TEST_CASE("closing ends waits as closed", "[api][wait]", MemoryBed, DirectoryBed) {
  TestType bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  Waiter one(bed.tracker(), id(1), kForever);
  Waiter other(bed.tracker(), id(1), kForever);
  REQUIRE(ok(bed.tracker().close()));
  CHECK(code_of(one.join()) == Errc::closed);
  CHECK(code_of(other.join()) == Errc::closed);
  CHECK(code_of(bed.tracker().wait(id(1), kForever)) == Errc::closed);
}

TEMPLATE_TEST_CASE("a tracker that only reads waits, too, until it is closed",
                   "[api][wait][read_only]", MemoryBed, DirectoryBed) {
  TestType bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  test::bring(bed.tracker(), id(2), RunStatus::exited);
  bed.reopen(true);
  CHECK(bed.tracker().wait(id(2), kForever).value().status == RunStatus::exited);
  CHECK(code_of(bed.tracker().wait(id(3), kForever)) == Errc::not_found);
  CHECK(code_of(bed.tracker().wait(id(1), {.deadline = Deadline::min()})) == Errc::busy);
  Waiter one(bed.tracker(), id(1), kForever);
  Waiter other(bed.tracker(), id(1), kForever);
  REQUIRE(ok(bed.tracker().close()));
  CHECK(code_of(one.join()) == Errc::closed);
  CHECK(code_of(other.join()) == Errc::closed);
}

/// A relaxed store whose syncs come when the test wants them, or a minute later.
class RelaxedBed : public DirectoryBed {
 public:
  RelaxedBed()
      : DirectoryBed([](OpenOptions& options) {
          options.durability = Durability::relaxed;
          options.relaxed_delay_max = std::chrono::minutes(2);
          options.publish_interval = std::chrono::minutes(2);
        }) {}
};

TEST_CASE("in relaxed mode a waiter is told of an end only once it is on the disk",
          "[api][wait][relaxed]") {
  RelaxedBed bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running);
  REQUIRE(ok(tracker.flush()));
  Waiter waiter(tracker, id(1), kForever);
  tracker.exit(id(1)).value().require_applied();
  CHECK(tracker.get(id(1)).value()->status == RunStatus::exited);
  waiter.asleep();
  CHECK_FALSE(waiter.over);
  CHECK(code_of(tracker.wait(id(1), {.deadline = Deadline::min()})) == Errc::busy);
  REQUIRE(ok(tracker.flush()));  // syncs
  CHECK(waiter.join().value().status == RunStatus::exited);
}

TEST_CASE("in relaxed mode a removal, too, is told of only once it is on the disk",
          "[api][wait][relaxed]") {
  RelaxedBed bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::exited);
  const std::uint64_t end = tracker.get(id(1)).value()->sequence;
  REQUIRE(ok(tracker.flush()));
  REQUIRE(tracker.purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed == 1);
  const auto stats = tracker.stats().value();
  REQUIRE(stats.sequence == end + 1);
  REQUIRE(stats.sequence_synced == end);
  CHECK_FALSE(tracker.get(id(1)).value().has_value());
  CHECK(code_of(tracker.wait(id(1), {.deadline = Deadline::min()})) == Errc::busy);
  Waiter waiter(tracker, id(1), kForever);
  CHECK_FALSE(waiter.over);
  REQUIRE(ok(tracker.flush()));
  CHECK(code_of(waiter.join()) == Errc::not_found);
}

TEST_CASE("in relaxed mode the feed holds nothing that is not on the disk",
          "[api][feed][relaxed]") {
  RelaxedBed bed;
  Tracker& tracker = bed.tracker();
  auto feed = tracker.subscribe().value();
  tracker.create(request(id(1))).value().require_applied();
  CHECK(code_of(feed.next(steady_clock::now() + milliseconds(5))) == Errc::busy);
  CHECK(tracker.changes({.freshness = Freshness::published}).value().changes.empty());
  // The latest are synced first.
  CHECK(tracker.changes().value().changes.size() == 1);
  CHECK(tracker.stats().value().sequence_synced == 1);
  CHECK(feed.next(Deadline::max()).value().size() == 1);
}

TEST_CASE("in relaxed mode what is published by itself was synced before", "[api][feed][relaxed]") {
  DirectoryBed bed([](OpenOptions& options) {
    options.durability = Durability::relaxed;
    options.relaxed_delay_max = std::chrono::minutes(2);
    options.publish_interval = milliseconds(1);
  });
  Tracker& tracker = bed.tracker();
  auto feed = tracker.subscribe().value();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    tracker.create(request(id(i))).value().require_applied();
    REQUIRE(feed.next(Deadline::max()).value().size() == 1);
    REQUIRE(tracker.stats().value().sequence_synced == i);
  }
}

}  // namespace
}  // namespace milepost
