// SPDX-License-Identifier: Apache-2.0
//
// Handles, on any store: closed, moved from, read-only, reopened; and deadlines that do not matter.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;
using test::request;
using test::take;

/// Every command answers `code`.
void check_commands(Tracker& tracker, Errc code) {
  const std::vector<Command> one{request(id(1))};
  CHECK(code_of(tracker.create(request(id(1)))) == code);
  for (const test::Step step : test::kSteps) {
    CHECK(code_of(take(tracker, step, id(1))) == code);
  }
  CHECK(code_of(tracker.apply(one)) == code);
  CHECK(code_of(tracker.apply({})) == code);
  CHECK(code_of(tracker.flush()) == code);
}

void check_reads(Tracker& tracker, Errc code) {
  std::vector<char> buffer(kRunJsonSizeMax);
  CHECK(code_of(tracker.get(id(1))) == code);
  CHECK(code_of(tracker.get_json(id(1))) == code);
  CHECK(code_of(tracker.get_json(id(1), buffer)) == code);
  CHECK(code_of(tracker.get_many(std::array{id(1), id(2)})) == code);
  CHECK(code_of(tracker.unpublished()) == code);
}

TEMPLATE_TEST_CASE("a closed tracker answers closed to everything", "[api][handle]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running);
  REQUIRE(ok(bed.tracker().close()));
  check_commands(bed.tracker(), Errc::closed);
  check_reads(bed.tracker(), Errc::closed);
  CHECK(code_of(bed.tracker().close()) == Errc::closed);
  bed.reopen();
  CHECK(bed.tracker().get(id(1)).value()->status == RunStatus::running);
}

TEMPLATE_TEST_CASE("a tracker that was moved from is closed, the other one goes on",
                   "[api][handle]", MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running);
  Tracker moved = std::move(bed.tracker());
  check_commands(bed.tracker(), Errc::closed);
  check_reads(bed.tracker(), Errc::closed);
  CHECK(code_of(bed.tracker().close()) == Errc::closed);
  CHECK(moved.complete(id(1)).value().applied());
  Tracker target = std::move(moved);
  CHECK(target.get(id(1)).value()->status == RunStatus::completed);
  bed.tracker() = std::move(target);
  CHECK(bed.tracker().get(id(1)).value()->status == RunStatus::completed);
}

TEMPLATE_TEST_CASE("a read-only tracker reads everything and refuses every command",
                   "[api][handle][read_only]", MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running);
  bring(bed.tracker(), id(2), RunStatus::failed);
  const auto runs = bed.tracker().get_many(std::array{id(1), id(2), id(3)}).value();
  const std::string body = bed.tracker().get_json(id(2)).value();
  bed.reopen(true);
  check_commands(bed.tracker(), Errc::read_only);
  CHECK(bed.tracker().get_many(std::array{id(1), id(2), id(3)}).value() == runs);
  CHECK(bed.tracker().get(id(1)).value() == runs[0]);
  CHECK_FALSE(bed.tracker().get(id(3)).value().has_value());
  CHECK(bed.tracker().get_json(id(2)).value() == body);
  CHECK(bed.tracker().unpublished().value() == 0);
  REQUIRE(ok(bed.tracker().close()));
  check_reads(bed.tracker(), Errc::closed);
}

TEMPLATE_TEST_CASE("after flush nothing is unpublished", "[api][handle]", MemoryBed, DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  for (std::uint64_t i = 0; i < 10; ++i) {
    bring(bed.tracker(), id(i), RunStatus::running);
    REQUIRE(ok(bed.tracker().flush()));
    CHECK(bed.tracker().unpublished().value() == 0);
  }
}

TEMPLATE_TEST_CASE("what was acknowledged is there after every reopening", "[api][handle]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::vector<Uuid> runs;
  for (int round = 0; round < 8; ++round) {
    for (const RunStatus status : test::kStatuses) {
      runs.push_back(id(runs.size() + 1));
      bring(bed.tracker(), runs.back(), status, {.owner = "me"});
    }
    const auto before = bed.tracker().get_many(runs).value();
    bed.reopen(round % 3 == 2);
    REQUIRE(bed.tracker().get_many(runs).value() == before);
    if (round % 3 == 2) bed.reopen();
  }
}

TEMPLATE_TEST_CASE("sequences rise by one with each effect, over reopenings too", "[api][handle]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::uint64_t last = 0;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const Run made = bed.tracker().create(request(id(i))).value().run;
    if (last != 0) CHECK(made.sequence == last + 1);
    const Run started = bed.tracker().start(id(i)).value().run;
    CHECK(started.sequence == made.sequence + 1);
    CHECK(bed.tracker().start(id(i)).value().run.sequence == started.sequence);
    last = started.sequence;
    if (i % 5 == 0) bed.reopen();
  }
}

TEMPLATE_TEST_CASE("a deadline bounds waiting: who need not wait is served after it",
                   "[api][deadline]", MemoryBed, DirectoryBed) {
  TestType bed;
  const Deadline past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK(bed.tracker().create(request(id(1)), {past}).value().applied());
  CHECK(take(bed.tracker(), test::Step::start, id(1), {.deadline = past}).value().applied());
  CHECK(take(bed.tracker(), test::Step::fail, id(1), {.deadline = past}).value().applied());
}

}  // namespace
}  // namespace milepost
