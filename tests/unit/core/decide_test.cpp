// SPDX-License-Identifier: Apache-2.0
//
// decide against expectations written out by hand, and against its invariants on random histories.
#include "core/decide.hpp"

#include <random>
#include <vector>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;
using test::record_in;

constexpr DecideContext kContext{at(kMicros + 9'000'000), 6, 20, {}};

/// The step on run 1 with nothing optional.
Command command_for(StepKind step, std::string_view owner = {},
                    std::optional<std::uint64_t> token = std::nullopt, Uuid organization = {}) {
  switch (step) {
    case StepKind::start:
      return StartCommand{id_of(1), owner, organization};
    case StepKind::complete:
      return CompleteCommand{id_of(1), owner, token, organization};
    case StepKind::fail:
      return FailCommand{id_of(1), "timeout", owner, token, organization};
    case StepKind::exit:
      break;
  }
  return ExitCommand{id_of(1), owner, token, organization};
}

struct Cell {
  RunStatus from;
  StepKind step;
  OutcomeKind fresh;   ///< The first time.
  OutcomeKind repeat;  ///< The same command again, on what the first left.
};

const Cell kCells[] = {
    {RunStatus::queued, StepKind::start, OutcomeKind::applied, OutcomeKind::conflict},
    {RunStatus::queued, StepKind::complete, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::queued, StepKind::fail, OutcomeKind::applied, OutcomeKind::unchanged},
    {RunStatus::queued, StepKind::exit, OutcomeKind::applied, OutcomeKind::unchanged},
    {RunStatus::running, StepKind::start, OutcomeKind::conflict, OutcomeKind::conflict},
    {RunStatus::running, StepKind::complete, OutcomeKind::applied, OutcomeKind::unchanged},
    {RunStatus::running, StepKind::fail, OutcomeKind::applied, OutcomeKind::unchanged},
    {RunStatus::running, StepKind::exit, OutcomeKind::applied, OutcomeKind::unchanged},
    {RunStatus::completed, StepKind::start, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::completed, StepKind::complete, OutcomeKind::unchanged, OutcomeKind::unchanged},
    {RunStatus::completed, StepKind::fail, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::completed, StepKind::exit, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::failed, StepKind::start, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::failed, StepKind::complete, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::failed, StepKind::fail, OutcomeKind::unchanged, OutcomeKind::unchanged},
    {RunStatus::failed, StepKind::exit, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::exited, StepKind::start, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::exited, StepKind::complete, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::exited, StepKind::fail, OutcomeKind::illegal, OutcomeKind::illegal},
    {RunStatus::exited, StepKind::exit, OutcomeKind::unchanged, OutcomeKind::unchanged},
};

void check_refused(const Decision& decision, OutcomeKind expected) {
  CHECK(decision.outcome == expected);
  CHECK_FALSE(decision.next.has_value());
  CHECK(decision.current_visible);
}

}  // namespace

TEST_CASE("every cell of the state table, as fresh command and as repeat", "[core][decide]") {
  static_assert(std::size(kCells) == kAllStatuses.size() * kAllSteps.size());
  for (const Cell& cell : kCells) {
    CAPTURE(to_string(cell.from), static_cast<int>(cell.step));
    const Command command = command_for(cell.step);
    const RecordView before = record_in(cell.from);

    const Decision fresh = decide(command, &before, kContext);
    CHECK(fresh.outcome == cell.fresh);
    CHECK(fresh.current_visible);
    REQUIRE(fresh.next.has_value() == (cell.fresh == OutcomeKind::applied));

    const RecordView left = fresh.next.value_or(before);
    DecideContext later = kContext;
    later.now += std::chrono::seconds(5);
    later.sequence += 1;
    check_refused(decide(command, &left, later), cell.repeat);
  }
}

TEST_CASE("a step on no run is not found", "[core][decide]") {
  for (const StepKind step : kAllSteps) {
    const Decision decision = decide(command_for(step, "w", 1), nullptr, kContext);
    CHECK(decision.outcome == OutcomeKind::not_found);
    CHECK_FALSE(decision.next.has_value());
    CHECK_FALSE(decision.current_visible);
  }
}

