// SPDX-License-Identifier: Apache-2.0
//
// Retention, on any store: what goes, what stays, in steps that can be resumed.
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

const Instant kEnd = at("2100-01-01T00:00:00Z");

/// Purges step by step; yields how many steps and runs it took.
std::pair<int, std::uint64_t> purge_all(Tracker& tracker, PurgeOptions options) {
  std::string cursor;
  std::uint64_t removed = 0;
  for (int steps = 1;; ++steps) {
    options.cursor = cursor;
    const auto step = tracker.purge(options);
    REQUIRE(ok(step));
    REQUIRE(step->removed <= options.limit);
    removed += step->removed;
    cursor = step->next;
    if (cursor.empty()) return {steps, removed};
  }
}

TEMPLATE_TEST_CASE("finished runs go, with everything that told of them; live ones stay",
                   "[api][purge]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) test::bring(tracker, id(++number), status);
  CHECK(tracker.purge({.completed_before = kEnd}).value().removed == 3);
  for (std::uint64_t run = 1; run <= number; ++run) {
    const bool live = run <= 2;
    CHECK(tracker.get(id(run)).value().has_value() == live);
    if (!live) CHECK(tracker.exit(id(run)).value().kind == OutcomeKind::not_found);
  }
  CHECK(tracker.counts().value() == Counts{.queued = 1, .running = 1});
  CHECK(tracker.counts({.journey_id = test::kJourney}).value().total() == 2);
  CHECK(tracker.list().value().runs.size() == 2);
  CHECK(tracker.list({.filter = {.profile_id = test::kProfile}}).value().runs.size() == 2);
  CHECK(tracker.list({.filter = {.journey_id = test::kJourney}}).value().runs.size() == 2);
  bed.reopen();
  CHECK(bed.tracker().counts().value().total() == 2);
}

TEMPLATE_TEST_CASE("what counts is when a run finished, to the microsecond, not when it was made",
                   "[api][purge]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  // Triggered long ago and finished now; triggered in the future and finished now.
  CreateCommand old = test::request(id(1));
  old.triggered_at = at("1990-01-01T00:00:00Z");
  tracker.create(old).value().require_applied();
  const Instant first = tracker.exit(id(1)).value().run.completed_at.value();
  bed.clock.step(milliseconds(10));
  test::bring(tracker, id(2), RunStatus::failed);
  CHECK(tracker.purge({.completed_before = first}).value().removed == 0);
  CHECK(tracker.purge({.completed_before = at("1990-01-02T00:00:00Z")}).value().removed == 0);
  CHECK(tracker.purge({.completed_before = first + std::chrono::microseconds(1)}).value().removed ==
        1);
  CHECK_FALSE(tracker.get(id(1)).value().has_value());
  CHECK(tracker.get(id(2)).value().has_value());
}

TEMPLATE_TEST_CASE("one organization is purged and the others are not, or all are", "[api][purge]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  for (std::uint64_t run = 1; run <= 12; ++run) {
    test::bring(tracker, id(run), RunStatus::exited,
                {.organization = run % 3 == 0 ? Uuid{} : id(run % 3, 9)});
  }
  CHECK(tracker.purge({.completed_before = kEnd, .organization_id = id(1, 9)}).value().removed ==
        4);
  CHECK(tracker.purge({.completed_before = kEnd, .organization_id = id(5, 9)}).value().removed ==
        0);
  CHECK(tracker.purge({.completed_before = kEnd, .organization_id = Uuid{}}).value().removed == 4);
  CHECK(tracker.counts({.organization_id = id(2, 9)}).value().exited == 4);
  CHECK(tracker.purge({.completed_before = kEnd}).value().removed == 4);
}

TEMPLATE_TEST_CASE("a purge goes in steps of its budget, over organizations, and resumes anywhere",
                   "[api][purge]", MemoryBed, DirectoryBed) {
  for (const std::size_t limit : {1u, 4u, 23u, 24u, 25u}) {
    CAPTURE(limit);
    TestType bed;
    for (std::uint64_t run = 1; run <= 36; ++run) {
      // In each organization some finished too late.
      if (run == 25) bed.clock.step(hours(1));
      test::bring(bed.tracker(), id(run), RunStatus::exited,
                  {.organization = run % 3 == 0 ? Uuid{} : id(run % 3, 9)});
    }
    const PurgeOptions options{.completed_before = bed.clock(), .limit = limit};
    PurgeOptions dry = options;
    dry.dry_run = true;
    CHECK(purge_all(bed.tracker(), dry).second == 24);
    CHECK(bed.tracker().counts().value().total() == 36);
    // A step, a restart, the rest.
    PurgeOptions rest = options;
    auto step = bed.tracker().purge(options).value();
    std::uint64_t removed = step.removed;
    bed.reopen();
    const std::string cursor = step.next;
    if (!cursor.empty()) {
      rest.cursor = cursor;
      step = bed.tracker().purge(rest).value();
      removed += step.removed;
    }
    // From the beginning is as good: what went is gone.
    removed += purge_all(bed.tracker(), options).second;
    CHECK(removed == 24);
    CHECK(bed.tracker().counts().value().exited == 12);
  }
}

