// SPDX-License-Identifier: Apache-2.0
//
// What a tracker does, on any store: the flow a host writes, every cell of the state table,
// requests and their fingerprints, organizations, owners, and time.
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
using test::Step;
using test::take;
using test::With;

constexpr auto A = OutcomeKind::applied;
constexpr auto U = OutcomeKind::unchanged;
constexpr auto I = OutcomeKind::illegal;
constexpr auto C = OutcomeKind::conflict;
constexpr auto N = OutcomeKind::not_found;

TEMPLATE_TEST_CASE("a host creates, starts and fails a run, and reads the public response",
                   "[api][flow]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  auto created =
      tracker.create({.journey_id = test::kJourney, .profile_id = test::kProfile}).value();
  CHECK(created.applied());
  CHECK(created.run.status == RunStatus::queued);
  const Uuid run = created.run.run_id;
  CHECK(tracker.start(run, {.owner = "worker-7"}).value().applied());
  tracker.fail(run, "mailbox full").value().require_applied();
  CHECK(tracker.get_json(run).value() ==
        "{\"runId\":\"" + to_string(run) +
            "\",\"journeyId\":\"3c90c3cc-0d44-4b50-8888-8dd25736052a\""
            ",\"profileId\":\"11111111-2222-4333-8444-555555555555\",\"status\":\"failed\""
            ",\"triggeredAt\":\"2023-11-07T05:31:56Z\",\"completedAt\":\"2023-11-07T05:31:56Z\""
            ",\"error\":\"mailbox full\"}");
}

TEMPLATE_TEST_CASE("the published example comes out to the byte", "[api][json]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const Uuid same = test::kJourney;
  auto created = bed.tracker().create({.journey_id = same,
                                       .profile_id = same,
                                       .run_id = same,
                                       .triggered_at = test::at("2023-11-07T05:31:56Z")});
  REQUIRE(ok(created));
  const std::string expected =
      R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
      R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
      R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"queued",)"
      R"("triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null})";
  CHECK(bed.tracker().get_json(same).value() == expected);
  bed.reopen();
  CHECK(bed.tracker().get_json(same).value() == expected);
  std::array<char, 512> buffer{};
  const std::size_t size = bed.tracker().get_json(same, buffer).value();
  CHECK(std::string_view(buffer.data(), size) == expected);
}

/// The state table, by hand: a row for each status, a column for start, complete, fail, exit.
struct Row {
  RunStatus from;
  std::array<OutcomeKind, 4> fresh;
  std::array<OutcomeKind, 4> again;        ///< The same command once more, without an owner.
  std::array<OutcomeKind, 4> again_owned;  ///< The same, start having named its owner.
};

constexpr std::array kTable{
    Row{RunStatus::queued, {A, I, A, A}, {C, I, U, U}, {U, I, U, U}},
    Row{RunStatus::running, {C, A, A, A}, {C, U, U, U}, {C, U, U, U}},
    Row{RunStatus::completed, {I, U, I, I}, {I, U, I, I}, {I, U, I, I}},
    Row{RunStatus::failed, {I, I, U, I}, {I, I, U, I}, {I, I, U, I}},
    Row{RunStatus::exited, {I, I, I, U}, {I, I, I, U}, {I, I, I, U}},
};

/// The status a step leads to.
RunStatus target(Step step) {
  constexpr std::array kTargets{RunStatus::running, RunStatus::completed, RunStatus::failed,
                                RunStatus::exited};
  return kTargets[static_cast<std::size_t>(step)];
}

