// SPDX-License-Identifier: Apache-2.0
//
// Two threads race for one step of one run, thousands of times: exactly one is told it did it, the
// other what the state table says, and the run is as the winner left it.
#include <atomic>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using test::id;
using test::Step;
using test::With;

constexpr std::size_t kRaces = 10'000;

OpenOptions race_options(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 16u << 20;
  options.recent_bytes_max = 1u << 20;  // some of the losers must look in LMDB
  options.publish_interval = std::chrono::milliseconds(10);
  options.journal_segment_bytes = 4u << 20;
  options.journal_bytes_max = 64u << 20;
  return options;
}

/// Makes `count` runs and takes them to the status, in batches.
void bring_many(Tracker& tracker, std::size_t count, RunStatus status) {
  constexpr std::size_t kBatch = 2'000;
  for (std::size_t first = 0; first < count; first += kBatch) {
    std::vector<Command> commands;
    for (std::size_t i = first; i < std::min(count, first + kBatch); ++i) {
      commands.emplace_back(test::request(id(i)));
    }
    const auto then = [&](auto make) {
      if (!tracker.apply(commands)) FAIL("a batch is refused");
      for (std::size_t i = 0; i < commands.size(); ++i) commands[i] = make(id(first + i));
    };
    if (status == RunStatus::running || status == RunStatus::completed) {
      then([](const Uuid& run) { return StartCommand{.run_id = run}; });
    }
    if (status == RunStatus::completed) {
      then([](const Uuid& run) { return CompleteCommand{.run_id = run}; });
    }
    if (status == RunStatus::failed) {
      then([](const Uuid& run) { return FailCommand{.run_id = run, .error = "first"}; });
    }
    if (status == RunStatus::exited) {
      then([](const Uuid& run) { return ExitCommand{.run_id = run}; });
    }
    for (const Outcome& outcome : tracker.apply(commands).value()) outcome.require_applied();
  }
}

/// What two threads were told in one race.
struct Told {
  Outcome first;
  Outcome second;
};

/// Lets two threads take one step each on the same run at the same instant, `count` times.
template <typename First, typename Second, typename Judge>
void race(std::size_t count, First&& first, Second&& second, Judge&& judge) {
  std::vector<Told> told(count);
  test::SpinBarrier barrier(2);
  test::Threads threads;
  threads.start([&] {
    for (std::size_t i = 0; i < count; ++i) {
      barrier.arrive_and_wait();
      told[i].first = first(id(i)).value();
    }
  });
  threads.start([&] {
    for (std::size_t i = 0; i < count; ++i) {
      barrier.arrive_and_wait();
      told[i].second = second(id(i)).value();
    }
  });
  threads.join();
  for (std::size_t i = 0; i < count; ++i) judge(id(i), told[i]);
}

TEST_CASE("10,000 times two workers start one run: exactly one gets it", "[race][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  bring_many(tracker, kRaces, RunStatus::queued);
  std::array<std::size_t, 2> wins{};
  race(
      kRaces, [&](const Uuid& run) { return tracker.start(run, {.owner = "ann"}); },
      [&](const Uuid& run) { return tracker.start(run, {.owner = "bob"}); },
      [&](const Uuid& run, const Told& told) {
        const bool ann = told.first.applied();
        ++wins[ann ? 0 : 1];
        const Outcome& loser = ann ? told.second : told.first;
        REQUIRE(told.first.applied() != told.second.applied());
        REQUIRE(loser.kind == OutcomeKind::conflict);
        REQUIRE(loser.run == (ann ? told.first : told.second).run);
        REQUIRE(loser.run.owner == (ann ? "ann" : "bob"));
        REQUIRE(tracker.get(run).value() == loser.run);
      });
  // Both must have had a chance, or it was no race.
  CHECK(wins[0] > 0);
  CHECK(wins[1] > 0);
}

TEST_CASE("an owner's retry that races its own first call is unchanged", "[race][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  bring_many(tracker, kRaces, RunStatus::queued);
  const auto start = [&](const Uuid& run) { return tracker.start(run, {.owner = "ann"}); };
  race(kRaces, start, start, [&](const Uuid&, const Told& told) {
    REQUIRE(told.first.applied() != told.second.applied());
    REQUIRE((told.first.applied() ? told.second : told.first).kind == OutcomeKind::unchanged);
    REQUIRE(told.first.run == told.second.run);
  });
}