TEMPLATE_TEST_CASE("limits and cursors of a purge that make no sense are refused",
                   "[api][purge][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  for (std::uint64_t run = 1; run <= 3; ++run) test::bring(tracker, id(run), RunStatus::exited);
  CHECK(code_of(tracker.purge({.completed_before = kEnd, .limit = 0})) == Errc::invalid_argument);
  CHECK(code_of(tracker.purge({.completed_before = kEnd, .limit = kRemoveLimitMax + 1})) ==
        Errc::invalid_argument);
  CHECK(code_of(tracker.purge({.completed_before = kEnd, .cursor = "x"})) ==
        Errc::invalid_argument);
  const std::string cursor =
      tracker.purge({.completed_before = kEnd, .limit = 1, .dry_run = true}).value().next;
  REQUIRE_FALSE(cursor.empty());
  // Another question.
  CHECK(code_of(tracker.purge({.completed_before = at("2050-01-01T00:00:00Z"),
                               .cursor = cursor})) == Errc::invalid_argument);
  CHECK(code_of(tracker.purge(
            {.completed_before = kEnd, .organization_id = Uuid{}, .cursor = cursor})) ==
        Errc::invalid_argument);
  CHECK(tracker.counts().value().total() == 3);
  CHECK(tracker.purge({.completed_before = kEnd, .limit = kRemoveLimitMax}).value().removed == 3);
  bed.reopen(true);
  CHECK(code_of(bed.tracker().purge({.completed_before = kEnd})) == Errc::read_only);
}

TEMPLATE_TEST_CASE("nothing is purged unasked", "[api][purge]", MemoryBed, DirectoryBed) {
  TestType bed;
  test::bring(bed.tracker(), id(1), RunStatus::exited);
  bed.clock.step(hours(24 * 365 * 50));
  bed.reopen();
  test::bring(bed.tracker(), id(2), RunStatus::exited);
  CHECK(bed.tracker().counts().value().exited == 2);
}

TEMPLATE_TEST_CASE("a purged run's id may be used again, and it is another run then",
                   "[api][purge]", MemoryBed, DirectoryBed) {
  for (const bool flushed : {true, false}) {
    TestType bed;
    test::bring(bed.tracker(), id(1), RunStatus::exited);
    REQUIRE(bed.tracker().purge({.completed_before = kEnd}).value().removed == 1);
    if (flushed) REQUIRE(ok(bed.tracker().flush()));
    CreateCommand other = test::request(id(1), id(7, 7));
    other.profile_id = id(9);
    CHECK(bed.tracker().create(other).value().kind == OutcomeKind::created);
    bed.reopen();
    CHECK_FALSE(bed.tracker().get(id(1)).value().has_value());
    CHECK(bed.tracker().get(id(1), {id(7, 7)}).value()->status == RunStatus::queued);
    CHECK(bed.tracker().list({.filter = {.profile_id = test::kProfile}}).value().runs.empty());
  }
}

TEST_CASE("many organizations without anything to purge do not make one step long",
          "[api][purge]") {
  DirectoryBed bed;
  Tracker& tracker = bed.tracker();
  constexpr std::uint64_t kOrganizations = kListScanMax + 50;
  std::vector<Command> batch;
  for (std::uint64_t i = 0; i < kOrganizations; ++i) {
    batch.emplace_back(ImportCommand{.run_id = id(i),
                                     .journey_id = test::kJourney,
                                     .profile_id = test::kProfile,
                                     .organization_id = id(i, 9),
                                     .status = RunStatus::exited,
                                     .triggered_at = at("2020-01-01T00:00:00Z"),
                                     // The last one alone is old enough.
                                     .completed_at = i + 1 == kOrganizations
                                                         ? at("2021-01-01T00:00:00Z")
                                                         : at("2023-01-01T00:00:00Z")});
    if (batch.size() < 1'000 && i + 1 < kOrganizations) continue;
    for (const Outcome& outcome : tracker.apply(batch).value()) outcome.require_applied();
    batch.clear();
  }
  const PurgeOptions options{.completed_before = at("2022-01-01T00:00:00Z")};
  const auto first = tracker.purge(options).value();
  CHECK(first.removed == 0);
  REQUIRE_FALSE(first.next.empty());
  CHECK(purge_all(tracker, options) == std::pair<int, std::uint64_t>{2, 1});
}

}  // namespace
}  // namespace milepost
