// SPDX-License-Identifier: Apache-2.0
//
// Batches and readers of many runs, on any store: order, independence, limits.
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

/// Segments that hold the largest batch.
void large_segments(OpenOptions& options) {
  options.journal_segment_bytes = 20u << 20;
  options.journal_bytes_max = 200u << 20;
  options.map_size_start = 64u << 20;
}

std::vector<OutcomeKind> kinds(const std::vector<Outcome>& outcomes) {
  std::vector<OutcomeKind> all;
  for (const Outcome& outcome : outcomes) all.push_back(outcome.kind);
  return all;
}

TEMPLATE_TEST_CASE("one batch takes a run through its whole life", "[api][batch]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const std::vector<Command> commands{request(id(1)), StartCommand{.run_id = id(1), .owner = "me"},
                                      StartCommand{.run_id = id(1), .owner = "you"},
                                      CompleteCommand{.run_id = id(1)},
                                      CompleteCommand{.run_id = id(1)}};
  const auto outcomes = bed.tracker().apply(commands).value();
  using enum OutcomeKind;
  CHECK(kinds(outcomes) == std::vector{created, applied, conflict, applied, unchanged});
  // Each outcome shows the run as it was then.
  CHECK(outcomes[0].run.status == RunStatus::queued);
  CHECK(outcomes[1].run.status == RunStatus::running);
  CHECK(outcomes[2].run == outcomes[1].run);
  CHECK(outcomes[3].run.status == RunStatus::completed);
  CHECK(outcomes[4].run == outcomes[3].run);
  CHECK(bed.tracker().get(id(1)).value() == outcomes[4].run);
  bed.reopen();
  CHECK(bed.tracker().get(id(1)).value() == outcomes[4].run);
}

TEMPLATE_TEST_CASE("a refused command changes nothing and spoils nothing", "[api][batch]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(5), RunStatus::completed);
  const Uuid foreign = id(1, 0xaa);
  bring(bed.tracker(), id(6), RunStatus::queued, {.organization = foreign});
  CreateCommand other = request(id(1));
  other.profile_id = id(77);
  const std::vector<Command> commands{
      request(id(1)),
      StartCommand{.run_id = id(2)},  // not made yet
      other,
      FailCommand{.run_id = id(5), .error = "too late"},
      request(id(6)),  // another organization's
      request(id(2)),
      CompleteCommand{.run_id = id(1)},  // not started
      ExitCommand{.run_id = id(2)},
  };
  const auto outcomes = bed.tracker().apply(commands).value();
  using enum OutcomeKind;
  CHECK(kinds(outcomes) ==
        std::vector{created, not_found, conflict, illegal, conflict, created, illegal, applied});
  CHECK(outcomes[2].run.profile_id == test::kProfile);
  CHECK_FALSE(outcomes[4].has_run());
  CHECK(bed.tracker().get(id(1)).value()->status == RunStatus::queued);
  CHECK(bed.tracker().get(id(2)).value()->status == RunStatus::exited);
  CHECK(bed.tracker().get(id(5)).value()->status == RunStatus::completed);
}

TEMPLATE_TEST_CASE("a batch of refusals alone is answered and writes nothing", "[api][batch]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::exited);
  const Run before = bed.tracker().get(id(1)).value().value();
  const std::vector<Command> commands(50, ExitCommand{.run_id = id(1)});
  for (const Outcome& outcome : bed.tracker().apply(commands).value()) {
    CHECK(outcome.kind == OutcomeKind::unchanged);
    CHECK(outcome.run == before);
  }
  // The next effect's sequence shows that none was spent.
  const Outcome next = bed.tracker().create(request(id(2))).value();
  CHECK(next.run.sequence == before.sequence + 1);
}

TEMPLATE_TEST_CASE("an empty batch is an empty answer", "[api][batch]", MemoryBed, DirectoryBed) {
  TestType bed;
  CHECK(bed.tracker().apply({}).value().empty());
}

TEMPLATE_TEST_CASE("one command with a bad argument refuses its batch before the first byte",
                   "[api][batch]", MemoryBed, DirectoryBed) {
  TestType bed;
  CreateCommand ancient = request(id(9));
  ancient.triggered_at = Instant::min();
  const std::vector<Command> bad{StartCommand{.run_id = id(1), .owner = "\xff"}, Command(ancient)};
  for (const Command& command : bad) {
    const std::vector<Command> commands{request(id(1)), request(id(2)), command, request(id(3))};
    auto refused = bed.tracker().apply(commands);
    REQUIRE(code_of(refused) == Errc::invalid_argument);
    CHECK(refused.error().applied == Applied::no);
    CHECK(refused.error().message.find("Command 2") != std::string::npos);
    for (const std::uint64_t number : {1u, 2u, 3u}) {
      CHECK_FALSE(bed.tracker().get(id(number)).value().has_value());
    }
  }
}