template <typename Bed>
void check_cell(Bed& bed, const Row& row, Step step, std::string_view owner, const Uuid& run) {
  Tracker& tracker = bed.tracker();
  const auto column = static_cast<std::size_t>(step);
  CAPTURE(to_string(row.from), test::name_of(step), owner);
  bring(tracker, run, row.from);
  const Run before = tracker.get(run).value().value();
  bed.clock.step(std::chrono::seconds(1));
  const With with{.owner = step == Step::start ? owner : ""};
  const Outcome first = take(tracker, step, run, with).value();
  CHECK(first.kind == row.fresh[column]);
  CHECK(first.applied() == (row.fresh[column] == A));
  REQUIRE(first.has_run());
  CHECK(first.run.status == (first.applied() ? target(step) : row.from));
  if (!first.applied()) CHECK(first.run == before);
  const Run after = tracker.get(run).value().value();
  CHECK(after == first.run);
  bed.clock.step(std::chrono::seconds(1));
  const Outcome second = take(tracker, step, run, with).value();
  CHECK(second.kind == (owner.empty() ? row.again : row.again_owned)[column]);
  CHECK_FALSE(second.applied());
  CHECK(second.run == after);  // the first outcome stands: its time, its error, its sequence
  CHECK(tracker.get(run).value().value() == after);
}

TEMPLATE_TEST_CASE("every cell of the state table, fresh and as a repeat", "[api][state]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::vector<Uuid> runs;
  for (const std::string_view owner : {"", "worker-7"}) {
    for (const Row& row : kTable) {
      for (const Step step : test::kSteps) {
        runs.push_back(id(runs.size() + 1));
        check_cell(bed, row, step, owner, runs.back());
      }
    }
  }
  const auto before = bed.tracker().get_many(runs).value();
  bed.reopen();
  CHECK(bed.tracker().get_many(runs).value() == before);
}

TEMPLATE_TEST_CASE("a step on a run that is not there is not_found and carries none",
                   "[api][state]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (const Step step : test::kSteps) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Outcome outcome = take(bed.tracker(), step, id(7), {.owner = "me"}).value();
      CHECK(outcome.kind == N);
      CHECK_FALSE(outcome.has_run());
      CHECK(outcome.run == Run{});
      CHECK_FALSE(bed.tracker().get(id(7)).value().has_value());
    }
  }
  CHECK(code_of(bed.tracker().get_json(id(7))) == Errc::not_found);
}

TEMPLATE_TEST_CASE("a repeated fail keeps the first error and time", "[api][state]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running);
  take(bed.tracker(), Step::fail, id(1), {.error = "first"}).value().require_applied();
  const Run first = bed.tracker().get(id(1)).value().value();
  bed.clock.step(std::chrono::hours(1));
  const Outcome again = take(bed.tracker(), Step::fail, id(1), {.error = "second"}).value();
  CHECK(again.kind == U);
  CHECK(again.run == first);
  CHECK(again.run.error == "first");
}

TEMPLATE_TEST_CASE("a create that names no run gets a fresh, larger id every time", "[api][create]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Uuid last{};
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 5) bed.clock.step(std::chrono::seconds(-3));
    const Outcome made =
        bed.tracker().create({.journey_id = test::kJourney, .profile_id = test::kProfile}).value();
    CHECK(made.kind == OutcomeKind::created);
    CHECK(last < made.run.run_id);
    CHECK(made.run.run_id.data[6] >> 4 == 7);
    CHECK(made.run.run_id.data[8] >> 6 == 2);
    last = made.run.run_id;
  }
}

TEMPLATE_TEST_CASE("any id of the pattern can be a run's, nil and max too", "[api][create]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const std::array ids{Uuid{}, parse_uuid("ffffffff-ffff-ffff-ffff-ffffffffffff").value(),
                       parse_uuid("00000000-0000-1000-8000-000000000000").value()};
  for (const Uuid& run : ids) {
    CHECK(bed.tracker().create(request(run)).value().kind == OutcomeKind::created);
    CHECK(bed.tracker().create(request(run)).value().kind == U);
    CHECK(bed.tracker().start(run).value().kind == A);
  }
  // Nothing is greater than the max id; fresh ones must still be found new.
  const Outcome fresh =
      bed.tracker().create({.journey_id = test::kJourney, .profile_id = test::kProfile}).value();
  CHECK(fresh.kind == OutcomeKind::created);
  bed.reopen();
  for (const Uuid& run : ids) CHECK(bed.tracker().get(run).value()->status == RunStatus::running);
}