TEST_CASE("10,000 times two hosts create one run: exactly one makes it", "[race][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  const auto create = [&](const Uuid& run) { return tracker.create(test::request(run)); };
  race(kRaces, create, create, [&](const Uuid&, const Told& told) {
    REQUIRE(told.first.applied() != told.second.applied());
    REQUIRE((told.first.applied() ? told.second : told.first).kind == OutcomeKind::unchanged);
    REQUIRE(told.first.run == told.second.run);
  });
}

constexpr auto A = OutcomeKind::applied;
constexpr auto U = OutcomeKind::unchanged;
constexpr auto I = OutcomeKind::illegal;
constexpr auto C = OutcomeKind::conflict;

/// One cell of the state table in a race of two equal commands: what the first of them to be
/// decided is told, and what the second. Steps in the order start, complete, fail, exit.
struct Cell {
  OutcomeKind winner;
  OutcomeKind loser;
};
struct Row {
  RunStatus from;
  std::array<Cell, 4> cells;
};
constexpr std::array kRows{
    Row{RunStatus::queued, {{{A, C}, {I, I}, {A, U}, {A, U}}}},
    Row{RunStatus::running, {{{C, C}, {A, U}, {A, U}, {A, U}}}},
    Row{RunStatus::completed, {{{I, I}, {U, U}, {I, I}, {I, I}}}},
    Row{RunStatus::failed, {{{I, I}, {I, I}, {U, U}, {I, I}}}},
    Row{RunStatus::exited, {{{I, I}, {I, I}, {I, I}, {U, U}}}},
};

void race_cell(const Row& row, Step step) {
  const Cell cell = row.cells[static_cast<std::size_t>(step)];
  CAPTURE(to_string(row.from), test::name_of(step));
  const std::size_t count = cell.winner == A ? kRaces : kRaces / 20;
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  bring_many(tracker, count, row.from);
  const auto take = [&](With with) {
    return [&tracker, step, with](const Uuid& run) { return test::take(tracker, step, run, with); };
  };
  race(count, take({.error = "ann's"}), take({.error = "bob's"}),
       [&](const Uuid& run, const Told& told) {
         const bool first_won = told.first.kind == cell.winner;
         const Outcome& winner = first_won ? told.first : told.second;
         const Outcome& loser = first_won ? told.second : told.first;
         REQUIRE(winner.kind == cell.winner);
         REQUIRE(loser.kind == cell.loser);
         REQUIRE(winner.run == loser.run);
         REQUIRE(tracker.get(run).value() == winner.run);
         if (winner.applied() && step == Step::fail) {
           REQUIRE(winner.run.error == (first_won ? "ann's" : "bob's"));
         }
       });
}

TEST_CASE("every cell of the state table as a race of two threads", "[race][concurrency]") {
  for (const Row& row : kRows) {
    for (const Step step : test::kSteps) race_cell(row, step);
  }
}

TEST_CASE("of different steps that end a run exactly one ends it", "[race][concurrency]") {
  const std::array<std::pair<Step, Step>, 3> pairs{
      {{Step::complete, Step::fail}, {Step::fail, Step::exit}, {Step::exit, Step::complete}}};
  for (const auto& [one, other] : pairs) {
    CAPTURE(test::name_of(one), test::name_of(other));
    const test::TempDirectory folder;
    Tracker tracker = Tracker::open(race_options(folder / "store")).value();
    bring_many(tracker, kRaces / 4, RunStatus::running);
    race(
        kRaces / 4, [&, step = one](const Uuid& run) { return test::take(tracker, step, run); },
        [&, step = other](const Uuid& run) { return test::take(tracker, step, run); },
        [&](const Uuid& run, const Told& told) {
          REQUIRE(told.first.applied() != told.second.applied());
          const Outcome& loser = told.first.applied() ? told.second : told.first;
          REQUIRE(loser.kind == OutcomeKind::illegal);
          REQUIRE(told.first.run == told.second.run);
          REQUIRE(tracker.get(run).value() == loser.run);
        });
  }
}

TEST_CASE("a start and a fail that race for a queued run: failed in the end, whoever was first",
          "[race][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  bring_many(tracker, kRaces / 4, RunStatus::queued);
  race(
      kRaces / 4, [&](const Uuid& run) { return tracker.start(run); },
      [&](const Uuid& run) { return tracker.fail(run, "stop"); },
      [&](const Uuid& run, const Told& told) {
        REQUIRE(told.second.applied());
        const bool started = told.first.applied();
        if (!started) REQUIRE(told.first.kind == OutcomeKind::illegal);
        const Run seen = tracker.get(run).value().value();
        REQUIRE(seen.status == RunStatus::failed);
        REQUIRE(seen.started_at.has_value() == started);
      });
}

}  // namespace
}  // namespace milepost
