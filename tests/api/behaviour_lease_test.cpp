// SPDX-License-Identifier: Apache-2.0
//
// Who runs a run: fencing tokens, adoption, leases and heartbeats, and what a restart leaves to be
// found.
#include <algorithm>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::at;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;
using test::request;

/// A bed whose leases run on a clock that stands still.
template <typename Bed>
class LeaseBed : public Bed {
 public:
  using Time = std::chrono::steady_clock::time_point;

  LeaseBed() : LeaseBed(std::make_shared<Time>(hours(1))) {}
  void step(milliseconds by) { *now_ += by; }

 private:
  explicit LeaseBed(const std::shared_ptr<Time>& now)
      : Bed([now](OpenOptions& options) { options.steady_clock = [now] { return *now; }; }),
        now_(now) {}
  std::shared_ptr<Time> now_;
};

/// A running run of an owner with a lease.
void start_leased(Tracker& tracker, std::uint64_t run, milliseconds lease,
                  std::string_view owner = "a") {
  tracker.create(request(id(run))).value().require_applied();
  tracker.start(id(run), {.owner = owner, .lease = lease}).value().require_applied();
}

std::vector<Uuid> expired(Tracker& tracker, std::size_t limit = 100) {
  std::vector<Uuid> runs;
  for (const Run& run : tracker.expired({.limit = limit}).value()) runs.push_back(run.run_id);
  return runs;
}

using Ids = std::vector<Uuid>;

TEMPLATE_TEST_CASE("an adopted run stays running, under a new owner with a larger token",
                   "[api][adopt]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running, {.owner = "a"});
  const Run before = tracker.get(id(1)).value().value();
  bed.clock.step(milliseconds(500));
  const Outcome adopted = tracker.adopt(id(1), {.owner = "b"}).value();
  REQUIRE(adopted.kind == OutcomeKind::applied);
  CHECK(adopted.run.status == RunStatus::running);
  CHECK(adopted.run.owner == "b");
  CHECK(adopted.run.fencing_token == before.fencing_token + 1);
  CHECK(adopted.run.started_at == before.started_at);
  CHECK(adopted.run.sequence == before.sequence + 1);
  CHECK(tracker.get(id(1)).value() == adopted.run);
}

TEMPLATE_TEST_CASE("whoever lost the run gets conflict for each step, whoever has it does not",
                   "[api][adopt]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const test::Step step : {test::Step::complete, test::Step::fail, test::Step::exit}) {
    const Uuid run = id(++number);
    test::bring(tracker, run, RunStatus::running, {.owner = "a"});
    const Run adopted = tracker.adopt(run, {.owner = "b", .fencing_token = 1}).value().run;
    for (const test::With& stale :
         {test::With{.token = 1}, test::With{.owner = "a"}, test::With{.owner = "b", .token = 1},
          test::With{.owner = "a", .token = 2}}) {
      const Outcome told = test::take(tracker, step, run, stale).value();
      CHECK(told.kind == OutcomeKind::conflict);
      CHECK(told.run == adopted);
    }
    CHECK(tracker.heartbeat(run, milliseconds(50), {.fencing_token = 1}).value().kind ==
          OutcomeKind::conflict);
    CHECK(test::take(tracker, step, run, {.owner = "b", .token = 2}).value().applied());
  }
}

TEMPLATE_TEST_CASE(
    "an adopt that names a token is safe to repeat, and only one of two rivals gets it",
    "[api][adopt]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  test::bring(tracker, id(1), RunStatus::running, {.owner = "a"});
  const AdoptOptions mine{.owner = "b", .fencing_token = 1};
  const Outcome first = tracker.adopt(id(1), mine).value();
  CHECK(first.kind == OutcomeKind::applied);
  const Outcome repeat = tracker.adopt(id(1), mine).value();
  CHECK(repeat.kind == OutcomeKind::unchanged);
  CHECK(repeat.run == first.run);
  CHECK(tracker.adopt(id(1), {.owner = "c", .fencing_token = 1}).value().kind ==
        OutcomeKind::conflict);
  // Without a token each adopt takes it anew.
  CHECK(tracker.adopt(id(1), {.owner = "b"}).value().run.fencing_token == 3);
}