TEMPLATE_TEST_CASE("a second create is unchanged if it asks for the same, else conflict",
                   "[api][create]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  const CreateCommand plain = request(id(1));
  CreateCommand timed = request(id(2));
  timed.triggered_at = test::at("2023-11-07T05:31:56Z");  // what the clock says: still given
  for (const CreateCommand& first : {plain, timed}) {
    const Outcome made = tracker.create(first).value();
    CHECK(made.kind == OutcomeKind::created);
    bed.clock.step(std::chrono::seconds(5));
    const Outcome again = tracker.create(first).value();
    CHECK(again.kind == U);
    CHECK(again.run == made.run);

    CreateCommand other = first;
    other.journey_id = id(9);
    CHECK(tracker.create(other).value().kind == C);
    CHECK(tracker.create(other).value().run == made.run);
    other = first;
    other.profile_id = id(9);
    CHECK(tracker.create(other).value().kind == C);
    other = first;
    other.triggered_at = test::at("2023-11-07T05:31:57Z");
    CHECK(tracker.create(other).value().kind == C);
    other = first;
    if (first.triggered_at) {
      other.triggered_at.reset();
    } else {
      other.triggered_at = made.run.triggered_at;
    }
    CHECK(tracker.create(other).value().kind == C);
    bed.clock.set(test::at("2023-11-07T05:31:56Z"));
  }
}

TEMPLATE_TEST_CASE("a repeated create is unchanged however far the run has come", "[api][create]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) {
    const Uuid run = id(++number);
    bring(bed.tracker(), run, status, {.owner = "me"});
    const Outcome again = bed.tracker().create(request(run)).value();
    CHECK(again.kind == U);
    CHECK(again.run.status == status);
    bed.reopen();
    CHECK(bed.tracker().create(request(run)).value().run == again.run);
  }
}

TEMPLATE_TEST_CASE("a run made under a fresh id is no answer to a create that names it",
                   "[api][create]", MemoryBed, DirectoryBed) {
  TestType bed;
  const Outcome made =
      bed.tracker().create({.journey_id = test::kJourney, .profile_id = test::kProfile}).value();
  const Outcome named = bed.tracker().create(request(made.run.run_id)).value();
  CHECK(named.kind == C);
  CHECK(named.run == made.run);
}

TEMPLATE_TEST_CASE("another organization's run does not exist, and its id is taken",
                   "[api][organization]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  const Uuid ours = id(1, 0xaa);
  const Uuid theirs = id(2, 0xbb);
  bring(tracker, id(1), RunStatus::running, {.owner = "me", .organization = ours});
  const Run before = tracker.get(id(1), {ours}).value().value();
  CHECK(before.organization_id == ours);
  for (const Uuid& stranger : {theirs, Uuid{}}) {
    CHECK_FALSE(tracker.get(id(1), {stranger}).value().has_value());
    CHECK(code_of(tracker.get_json(id(1), {stranger})) == Errc::not_found);
    CHECK_FALSE(tracker.get_many(std::array{id(1)}, {stranger}).value().at(0).has_value());
    for (const Step step : test::kSteps) {
      const With with{.owner = "me", .organization = stranger};
      const Outcome outcome = take(tracker, step, id(1), with).value();
      CHECK(outcome.kind == N);
      CHECK_FALSE(outcome.has_run());
    }
    const Outcome taken = tracker.create(request(id(1), stranger)).value();
    CHECK(taken.kind == C);
    CHECK_FALSE(taken.has_run());
    CHECK(taken.run == Run{});
  }
  CHECK(tracker.get(id(1), {ours}).value().value() == before);
  // The two ways of not finding a run read the same.
  const Error foreign = tracker.get_json(id(1), {theirs}).error();
  Error absent = tracker.get_json(id(3), {theirs}).error();
  CHECK(foreign.message == absent.message);
  CHECK(foreign.advice == absent.advice);
}

