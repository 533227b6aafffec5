// SPDX-License-Identifier: Apache-2.0
//
// Commands beyond the four steps, on any store: adopt and heartbeat in every status, imports alone
// and in batches, what reads show of them.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/lists.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using namespace std::chrono_literals;
using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;
using test::request;

constexpr auto A = OutcomeKind::applied;
constexpr auto U = OutcomeKind::unchanged;
constexpr auto I = OutcomeKind::illegal;
constexpr auto C = OutcomeKind::conflict;
constexpr auto N = OutcomeKind::not_found;

Outcome apply(Tracker& tracker, const Command& command) {
  return tracker.apply(std::array{command}).value().front();
}

struct Row {
  RunStatus from;
  OutcomeKind adopt;
  OutcomeKind again;  ///< The same adopt once more.
  OutcomeKind heartbeat;
};

constexpr std::array kTable{Row{RunStatus::queued, I, I, I}, Row{RunStatus::running, A, U, A},
                            Row{RunStatus::completed, I, I, I}, Row{RunStatus::failed, I, I, I},
                            Row{RunStatus::exited, I, I, I}};

TEMPLATE_TEST_CASE("adopt and heartbeat in every status, as calls and in a batch", "[api][command]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  for (const bool as_batch : {false, true}) {
    for (const Row& row : kTable) {
      const Uuid run = id(static_cast<std::uint64_t>(row.from), as_batch ? 1 : 0);
      CAPTURE(to_string(row.from), as_batch);
      bring(tracker, run, row.from, {.owner = "ann"});
      const Run before = tracker.get(run).value().value();
      const AdoptOptions options{.owner = "bob", .fencing_token = before.fencing_token};
      const auto adopt = [&] {
        if (!as_batch) return tracker.adopt(run, options).value();
        return apply(tracker, AdoptCommand{.run_id = run,
                                           .owner = options.owner,
                                           .fencing_token = options.fencing_token});
      };
      const auto beat = [&] {
        if (!as_batch) return tracker.heartbeat(run, 1s).value();
        return apply(tracker, HeartbeatCommand{.run_id = run, .lease = 1s});
      };
      const Outcome beaten = beat();
      CHECK(beaten.kind == row.heartbeat);
      CHECK(beaten.run == before);  // nothing that is stored changes
      bed.clock.step(1s);
      const Outcome adopted = adopt();
      CHECK(adopted.kind == row.adopt);
      Run expected = before;
      if (row.adopt == A) {
        expected.owner = "bob";
        ++expected.fencing_token;
        ++expected.sequence;
      }
      CHECK(adopted.run == expected);
      CHECK(adopt().kind == row.again);
      CHECK(tracker.get(run).value() == expected);
      CHECK(tracker.list({.filter = {.statuses = expected.status}, .limit = 1}).has_value());
    }
  }
  CHECK(tracker.adopt(id(99), {.owner = "bob"}).value().kind == N);
  CHECK(tracker.heartbeat(id(99), 1s).value().kind == N);
  CHECK(tracker.adopt(id(1), {.owner = "bob", .organization_id = id(9, 9)}).value().kind == N);
}

TEMPLATE_TEST_CASE("an adopted run is shown once, where it was, under its new owner",
                   "[api][command][list]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 5; ++i) bring(bed.tracker(), id(i), RunStatus::running);
  const RunFilter running{.statuses = RunStatus::running};
  const std::vector<Run> before = test::walk(bed.tracker(), {.filter = running});
  const Run adopted = bed.tracker().adopt(id(2), {.owner = "bob"}).value().run;
  const std::vector<Run> after = test::walk(bed.tracker(), {.filter = running});
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i] == (before[i].run_id == id(2) ? adopted : before[i]));
  }
  CHECK(bed.tracker().counts().value() == Counts{.running = 5});
  CHECK(bed.tracker().complete(id(2), {.fencing_token = 1}).value().kind == C);
  CHECK(bed.tracker().complete(id(2), {.fencing_token = 2}).value().kind == A);
}

TEMPLATE_TEST_CASE("an adopted run is its adopter's after reopening", "[api][command]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::running, {.owner = "ann"});
  for (std::uint64_t token = 2; token < 6; ++token) {
    bed.reopen();
    const std::string owner = "worker-" + std::to_string(token);
    const Outcome adopted = bed.tracker().adopt(id(1), {.owner = owner}).value();
    CHECK(adopted.kind == A);
    CHECK(adopted.run.fencing_token == token);
    bed.reopen();
    CHECK(bed.tracker().get(id(1)).value() == adopted.run);
    CHECK(bed.tracker().heartbeat(id(1), 1s, {.owner = "ann"}).value().kind == C);
  }
}