TEST_CASE("a step on another organization's run is not found", "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    for (const StepKind step : kAllSteps) {
      RecordView theirs = record_in(status);
      theirs.organization_id = id_of(0xa0);
      for (const Uuid organization : {Uuid{}, id_of(0xa1)}) {
        const Decision decision =
            decide(command_for(step, {}, std::nullopt, organization), &theirs, kContext);
        CHECK(decision.outcome == OutcomeKind::not_found);
        CHECK_FALSE(decision.next.has_value());
        CHECK_FALSE(decision.current_visible);
      }
    }
  }
}

TEST_CASE("start sets owner, token, epoch, start time and sequence, and nothing else",
          "[core][decide]") {
  const RecordView before = record_in(RunStatus::queued);
  const Decision decision = decide(command_for(StepKind::start, "worker-7"), &before, kContext);
  RecordView expected = before;
  expected.status = RunStatus::running;
  expected.owner = "worker-7";
  expected.fencing_token = 1;
  expected.epoch = 6;
  expected.started_at = kContext.now;
  expected.sequence = 20;
  REQUIRE(decision.next);
  CHECK(*decision.next == expected);
}

TEST_CASE("an ending sets status, end time and sequence, and keeps the holder", "[core][decide]") {
  const RecordView before = record_in(RunStatus::running);
  for (const StepKind step : {StepKind::complete, StepKind::fail, StepKind::exit}) {
    const Decision decision = decide(command_for(step), &before, kContext);
    RecordView expected = before;
    expected.status = target(step);
    expected.completed_at = kContext.now;
    expected.sequence = 20;
    if (step == StepKind::fail) expected.error = "timeout";
    REQUIRE(decision.next);
    CHECK(*decision.next == expected);
  }
}

TEST_CASE("a repeated start is unchanged for the owner that won and for nobody else",
          "[core][decide]") {
  RecordView run = record_in(RunStatus::running);
  check_refused(decide(command_for(StepKind::start, "worker-7"), &run, kContext),
                OutcomeKind::unchanged);
  check_refused(decide(command_for(StepKind::start, "worker-8"), &run, kContext),
                OutcomeKind::conflict);
  check_refused(decide(command_for(StepKind::start, "worker-"), &run, kContext),
                OutcomeKind::conflict);
  check_refused(decide(command_for(StepKind::start), &run, kContext), OutcomeKind::conflict);

  run.owner = {};  // won by a start without an owner, which no later start matches
  check_refused(decide(command_for(StepKind::start), &run, kContext), OutcomeKind::conflict);
  check_refused(decide(command_for(StepKind::start, "worker-7"), &run, kContext),
                OutcomeKind::conflict);
}

TEST_CASE("the owner of a final run gets illegal for start like anybody", "[core][decide]") {
  for (const RunStatus status : {RunStatus::completed, RunStatus::failed, RunStatus::exited}) {
    const RecordView run = record_in(status);
    check_refused(decide(command_for(StepKind::start, "worker-7"), &run, kContext),
                  OutcomeKind::illegal);
  }
}

TEST_CASE("a stale owner or token ends no running run", "[core][decide]") {
  struct Row {
    std::string_view owner;
    std::optional<std::uint64_t> token;
    bool current;
  };
  const Row rows[] = {
      {"", std::nullopt, true},
      {"worker-7", std::nullopt, true},
      {"", 2, true},
      {"worker-7", 2, true},
      {"worker-8", std::nullopt, false},
      {"", 1, false},
      {"", 3, false},
      {"", 0, false},
      {"worker-7", 1, false},
      {"worker-8", 2, false},
      {"worker-77", 2, false},
  };
  RecordView run = record_in(RunStatus::running);
  run.fencing_token = 2;
  for (const Row& row : rows) {
    for (const StepKind step : {StepKind::complete, StepKind::fail, StepKind::exit}) {
      CAPTURE(row.owner, row.token.value_or(99), static_cast<int>(step));
      const Decision decision = decide(command_for(step, row.owner, row.token), &run, kContext);
      if (row.current) {
        CHECK(decision.outcome == OutcomeKind::applied);
      } else {
        check_refused(decision, OutcomeKind::conflict);
      }
    }
  }
}