TEMPLATE_TEST_CASE("a batch takes 10,000 commands and not one more", "[api][batch][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed(large_segments);
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i <= kBatchCommandsMax; ++i) commands.emplace_back(request(id(i)));
  auto refused = bed.tracker().apply(commands);
  REQUIRE(code_of(refused) == Errc::invalid_argument);
  CHECK(refused.error().advice.find("10000") != std::string::npos);
  CHECK_FALSE(bed.tracker().get(id(0)).value().has_value());
  commands.pop_back();
  const auto outcomes = bed.tracker().apply(commands).value();
  CHECK(outcomes.size() == kBatchCommandsMax);
  for (std::uint64_t i = 0; i < kBatchCommandsMax; ++i) {
    REQUIRE(outcomes[i].kind == OutcomeKind::created);
    REQUIRE(outcomes[i].run.run_id == id(i));
  }
  for (Command& command : commands) {
    command = StartCommand{.run_id = std::get<CreateCommand>(command).run_id.value()};
  }
  for (const Outcome& outcome : bed.tracker().apply(commands).value()) {
    REQUIRE(outcome.kind == OutcomeKind::applied);
  }
  bed.reopen();
  CHECK(bed.tracker().get(id(kBatchCommandsMax - 1)).value()->status == RunStatus::running);
}

TEMPLATE_TEST_CASE("a batch of fresh ids gets them in order", "[api][batch][create]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const std::vector<Command> commands(
      1'000, CreateCommand{.journey_id = test::kJourney, .profile_id = test::kProfile});
  const auto outcomes = bed.tracker().apply(commands).value();
  Uuid last{};
  for (const Outcome& outcome : outcomes) {
    REQUIRE(outcome.kind == OutcomeKind::created);
    REQUIRE(last < outcome.run.run_id);
    last = outcome.run.run_id;
  }
}

TEMPLATE_TEST_CASE("a batch takes 16 MiB and not one command more", "[api][batch][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed(large_segments);
  const std::string text(kErrorTextSizeMax, 'x');
  const FailCommand fail{.run_id = id(1), .error = text};
  const std::size_t fit = kBatchBytesMax / store::effect_bytes_max(fail);
  bring(bed.tracker(), id(1), RunStatus::queued);
  std::vector<Command> commands(fit + 1, fail);
  auto refused = bed.tracker().apply(commands);
  REQUIRE(code_of(refused) == Errc::invalid_argument);
  CHECK(refused.error().applied == Applied::no);
  CHECK(bed.tracker().get(id(1)).value()->status == RunStatus::queued);
  commands.pop_back();
  const auto outcomes = bed.tracker().apply(commands).value();
  CHECK(outcomes.front().kind == OutcomeKind::applied);
  CHECK(outcomes.back().kind == OutcomeKind::unchanged);
}

TEMPLATE_TEST_CASE("the largest batch there can be is written and read back",
                   "[api][batch][limits]", MemoryBed, DirectoryBed) {
  TestType bed(large_segments);
  const std::string text(kErrorTextSizeMax, 'x');
  const std::size_t fit =
      kBatchBytesMax / store::effect_bytes_max(FailCommand{.run_id = {}, .error = text});
  std::vector<Command> creates;
  std::vector<Command> fails;
  for (std::uint64_t i = 0; i < fit; ++i) {
    creates.emplace_back(request(id(i)));
    fails.emplace_back(FailCommand{.run_id = id(i), .error = text});
  }
  REQUIRE(ok(bed.tracker().apply(creates)));
  REQUIRE(ok(bed.tracker().apply(fails)));
  bed.reopen();
  for (std::uint64_t i = 0; i < fit; i += 97) {
    CHECK(bed.tracker().get(id(i)).value()->error == text);
  }
}

TEMPLATE_TEST_CASE("get_many answers in the order asked for, absent runs too", "[api][get_many]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const Uuid ours = id(1, 0xaa);
  for (std::uint64_t i = 0; i < 200; ++i) {
    bed.tracker().create(request(id(i), i % 5 == 0 ? ours : Uuid{})).value().require_applied();
    if (i == 100) bed.reopen();  // half in LMDB alone, half young
  }
  std::vector<Uuid> asked;
  for (std::uint64_t i = 0; i < 300; ++i) asked.push_back(id((i * 211) % 300));
  asked.push_back(asked.front());  // twice
  for (const Uuid& organization : {Uuid{}, ours, id(9)}) {
    const auto runs = bed.tracker().get_many(asked, {organization}).value();
    REQUIRE(runs.size() == asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      CHECK(runs[i] == bed.tracker().get(asked[i], {organization}).value());
    }
  }
  CHECK(bed.tracker().get_many({}).value().empty());
}

TEMPLATE_TEST_CASE("get_many takes 10,000 ids and not one more", "[api][get_many][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed(large_segments);
  std::vector<Command> commands;
  std::vector<Uuid> asked;
  for (std::uint64_t i = 0; i < kGetManyMax; ++i) {
    commands.emplace_back(request(id(i)));
    asked.push_back(id(i));
  }
  REQUIRE(ok(bed.tracker().apply(commands)));
  auto runs = bed.tracker().get_many(asked).value();
  CHECK(runs.size() == kGetManyMax);
  for (std::uint64_t i = 0; i < kGetManyMax; ++i) REQUIRE(runs[i]->run_id == id(i));
  asked.push_back(id(kGetManyMax));
  auto refused = bed.tracker().get_many(asked);
  REQUIRE(code_of(refused) == Errc::invalid_argument);
  CHECK(refused.error().advice.find("10000") != std::string::npos);
}

}  // namespace
}  // namespace milepost