TEMPLATE_TEST_CASE("only a running run of the organization can be adopted", "[api][adopt]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) {
    if (status == RunStatus::running) continue;
    const Uuid run = id(++number);
    test::bring(tracker, run, status);
    const auto before = tracker.get(run).value();
    CHECK(tracker.adopt(run, {.owner = "b"}).value().kind == OutcomeKind::illegal);
    CHECK(tracker.get(run).value() == before);
  }
  CHECK(tracker.adopt(id(99)).value().kind == OutcomeKind::not_found);
  test::bring(tracker, id(50), RunStatus::running, {.organization = id(7)});
  CHECK(tracker.adopt(id(50)).value().kind == OutcomeKind::not_found);
  CHECK(tracker.adopt(id(50), {.organization_id = id(7)}).value().applied());
  const std::string long_owner(kOwnerSizeMax + 1, 'o');
  CHECK(code_of(tracker.adopt(id(50), {.owner = long_owner})) == Errc::invalid_argument);
}

TEMPLATE_TEST_CASE(
    "a lease runs out, whatever the age of the run, and only then may others take it",
    "[api][lease]", MemoryBed, DirectoryBed) {
  LeaseBed<TestType> bed;
  Tracker& tracker = bed.tracker();
  start_leased(tracker, 1, milliseconds(50));
  test::bring(tracker, id(2), RunStatus::running);  // no lease: never
  CHECK(expired(tracker).empty());
  CHECK(tracker.adopt(id(1), {.owner = "b", .only_if_expired = true}).value().kind ==
        OutcomeKind::conflict);
  CHECK(tracker.fail(id(1), "silent", {.only_if_expired = true}).value().kind ==
        OutcomeKind::conflict);
  bed.step(milliseconds(50));
  bed.clock.step(hours(24 * 365));
  CHECK(expired(tracker) == Ids{id(1)});
  CHECK(tracker.adopt(id(2), {.owner = "b", .only_if_expired = true}).value().kind ==
        OutcomeKind::conflict);
  const Outcome taken =
      tracker.adopt(id(1), {.owner = "b", .lease = milliseconds(20), .only_if_expired = true})
          .value();
  CHECK(taken.applied());
  CHECK(expired(tracker).empty());
  bed.step(milliseconds(20));
  CHECK(expired(tracker) == Ids{id(1)});
  CHECK(tracker.fail(id(1), "silent", {.only_if_expired = true}).value().applied());
  CHECK(expired(tracker).empty());
}

TEMPLATE_TEST_CASE("a heartbeat renews the lease and leaves no trace", "[api][lease]", MemoryBed,
                   DirectoryBed) {
  LeaseBed<TestType> bed;
  Tracker& tracker = bed.tracker();
  start_leased(tracker, 1, milliseconds(50));
  const Run before = tracker.get(id(1)).value().value();
  for (int beat = 0; beat < 5; ++beat) {
    bed.step(milliseconds(49));
    bed.clock.step(milliseconds(49));
    const Outcome told =
        tracker.heartbeat(id(1), milliseconds(50), {.owner = "a", .fencing_token = 1}).value();
    CHECK(told.kind == OutcomeKind::applied);
    CHECK(told.run == before);
  }
  CHECK(expired(tracker).empty());
  CHECK(tracker.get(id(1)).value() == before);
  CHECK(tracker.changes().value().newest == 2);
  // Late, but before anybody took the run: it has its lease again.
  bed.step(milliseconds(500));
  CHECK(expired(tracker) == Ids{id(1)});
  CHECK(tracker.heartbeat(id(1), milliseconds(50)).value().applied());
  CHECK(expired(tracker).empty());
  // It can give a lease to a run that has none.
  test::bring(tracker, id(2), RunStatus::running);
  CHECK(tracker.heartbeat(id(2), milliseconds(10)).value().applied());
  bed.step(milliseconds(10));
  CHECK(expired(tracker) == Ids{id(2)});
}

TEMPLATE_TEST_CASE("a late heartbeat on a run that ended changes nothing", "[api][lease]",
                   MemoryBed, DirectoryBed) {
  LeaseBed<TestType> bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const RunStatus status :
       {RunStatus::queued, RunStatus::completed, RunStatus::failed, RunStatus::exited}) {
    const Uuid run = id(++number);
    test::bring(tracker, run, status);
    const auto before = tracker.get(run).value();
    const Outcome told = tracker.heartbeat(run, milliseconds(50)).value();
    CHECK(told.kind == OutcomeKind::illegal);
    CHECK(told.run == before);
    CHECK(tracker.get(run).value() == before);
  }
  bed.step(hours(1));
  CHECK(expired(tracker).empty());
  CHECK(tracker.heartbeat(id(99), milliseconds(50)).value().kind == OutcomeKind::not_found);
}