TEST_CASE("nobody holds a queued run", "[core][decide]") {
  const RecordView run = record_in(RunStatus::queued);
  for (const StepKind step : {StepKind::fail, StepKind::exit}) {
    check_refused(decide(command_for(step, "worker-7"), &run, kContext), OutcomeKind::conflict);
    check_refused(decide(command_for(step, {}, 1), &run, kContext), OutcomeKind::conflict);
    CHECK(decide(command_for(step, {}, 0), &run, kContext).outcome == OutcomeKind::applied);
  }
  check_refused(decide(command_for(StepKind::complete, "worker-7", 1), &run, kContext),
                OutcomeKind::illegal);
}

TEST_CASE("on a final run the status answers, whatever owner or token is named", "[core][decide]") {
  for (const RunStatus status : {RunStatus::completed, RunStatus::failed, RunStatus::exited}) {
    const RecordView run = record_in(status);
    for (const StepKind step : {StepKind::complete, StepKind::fail, StepKind::exit}) {
      const auto expected = target(step) == status ? OutcomeKind::unchanged : OutcomeKind::illegal;
      check_refused(decide(command_for(step, "worker-8", 77), &run, kContext), expected);
      check_refused(decide(command_for(step, "worker-7", 1), &run, kContext), expected);
    }
  }
}

TEST_CASE("time never runs backwards within a run", "[core][decide]") {
  DecideContext early = kContext;
  early.now = at(kMicros - 1'000'000);

  const RecordView queued = record_in(RunStatus::queued);
  const Decision started = decide(command_for(StepKind::start), &queued, early);
  REQUIRE(started.next);
  CHECK(started.next->started_at == queued.triggered_at);

  for (const StepKind step : {StepKind::fail, StepKind::exit}) {
    const Decision ended = decide(command_for(step), &queued, early);
    REQUIRE(ended.next);
    CHECK(ended.next->completed_at == queued.triggered_at);
    CHECK_FALSE(ended.next->started_at.has_value());
  }
  const RecordView running = record_in(RunStatus::running);
  for (const StepKind step : {StepKind::complete, StepKind::fail, StepKind::exit}) {
    const Decision ended = decide(command_for(step), &running, early);
    REQUIRE(ended.next);
    CHECK(ended.next->completed_at == running.started_at);
  }
}

TEST_CASE("a clock gone mad still gives instants that have a text form", "[core][decide]") {
  for (const Instant now : {Instant::min(), Instant::max()}) {
    DecideContext context = kContext;
    context.now = now;
    const Decision made = decide(CreateCommand{id_of(2), id_of(3)}, nullptr, context);
    REQUIRE(made.next);
    CHECK(broken_rule(*made.next) == nullptr);
    const Decision ended = decide(command_for(StepKind::exit), &*made.next, context);
    REQUIRE(ended.next);
    CHECK(broken_rule(*ended.next) == nullptr);
  }
}

TEST_CASE("create makes a queued run from what is given and what is not", "[core][decide]") {
  DecideContext context = kContext;
  context.fresh_id = id_of(77);

  RecordView expected;
  expected.run_id = id_of(77);
  expected.journey_id = id_of(2);
  expected.profile_id = id_of(3);
  expected.triggered_at = context.now;
  expected.created_sequence = 20;
  expected.sequence = 20;
  const Decision bare = decide(CreateCommand{id_of(2), id_of(3)}, nullptr, context);
  CHECK(bare.outcome == OutcomeKind::created);
  REQUIRE(bare.next);
  CHECK(*bare.next == expected);

  expected.run_id = id_of(1);
  expected.triggered_at = at(kMicros);
  expected.organization_id = id_of(9);
  expected.request = {true, true};
  const Decision full =
      decide(CreateCommand{id_of(2), id_of(3), id_of(1), at(kMicros), id_of(9)}, nullptr, context);
  CHECK(full.outcome == OutcomeKind::created);
  REQUIRE(full.next);
  CHECK(*full.next == expected);
}

