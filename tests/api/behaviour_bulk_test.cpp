// SPDX-License-Identifier: Apache-2.0
//
// Stopping a journey, on any store: counted and sampled first, then done in steps that survive a
// restart, to the runs that were meant and to no others.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;

const Uuid kStopped = id(1, 6);

void make(Tracker& tracker, std::uint64_t run, const Uuid& journey, RunStatus status,
          const Uuid& organization = {}) {
  CreateCommand create = test::request(id(run), organization);
  create.journey_id = journey;
  tracker.create(create).value().require_applied();
  if (status == RunStatus::running) {
    tracker.start(id(run), {.organization_id = organization}).value().require_applied();
  }
  if (status == RunStatus::failed) {
    tracker.fail(id(run), "before", {.organization_id = organization}).value().require_applied();
  }
}

struct Total {
  int steps = 0;
  std::uint64_t matched = 0;
  std::uint64_t applied = 0;
};

template <typename Bed>
Total go_on(Bed& bed, BulkOptions options, bool reopen_between = false) {
  Total total;
  std::string cursor;
  for (;;) {
    options.cursor = cursor;
    const auto step = bed.tracker().bulk(options);
    REQUIRE(ok(step));
    REQUIRE(step->matched <= options.limit);
    ++total.steps;
    total.matched += step->matched;
    total.applied += step->applied;
    cursor = step->next;
    if (cursor.empty()) return total;
    if (reopen_between) bed.reopen();
  }
}

TEMPLATE_TEST_CASE("a dry run counts and shows, and changes nothing", "[api][bulk]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 1; run <= 30; ++run) {
    make(bed.tracker(), run, run % 3 == 0 ? id(2, 6) : kStopped,
         run % 2 == 0 ? RunStatus::running : RunStatus::queued);
  }
  const auto before = bed.tracker().changes().value().newest;
  const BulkOptions options{.filter = {.journey_id = kStopped}, .dry_run = true};
  const auto report = bed.tracker().bulk(options).value();
  CHECK(report.matched == 20);
  CHECK(report.applied == 0);
  CHECK(report.next.empty());
  REQUIRE(report.sample.size() == 10);
  for (const Run& run : report.sample) CHECK(run.journey_id == kStopped);
  BulkOptions small = options;
  small.limit = 6;
  CHECK(go_on(bed, small).matched == 20);
  CHECK(bed.tracker().changes().value().newest == before);
}