TEMPLATE_TEST_CASE("one owner's repeat of start is unchanged, everybody else's is conflict",
                   "[api][owner]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  bring(tracker, id(1), RunStatus::queued);
  const Outcome won = tracker.start(id(1), {.owner = "worker-7"}).value();
  CHECK(won.kind == A);
  CHECK(won.run.owner == "worker-7");
  CHECK(won.run.fencing_token == 1);
  bed.clock.step(std::chrono::seconds(9));
  const Outcome retried = tracker.start(id(1), {.owner = "worker-7"}).value();
  CHECK(retried.kind == U);
  CHECK(retried.run == won.run);
  for (const std::string_view other : {"worker-8", "worker-", "worker-77", "Worker-7", ""}) {
    const Outcome lost = tracker.start(id(1), {.owner = other}).value();
    CHECK(lost.kind == C);
    CHECK(lost.run == won.run);
  }
  bed.reopen();
  CHECK(bed.tracker().start(id(1), {.owner = "worker-7"}).value().kind == U);
}

TEMPLATE_TEST_CASE("a stale owner or token is conflict, the right one applies", "[api][owner]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const Step step : {Step::complete, Step::fail, Step::exit}) {
    const Uuid run = id(++number);
    bring(tracker, run, RunStatus::running, {.owner = "worker-7"});
    CHECK(take(tracker, step, run, {.owner = "worker-8"}).value().kind == C);
    CHECK(take(tracker, step, run, {.token = 0}).value().kind == C);
    CHECK(take(tracker, step, run, {.token = 2}).value().kind == C);
    CHECK(take(tracker, step, run, {.owner = "worker-7", .token = 2}).value().kind == C);
    CHECK(take(tracker, step, run, {.owner = "worker-8", .token = 1}).value().kind == C);
    CHECK(take(tracker, step, run, {.owner = "worker-7", .token = 1}).value().kind == A);
    CHECK(take(tracker, step, run, {.owner = "worker-7", .token = 1}).value().kind == U);
    CHECK(take(tracker, step, run).value().run.owner == "worker-7");
  }
  bring(tracker, id(10), RunStatus::queued);
  CHECK(take(tracker, Step::fail, id(10), {.owner = "worker-7"}).value().kind == C);
  CHECK(take(tracker, Step::exit, id(10), {.token = 1}).value().kind == C);
  CHECK(take(tracker, Step::exit, id(10), {.token = 0}).value().kind == A);
}

TEMPLATE_TEST_CASE("an owner has at most 255 bytes of UTF-8", "[api][owner][limits]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  const std::string longest(kOwnerSizeMax, 'o');
  bring(tracker, id(1), RunStatus::queued);
  for (const std::string& bad : {longest + "o", std::string("\xff"), std::string("\xc3"),
                                 std::string("\xed\xa0\x80"), std::string("\xc0\xaf")}) {
    for (const Step step : test::kSteps) {
      CHECK(code_of(take(tracker, step, id(1), {.owner = bad})) == Errc::invalid_argument);
    }
  }
  CHECK(tracker.get(id(1)).value()->status == RunStatus::queued);
  CHECK(tracker.start(id(1), {.owner = longest}).value().kind == A);
  CHECK(tracker.start(id(1), {.owner = longest}).value().kind == U);
  bed.reopen();
  CHECK(bed.tracker().get(id(1)).value()->owner == longest);
  CHECK(bed.tracker().complete(id(1), {.owner = longest}).value().kind == A);
}