TEMPLATE_TEST_CASE("leases are taken from 1 ms to a day and refused beside", "[api][lease][limits]",
                   MemoryBed, DirectoryBed) {
  LeaseBed<TestType> bed;
  Tracker& tracker = bed.tracker();
  tracker.create(request(id(1))).value().require_applied();
  for (const milliseconds lease : {kLeaseMin - milliseconds(1), kLeaseMax + milliseconds(1),
                                   milliseconds(-5), milliseconds::max()}) {
    CHECK(code_of(tracker.start(id(1), {.lease = lease})) == Errc::invalid_argument);
    CHECK(code_of(tracker.adopt(id(1), {.lease = lease})) == Errc::invalid_argument);
    CHECK(code_of(tracker.heartbeat(id(1), lease)) == Errc::invalid_argument);
  }
  CHECK(tracker.get(id(1)).value()->status == RunStatus::queued);
  CHECK(tracker.start(id(1), {.lease = kLeaseMin}).value().applied());
  CHECK(tracker.heartbeat(id(1), kLeaseMax).value().applied());
  CHECK(tracker.adopt(id(1), {.lease = kLeaseMax}).value().applied());
  bed.step(kLeaseMax - milliseconds(1));
  CHECK(expired(tracker).empty());
  bed.step(milliseconds(1));
  CHECK(expired(tracker).size() == 1);
}

TEMPLATE_TEST_CASE("expired runs come longest overdue first, as many as asked for", "[api][lease]",
                   MemoryBed, DirectoryBed) {
  LeaseBed<TestType> bed;
  Tracker& tracker = bed.tracker();
  for (std::uint64_t run = 1; run <= 5; ++run) start_leased(tracker, run, milliseconds(60 - run));
  bed.step(milliseconds(100));
  CHECK(expired(tracker) == Ids{id(5), id(4), id(3), id(2), id(1)});
  CHECK(expired(tracker, 2) == Ids{id(5), id(4)});
  CHECK(code_of(tracker.expired({.limit = 0})) == Errc::invalid_argument);
  CHECK(code_of(tracker.expired({.limit = kListLimitMax + 1})) == Errc::invalid_argument);
  // What ended, by whatever way, is not among them.
  tracker.complete(id(5)).value().require_applied();
  tracker.exit(id(4)).value().require_applied();
  CHECK(expired(tracker) == Ids{id(3), id(2), id(1)});
  REQUIRE(tracker.erase_profile({.profile_id = test::kProfile}).value().runs == 5);
  CHECK(expired(tracker).empty());
  CHECK(tracker.stats().value().leases == 0);
}

// --- orphans ------------------------------------------------------------------------------------

std::vector<Uuid> orphans(Tracker& tracker, std::size_t page_size = 100) {
  std::vector<Uuid> runs;
  OrphansOptions options{.limit = page_size};
  std::string cursor;
  for (;;) {
    options.cursor = cursor;
    const Page page = tracker.orphans(options).value();
    CHECK(page.runs.size() <= page_size);
    for (const Run& run : page.runs) runs.push_back(run.run_id);
    if (page.next.empty()) return runs;
    cursor = page.next;
  }
}

TEMPLATE_TEST_CASE("runs that were running when their process went are orphans of the next",
                   "[api][orphans]", MemoryBed, DirectoryBed) {
  TestType bed;
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) test::bring(bed.tracker(), id(++number), status);
  test::bring(bed.tracker(), id(10), RunStatus::running, {.organization = id(7)});
  CHECK(orphans(bed.tracker()).empty());  // its process is this one
  bed.reopen();
  CHECK(orphans(bed.tracker()) == Ids{id(2), id(10)});
  test::bring(bed.tracker(), id(20), RunStatus::running);
  CHECK(orphans(bed.tracker()) == Ids{id(2), id(10)});
  // They are that for as long as nobody takes them, and one after the other by epoch.
  bed.reopen();
  CHECK(orphans(bed.tracker()) == Ids{id(2), id(10), id(20)});
  CHECK(orphans(bed.tracker(), 1) == Ids{id(2), id(10), id(20)});
  const Outcome adopted = bed.tracker().adopt(id(2), {.owner = "new", .fencing_token = 1}).value();
  CHECK(adopted.run.fencing_token == 2);
  bed.tracker().fail(id(20), "its process is gone").value().require_applied();
  CHECK(orphans(bed.tracker()) == Ids{id(10)});
  // What the old process does late, under its own token, is refused.
  CHECK(bed.tracker().complete(id(2), {.fencing_token = 1}).value().kind == OutcomeKind::conflict);
  CHECK(bed.tracker().complete(id(2), {.owner = "new", .fencing_token = 2}).value().applied());
}