TEMPLATE_TEST_CASE("runs are imported in any status and read back as they were",
                   "[api][command][import]", MemoryBed, DirectoryBed) {
  std::mt19937_64 random(test::test_seed("imports"));
  TestType bed;
  const test::World world;
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i < 200; ++i) commands.emplace_back(world.any_run(id(i), random));
  const auto made = bed.tracker().apply(commands).value();
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto& import = std::get<ImportCommand>(commands[i]);
    const Run& run = made[i].run;
    REQUIRE(made[i].kind == OutcomeKind::created);
    CHECK(run.run_id == import.run_id);
    CHECK(run.organization_id == import.organization_id);
    CHECK(run.journey_id == import.journey_id);
    CHECK(run.profile_id == import.profile_id);
    CHECK(run.status == import.status);
    CHECK(run.triggered_at == import.triggered_at);
    CHECK(run.completed_at == import.completed_at);
    CHECK(run.error.has_value() == (run.status == RunStatus::failed));
    CHECK(run.owner.empty());
    CHECK(run.sequence == i + 1);
  }
  bed.reopen();
  const auto again = bed.tracker().apply(commands).value();
  for (std::size_t i = 0; i < again.size(); ++i) {
    REQUIRE(again[i].kind == U);
    REQUIRE(again[i].run == made[i].run);
  }
}

TEMPLATE_TEST_CASE("the error text of an import is cleaned, alone and in a batch",
                   "[api][command][import]", MemoryBed, DirectoryBed) {
  TestType bed;
  const std::string text(kErrorTextSizeMax + 1, 'x');
  ImportCommand import{.run_id = id(1),
                       .journey_id = test::kJourney,
                       .profile_id = test::kProfile,
                       .status = RunStatus::failed,
                       .triggered_at = bed.clock(),
                       .completed_at = bed.clock(),
                       .error = "\xff?"};
  ImportCommand longer = import;
  longer.run_id = id(2);
  longer.error = text;
  const std::vector<Command> commands{import, longer};
  const auto outcomes = bed.tracker().apply(commands);
  REQUIRE(ok(outcomes));
  CHECK(outcomes->at(0).run.error == "\xef\xbf\xbd?");
  CHECK(outcomes->at(1).run.error == text.substr(0, kErrorTextSizeMax - 3) + "\xe2\x80\xa6");
  // Cleaned the same way it is the same run.
  for (const Outcome& again : bed.tracker().apply(commands).value()) CHECK(again.kind == U);
}

TEMPLATE_TEST_CASE("one import that breaks a rule refuses its batch before the first byte",
                   "[api][command][import]", MemoryBed, DirectoryBed) {
  TestType bed;
  ImportCommand bad{.run_id = id(2), .status = RunStatus::completed, .triggered_at = bed.clock()};
  const auto refused = bed.tracker().apply(std::array<Command, 2>{request(id(1)), bad});
  REQUIRE(code_of(refused) == Errc::invalid_argument);
  CHECK(refused.error().message.find("Command 1") != std::string::npos);
  CHECK(bed.tracker().list().value().runs.empty());
}

TEMPLATE_TEST_CASE("an import and a run made here are one where they say the same",
                   "[api][command][import]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (const RunStatus status : test::kStatuses) {
    CAPTURE(to_string(status));
    const Uuid run_id = id(static_cast<std::uint64_t>(status));
    bring(bed.tracker(), run_id, status, {.owner = "ann"});
    const Run run = bed.tracker().get(run_id).value().value();
    ImportCommand import{.run_id = run_id,
                         .journey_id = run.journey_id,
                         .profile_id = run.profile_id,
                         .status = status,
                         .triggered_at = run.triggered_at,
                         .completed_at = run.completed_at};
    if (run.error) import.error = *run.error;
    CHECK(apply(bed.tracker(), import).kind == U);
    import.triggered_at -= 1us;
    CHECK(apply(bed.tracker(), import).kind == C);
    import.organization_id = id(9, 9);
    const Outcome foreign = apply(bed.tracker(), import);
    CHECK(foreign.kind == C);
    CHECK_FALSE(foreign.has_run());
    CHECK(bed.tracker().get(run_id).value() == run);
  }
}

TEMPLATE_TEST_CASE("an imported running run is an orphan that can be adopted",
                   "[api][command][import]", MemoryBed, DirectoryBed) {
  TestType bed;
  const ImportCommand import{.run_id = id(1),
                             .journey_id = test::kJourney,
                             .profile_id = test::kProfile,
                             .status = RunStatus::running,
                             .triggered_at = bed.clock()};
  CHECK(apply(bed.tracker(), import).run.fencing_token == 1);
  REQUIRE(bed.tracker().orphans().value().runs.size() == 1);
  CHECK(bed.tracker().adopt(id(1), {.owner = "bob", .fencing_token = 1}).value().kind == A);
  CHECK(bed.tracker().orphans().value().runs.empty());
  CHECK(bed.tracker().complete(id(1), {.owner = "bob"}).value().kind == A);
}

}  // namespace
}  // namespace milepost