TEMPLATE_TEST_CASE("runs that match exit or fail, in steps, over restarts", "[api][bulk]",
                   MemoryBed, DirectoryBed) {
  for (const BulkAction action : {BulkAction::exit, BulkAction::fail}) {
    for (const bool reopen : {false, true}) {
      CAPTURE(static_cast<int>(action), reopen);
      TestType bed;
      for (std::uint64_t run = 1; run <= 40; ++run) {
        const RunStatus status = run % 4 == 0   ? RunStatus::failed
                                 : run % 2 == 0 ? RunStatus::running
                                                : RunStatus::queued;
        make(bed.tracker(), run, run % 5 == 0 ? id(2, 6) : kStopped, status);
        bed.clock.step(milliseconds(run % 3));
      }
      const Total total = go_on(bed,
                                {.filter = {.journey_id = kStopped},
                                 .action = action,
                                 .error = "the journey was stopped",
                                 .limit = 7},
                                reopen);
      CHECK(total.matched == 24);
      CHECK(total.applied == 24);
      CHECK(total.steps == 4);
      for (std::uint64_t run = 1; run <= 40; ++run) {
        const Run now = bed.tracker().get(id(run)).value().value();
        if (run % 4 == 0) {
          CHECK(now.error == "before");  // was final
        } else if (run % 5 == 0) {
          CHECK_FALSE(now.completed_at.has_value());  // of another journey
        } else if (action == BulkAction::exit) {
          CHECK(now.status == RunStatus::exited);
        } else {
          CHECK(now.error == "the journey was stopped");
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("the statuses of the filter narrow what is touched", "[api][bulk]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 1; run <= 6; ++run) {
    make(bed.tracker(), run, kStopped, run % 2 == 0 ? RunStatus::running : RunStatus::queued);
  }
  // None of these statuses can be moved: nothing matches, and nothing is touched.
  const StatusSet final{RunStatus::completed, RunStatus::failed, RunStatus::exited};
  for (const StatusSet& statuses : {StatusSet(RunStatus::failed), final}) {
    const auto report = bed.tracker().bulk({.filter = {.statuses = statuses}}).value();
    CHECK(report.matched == 0);
    CHECK(report.applied == 0);
    CHECK(report.next.empty());
  }
  CHECK(bed.tracker().counts().value() == Counts{.queued = 3, .running = 3});
  // By default all that can be.
  CHECK(bed.tracker().bulk({}).value().applied == 6);
  make(bed.tracker(), 7, kStopped, RunStatus::running);
  make(bed.tracker(), 8, kStopped, RunStatus::queued);
  CHECK(bed.tracker().bulk({.filter = {.statuses = RunStatus::queued}}).value().applied == 1);
  CHECK(bed.tracker().get(id(7)).value()->status == RunStatus::running);
  CHECK(bed.tracker()
            .bulk({.filter = {.statuses = {RunStatus::running, RunStatus::exited}}})
            .value()
            .applied == 1);
}

TEMPLATE_TEST_CASE("runs made after the first step are left alone", "[api][bulk]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 1; run <= 10; ++run) {
    make(bed.tracker(), run, kStopped, RunStatus::queued);
  }
  BulkOptions options{.filter = {.journey_id = kStopped}, .limit = 4};
  const auto first = bed.tracker().bulk(options).value();
  // One of them even triggered long ago, one that was triggered in the future.
  CreateCommand late = test::request(id(100));
  late.journey_id = kStopped;
  late.triggered_at = test::at("2100-01-01T00:00:00Z");
  bed.tracker().create(late).value().require_applied();
  make(bed.tracker(), 101, kStopped, RunStatus::queued);
  const std::string cursor = first.next;
  options.cursor = cursor;
  options.limit = 100;
  const auto rest = bed.tracker().bulk(options).value();
  CHECK(first.applied + rest.applied == 10);
  CHECK(bed.tracker().get(id(100)).value()->status == RunStatus::queued);
  CHECK(bed.tracker().get(id(101)).value()->status == RunStatus::queued);
}

TEMPLATE_TEST_CASE("another organization's runs are not touched", "[api][bulk]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  make(bed.tracker(), 1, kStopped, RunStatus::queued);
  make(bed.tracker(), 2, kStopped, RunStatus::queued, id(7));
  CHECK(bed.tracker().bulk({.filter = {.organization_id = id(7)}}).value().applied == 1);
  CHECK(bed.tracker().get(id(1)).value()->status == RunStatus::queued);
  CHECK(bed.tracker().get(id(2), {id(7)}).value()->status == RunStatus::exited);
}

TEMPLATE_TEST_CASE("limits and cursors of a bulk step that make no sense are refused",
                   "[api][bulk][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t run = 1; run <= 3; ++run) {
    make(bed.tracker(), run, kStopped, RunStatus::queued);
  }
  Tracker& tracker = bed.tracker();
  CHECK(code_of(tracker.bulk({.limit = 0})) == Errc::invalid_argument);
  CHECK(code_of(tracker.bulk({.limit = kRemoveLimitMax + 1})) == Errc::invalid_argument);
  CHECK(code_of(tracker.bulk({.cursor = "x"})) == Errc::invalid_argument);
  CHECK(code_of(tracker.bulk({.filter = {.statuses = std::initializer_list<RunStatus>{}}})) ==
        Errc::invalid_argument);
  const BulkOptions options{.action = BulkAction::fail, .error = "a", .limit = 1, .dry_run = true};
  const std::string cursor = tracker.bulk(options).value().next;
  REQUIRE_FALSE(cursor.empty());
  BulkOptions other = options;
  other.cursor = cursor;
  CHECK(ok(tracker.bulk(other)));
  other.error = "b";
  CHECK(code_of(tracker.bulk(other)) == Errc::invalid_argument);
  other = options;
  other.cursor = cursor;
  other.action = BulkAction::exit;
  CHECK(code_of(tracker.bulk(other)) == Errc::invalid_argument);
  other = options;
  other.cursor = cursor;
  other.filter.journey_id = kStopped;
  CHECK(code_of(tracker.bulk(other)) == Errc::invalid_argument);
  CHECK(tracker.counts().value().queued == 3);
  CHECK(tracker.bulk({.limit = kRemoveLimitMax}).value().applied == 3);
  bed.reopen(true);
  CHECK(code_of(bed.tracker().bulk({})) == Errc::read_only);
}

TEMPLATE_TEST_CASE("a bulk failure's reason is cleaned like any other error text", "[api][bulk]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  make(bed.tracker(), 1, kStopped, RunStatus::queued);
  const std::string text = "bad \xff" + std::string(2 * kErrorTextSizeMax, 'x');
  CHECK(bed.tracker().bulk({.action = BulkAction::fail, .error = text}).value().applied == 1);
  const Run run = bed.tracker().get(id(1)).value().value();
  CHECK(run.error->substr(0, 7) == "bad \xef\xbf\xbd");
  CHECK(run.error->size() <= kErrorTextSizeMax);
}

TEST_CASE("a bulk step over many pages of one profile ends at its deadline and can be resumed",
          "[api][bulk]") {
  DirectoryBed bed;
  Tracker& tracker = bed.tracker();
  std::vector<Command> batch;
  for (std::uint64_t run = 0; run < 25'000; ++run) {
    // Finished ones, which a list by profile has to look through.
    batch.emplace_back(ImportCommand{.run_id = id(run),
                                     .journey_id = kStopped,
                                     .profile_id = test::kProfile,
                                     .status = RunStatus::exited,
                                     .triggered_at = test::at("2020-01-01T00:00:00Z"),
                                     .completed_at = test::at("2021-01-01T00:00:00Z")});
    if (batch.size() < 1'000) continue;
    (void)tracker.apply(batch).value();
    batch.clear();
  }
  make(tracker, 100'000, kStopped, RunStatus::queued);
  REQUIRE(ok(tracker.flush()));
  BulkOptions options{.filter = {.profile_id = test::kProfile}};
  options.deadline = std::chrono::steady_clock::now();
  const auto first = tracker.bulk(options);
  REQUIRE(ok(first));
  REQUIRE_FALSE(first->next.empty());
  options.deadline.reset();
  const std::string cursor = first->next;
  options.cursor = cursor;
  const auto rest = tracker.bulk(options).value();
  CHECK(first->applied + rest.applied == 1);
  CHECK(rest.next.empty());
}

}  // namespace
}  // namespace milepost