TEST_CASE("a second create is judged by its fingerprint", "[core][decide]") {
  const CreateCommand with_time{id_of(2), id_of(3), id_of(1), at(kMicros)};
  const CreateCommand without_time{id_of(2), id_of(3), id_of(1)};
  const RecordView made_with = *decide(with_time, nullptr, kContext).next;
  const RecordView made_without = *decide(without_time, nullptr, kContext).next;

  check_refused(decide(with_time, &made_with, kContext), OutcomeKind::unchanged);
  check_refused(decide(without_time, &made_without, kContext), OutcomeKind::unchanged);
  check_refused(decide(without_time, &made_with, kContext), OutcomeKind::conflict);
  check_refused(decide(with_time, &made_without, kContext), OutcomeKind::conflict);

  CreateCommand same_instant = with_time;  // the engine's own clock said so, not the caller
  same_instant.triggered_at = made_without.triggered_at;
  check_refused(decide(same_instant, &made_without, kContext), OutcomeKind::conflict);

  CreateCommand other = with_time;
  other.journey_id = id_of(20);
  check_refused(decide(other, &made_with, kContext), OutcomeKind::conflict);
  other = with_time;
  other.profile_id = id_of(20);
  check_refused(decide(other, &made_with, kContext), OutcomeKind::conflict);
  other = with_time;
  other.triggered_at = at(kMicros + 1);
  check_refused(decide(other, &made_with, kContext), OutcomeKind::conflict);
}

TEST_CASE("a repeated create is unchanged however far the run has come", "[core][decide]") {
  const CreateCommand create{id_of(2), id_of(3), id_of(1), at(kMicros)};
  for (const RunStatus status : kAllStatuses) {
    RecordView run = record_in(status);
    run.request = {true, true};
    check_refused(decide(create, &run, kContext), OutcomeKind::unchanged);
  }
}

TEST_CASE("naming the id the engine once chose is another request", "[core][decide]") {
  DecideContext context = kContext;
  context.fresh_id = id_of(1);
  const RecordView made = *decide(CreateCommand{id_of(2), id_of(3)}, nullptr, context).next;
  check_refused(decide(CreateCommand{id_of(2), id_of(3), id_of(1)}, &made, context),
                OutcomeKind::conflict);
}

TEST_CASE("a create with a foreign run's id is a conflict without the run", "[core][decide]") {
  CreateCommand create{id_of(2), id_of(3), id_of(1), at(kMicros), id_of(0xa0)};
  const RecordView theirs = *decide(create, nullptr, kContext).next;
  for (const Uuid organization : {Uuid{}, id_of(0xa1)}) {
    create.organization_id = organization;
    const Decision decision = decide(create, &theirs, kContext);
    CHECK(decision.outcome == OutcomeKind::conflict);
    CHECK_FALSE(decision.next.has_value());
    CHECK_FALSE(decision.current_visible);
  }
}

TEST_CASE("a command knows the run it is about", "[core][decide]") {
  for (const StepKind step : kAllSteps) {
    const Command command = command_for(step);
    REQUIRE(command_run_id(command) != nullptr);
    CHECK(*command_run_id(command) == id_of(1));
  }
  const Command named = CreateCommand{id_of(2), id_of(3), id_of(1)};
  REQUIRE(command_run_id(named) != nullptr);
  CHECK(*command_run_id(named) == id_of(1));
  const Command unnamed = CreateCommand{id_of(2), id_of(3)};
  CHECK(command_run_id(unnamed) == nullptr);
}