TEMPLATE_TEST_CASE("time never runs backwards within a run, even if the clock does", "[api][time]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  const Instant morning = bed.clock();
  tracker.create(request(id(1))).value().require_applied();
  bed.clock.step(std::chrono::hours(-1));
  const Run started = tracker.start(id(1)).value().run;
  CHECK(started.triggered_at == morning);
  CHECK(started.started_at == morning);
  bed.clock.step(std::chrono::hours(-1));
  const Run completed = tracker.complete(id(1)).value().run;
  CHECK(completed.completed_at == morning);

  // A trigger from the future holds everything after it back.
  CreateCommand future = request(id(2));
  future.triggered_at = test::at("2031-01-01T00:00:00.000001Z");
  tracker.create(future).value().require_applied();
  CHECK(tracker.start(id(2)).value().run.started_at == future.triggered_at);
  CHECK(tracker.fail(id(2), "x").value().run.completed_at == future.triggered_at);
  tracker.create(request(id(3))).value().require_applied();
  bed.clock.set(test::at("2031-01-01T00:00:01Z"));
  tracker.start(id(3)).value().require_applied();
  bed.clock.set(test::at("2030-01-01T00:00:01Z"));
  CHECK(tracker.exit(id(3)).value().run.completed_at == test::at("2031-01-01T00:00:01Z"));
}

TEMPLATE_TEST_CASE("the engine's clock is cut to milliseconds, a given instant is kept",
                   "[api][time]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  bed.clock.set(test::at("2023-11-07T05:31:56.123987Z"));
  CHECK(tracker.create(request(id(1))).value().run.triggered_at ==
        test::at("2023-11-07T05:31:56.123Z"));
  CreateCommand given = request(id(2));
  given.triggered_at = test::at("2023-11-07T05:31:56.123987Z");
  CHECK(tracker.create(given).value().run.triggered_at == *given.triggered_at);
  bed.clock.set(test::at("1969-12-31T23:59:59.999999Z"));  // cut down, not towards zero
  CHECK(tracker.create(request(id(3))).value().run.triggered_at ==
        test::at("1969-12-31T23:59:59.999Z"));
}

TEMPLATE_TEST_CASE("instants outside the years 1400 to 9999 are refused, or held at the edge",
                   "[api][time][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  const Instant first = test::at("1400-01-01T00:00:00Z");
  const Instant last = test::at("9999-12-31T23:59:59.999999Z");
  const std::chrono::microseconds tick(1);
  std::uint64_t number = 0;
  for (const Instant edge : {first, last}) {
    CreateCommand command = request(id(++number));
    command.triggered_at = edge;
    CHECK(tracker.create(command).value().run.triggered_at == edge);
    CHECK(tracker.start(*command.run_id).value().run.started_at >= edge);
    CHECK(tracker.exit(*command.run_id).value().applied());
    CHECK(ok(tracker.get_json(*command.run_id)));
  }
  for (const Instant past : {first - tick, last + tick, Instant::min(), Instant::max()}) {
    CreateCommand command = request(id(++number));
    command.triggered_at = past;
    CHECK(code_of(tracker.create(command)) == Errc::invalid_argument);
    CHECK_FALSE(tracker.get(*command.run_id).value().has_value());
    bed.clock.set(past);  // a clock that has lost its mind
    CHECK(tracker.create(request(*command.run_id)).value().applied());
    CHECK(ok(tracker.get_json(*command.run_id)));
  }
}

TEST_CASE("a step on a run that is published is seen before it is published, too", "[api][state]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  Tracker& tracker = bed.tracker();
  bring(tracker, id(1), RunStatus::queued);
  REQUIRE(ok(tracker.flush()));
  CHECK(tracker.start(id(1)).value().applied());
  REQUIRE(tracker.unpublished().value() == 1);
  CHECK(tracker.get(id(1)).value()->status == RunStatus::running);
  CHECK(tracker.get_json(id(1)).value().find("\"running\"") != std::string::npos);
  CHECK(tracker.get_many(std::vector{id(1)}).value().front()->status == RunStatus::running);
  CHECK(tracker.start(id(1)).value().kind == OutcomeKind::conflict);
}

}  // namespace
}  // namespace milepost