TEMPLATE_TEST_CASE("a running run that was imported is an orphan until it is adopted",
                   "[api][orphans]", MemoryBed, DirectoryBed) {
  TestType bed;
  const std::vector<Command> batch{ImportCommand{.run_id = id(1),
                                                 .journey_id = test::kJourney,
                                                 .profile_id = test::kProfile,
                                                 .status = RunStatus::running,
                                                 .triggered_at = at("2020-01-01T00:00:00Z")}};
  REQUIRE(bed.tracker().apply(batch).value()[0].applied());
  CHECK(orphans(bed.tracker()) == Ids{id(1)});
  bed.tracker().adopt(id(1), {.owner = "me"}).value().require_applied();
  CHECK(orphans(bed.tracker()).empty());
}

TEMPLATE_TEST_CASE("orphans fail in bulk with one reason, in steps, and nobody else does",
                   "[api][orphans]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 1; run <= 25; ++run) {
    test::bring(bed.tracker(), id(run), run % 5 == 0 ? RunStatus::queued : RunStatus::running,
                {.organization = run % 2 == 0 ? Uuid{} : id(7)});
  }
  bed.reopen();
  test::bring(bed.tracker(), id(100), RunStatus::running);
  bed.tracker().adopt(id(2), {.owner = "me"}).value().require_applied();
  std::uint64_t failed = 0;
  int steps = 0;
  for (bool more = true; more; ++steps) {
    const auto step = bed.tracker().fail_orphans({.error = "the host went down", .limit = 6});
    REQUIRE(ok(step));
    CHECK(step->failed <= 6);
    failed += step->failed;
    more = step->more;
  }
  CHECK(failed == 19);
  CHECK(steps == 4);
  CHECK(orphans(bed.tracker()).empty());
  CHECK(bed.tracker().fail_orphans({.error = "again"}).value().failed == 0);
  const auto all = bed.tracker().counts().value();
  CHECK(all.failed == 19);
  CHECK(all.running == 2);
  CHECK(all.queued == 5);
  CHECK(bed.tracker().get(id(1), {id(7)}).value()->error == "the host went down");
}

TEMPLATE_TEST_CASE("orphans are refused to those who only read, and bad pages to all",
                   "[api][orphans][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  Tracker& tracker = bed.tracker();
  for (const std::size_t limit : {std::size_t{0}, kListLimitMax + 1}) {
    CHECK(code_of(tracker.orphans({.limit = limit})) == Errc::invalid_argument);
  }
  CHECK(code_of(tracker.fail_orphans({.limit = 0})) == Errc::invalid_argument);
  CHECK(code_of(tracker.fail_orphans({.limit = kRemoveLimitMax + 1})) == Errc::invalid_argument);
  CHECK(code_of(tracker.orphans({.cursor = "no cursor"})) == Errc::invalid_argument);
  bed.reopen(true);
  CHECK(code_of(bed.tracker().orphans()) == Errc::read_only);
  CHECK(code_of(bed.tracker().fail_orphans({.error = "x"})) == Errc::read_only);
  CHECK(code_of(bed.tracker().expired()) == Errc::read_only);
  CHECK(code_of(bed.tracker().adopt(id(1))) == Errc::read_only);
  CHECK(code_of(bed.tracker().heartbeat(id(1), milliseconds(5))) == Errc::read_only);
}

TEST_CASE("opening tells the log how many orphans there are, and nothing if there are none",
          "[api][orphans][log]") {
  std::vector<std::string> logged;
  DirectoryBed bed([&](OpenOptions& options) {
    options.log = [&](LogLevel level, std::string_view text) {
      if (level >= LogLevel::warning) logged.emplace_back(text);
    };
  });
  CHECK(logged.empty());
  for (std::uint64_t run = 1; run <= 3; ++run) {
    test::bring(bed.tracker(), id(run), RunStatus::running);
  }
  bed.reopen();
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].find("3 runs") == 0);
  bed.tracker().fail_orphans({.error = "gone"}).value();
  bed.reopen();
  CHECK(logged.size() == 1);
}

TEMPLATE_TEST_CASE("leases are their process's: after a restart the runs are orphans",
                   "[api][lease][orphans]", MemoryBed, DirectoryBed) {
  LeaseBed<TestType> bed;
  start_leased(bed.tracker(), 1, milliseconds(50));
  bed.reopen();
  bed.step(hours(1));
  CHECK(expired(bed.tracker()).empty());
  CHECK(orphans(bed.tracker()) == Ids{id(1)});
  CHECK(bed.tracker().adopt(id(1), {.owner = "b", .only_if_expired = true}).value().kind ==
        OutcomeKind::conflict);
  CHECK(bed.tracker().adopt(id(1), {.owner = "b"}).value().applied());
}

}  // namespace
}  // namespace milepost