TEST_CASE("check_command refuses bad owners and says why", "[core][decide]") {
  const std::string longest(kOwnerSizeMax, 'o');
  const std::string too_long(kOwnerSizeMax + 1, 'o');
  for (const StepKind step : kAllSteps) {
    CHECK(check_command(command_for(step)).has_value());
    CHECK(check_command(command_for(step, "w")).has_value());
    CHECK(check_command(command_for(step, longest)).has_value());
    CHECK(check_command(command_for(step, "Zo\xC3\xAB")).has_value());

    const auto size = check_command(command_for(step, too_long));
    REQUIRE(size.has_error());
    CHECK(size.error().code == Errc::invalid_argument);
    CHECK(size.error().applied == Applied::no);
    CHECK_FALSE(size.error().retry_safe);
    CHECK(size.error().message == "The owner has 256 bytes, more than 255.");
    CHECK(size.error().subject.size() < 100);

    const auto utf8 = check_command(command_for(step, "Zo\xEB"));
    REQUIRE(utf8.has_error());
    CHECK(utf8.error().code == Errc::invalid_argument);
    CHECK(utf8.error().subject == "owner \"Zo\\xeb\"");
    CHECK_FALSE(utf8.error().advice.empty());
  }
}

TEST_CASE("check_command refuses a triggered_at that has no text form", "[core][decide]") {
  const auto check_at = [](Instant instant) {
    return check_command(CreateCommand{id_of(2), id_of(3), std::nullopt, instant});
  };
  CHECK(check_command(CreateCommand{}).has_value());
  CHECK(check_at(kInstantMin).has_value());
  CHECK(check_at(kInstantMax).has_value());
  for (const Instant bad : {kInstantMin - std::chrono::microseconds(1), Instant::min(),
                            kInstantMax + std::chrono::microseconds(1), Instant::max()}) {
    const auto checked = check_at(bad);
    REQUIRE(checked.has_error());
    CHECK(checked.error().code == Errc::invalid_argument);
  }
}

TEST_CASE("check_command lets any error text pass", "[core][decide]") {
  const std::string huge(100'000, '\xff');
  CHECK(check_command(FailCommand{id_of(1), huge}).has_value());
}

namespace {

Command random_command(std::mt19937_64& random) {
  const auto pick = [&random](std::uint64_t count) { return random() % count; };
  const std::string_view owners[] = {"", "a", "b"};
  const auto owner = owners[pick(3)];
  std::optional<std::uint64_t> token;
  if (pick(2) == 0) token = pick(3);
  const Uuid organization = pick(10) == 0 ? id_of(0xa0) : Uuid{};
  if (pick(6) == 0) {
    CreateCommand create{id_of(2), id_of(static_cast<std::uint8_t>(3 + pick(2))), id_of(1)};
    if (pick(2) == 0) create.triggered_at = at(static_cast<std::int64_t>(pick(20)));
    create.organization_id = organization;
    return create;
  }
  return command_for(kAllSteps[pick(4)], owner, token, organization);
}

void check_step_kept_the_rules(const RecordView& before, const RecordView& after,
                               const DecideContext& context) {
  REQUIRE_FALSE(is_final(before.status));
  REQUIRE(after.sequence == context.sequence);
  REQUIRE(after.created_sequence == before.created_sequence);
  REQUIRE(after.triggered_at == before.triggered_at);
  REQUIRE(after.request == before.request);
  REQUIRE(after.profile_id == before.profile_id);
  REQUIRE(after.organization_id == before.organization_id);
}

}  // namespace

TEST_CASE("random histories keep every rule of a record", "[core][decide]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  for (int history = 0; history < 5'000; ++history) {
    std::optional<RecordView> current;
    for (std::uint64_t step = 1; step <= 12; ++step) {
      const Command command = random_command(random);
      DecideContext context;
      context.now = at(static_cast<std::int64_t>(random() % 20));
      context.epoch = 1;
      context.sequence = step;
      const Decision decision = decide(command, current ? &*current : nullptr, context);
      const bool changes =
          decision.outcome == OutcomeKind::created || decision.outcome == OutcomeKind::applied;
      REQUIRE(decision.next.has_value() == changes);
      if (!changes) continue;
      REQUIRE(broken_rule(*decision.next) == nullptr);
      REQUIRE(current.has_value() == (decision.outcome == OutcomeKind::applied));
      if (current) check_step_kept_the_rules(*current, *decision.next, context);
      current = decision.next;
      REQUIRE(decide(command, &*current, context).next.has_value() == false);
    }
  }
}

}  // namespace milepost::core
