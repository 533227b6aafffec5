// SPDX-License-Identifier: Apache-2.0
//
// Counts, on any store: exact in every scope after every kind of change.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/lists.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;
using test::request;

const Uuid kOurs = id(1, 0xaa);
const Uuid kOtherJourney = id(5, 5);

void add(Counts& counts, RunStatus status) {
  const std::array fields{&counts.queued, &counts.running, &counts.completed, &counts.failed,
                          &counts.exited};
  ++*fields[static_cast<std::size_t>(status)];
}

/// A tracker whose counts are compared with a look at every run after each change.
template <typename Bed>
class CountedBed {
 public:
  explicit CountedBed(Bed& bed) : bed_(bed) {}

  Tracker& tracker() { return bed_.tracker(); }

  /// Ids that may name a run from now on.
  void know(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = first; i < first + count; ++i) ids_.push_back(id(i));
  }

  void check(const char* what) {
    CAPTURE(what);
    compare();
    bed_.reopen();
    compare();
  }

 private:
  void compare() {
    const std::vector<std::optional<Uuid>> organizations{std::nullopt, Uuid{}, kOurs, id(9, 9)};
    const std::vector<std::optional<Uuid>> journeys{std::nullopt, test::kJourney, kOtherJourney,
                                                    Uuid{}};
    std::vector<Run> runs;
    for (const auto& organization : organizations) {
      if (!organization) continue;
      for (auto& run : tracker().get_many(ids_, {*organization}).value()) {
        if (run) runs.push_back(std::move(*run));
      }
    }
    for (const auto& organization : organizations) {
      for (const auto& journey : journeys) {
        Counts expected;
        for (const Run& run : runs) {
          const bool journey_fits =
              !journey ||
              (run.journey_id == *journey && run.organization_id == organization.value_or(Uuid{}));
          if (journey_fits && (!organization || run.organization_id == *organization)) {
            add(expected, run.status);
          }
        }
        const CountOptions options{.organization_id = organization, .journey_id = journey};
        const Counts counts = tracker().counts(options).value();
        CAPTURE(organization.has_value(), journey.has_value());
        REQUIRE(counts == expected);
        REQUIRE(counts.total() == expected.total());
      }
    }
    REQUIRE(tracker().stats().value().runs == tracker().counts().value());
  }

  Bed& bed_;
  std::vector<Uuid> ids_;
};

/// Ten runs: of two organizations and two journeys, half of them another profile's.
std::vector<Command> ten_creates(std::uint64_t first) {
  std::vector<Command> commands;
  for (std::uint64_t i = first; i < first + 10; ++i) {
    CreateCommand create = request(id(i), i % 3 == 0 ? kOurs : Uuid{});
    if (i % 2 == 0) create.journey_id = kOtherJourney;
    if (i % 4 < 2) create.profile_id = id(7);
    commands.emplace_back(create);
  }
  return commands;
}

TEMPLATE_TEST_CASE("counts are exact after every kind of change, in every scope", "[api][counts]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  CountedBed<TestType> counted(bed);
  counted.know(0, 60);
  const auto apply = [&](const std::vector<Command>& commands) {
    REQUIRE(ok(bed.tracker().apply(commands)));
  };
  counted.check("nothing");
  apply(ten_creates(0));
  apply(ten_creates(10));
  counted.check("creates");
  apply(ten_creates(10));
  counted.check("repeated creates");
  std::vector<Command> starts;
  for (std::uint64_t i = 0; i < 15; ++i) {
    starts.emplace_back(
        StartCommand{.run_id = id(i), .organization_id = i % 3 == 0 ? kOurs : Uuid{}});
  }
  apply(starts);
  counted.check("starts");
  apply({CompleteCommand{.run_id = id(1)}, FailCommand{.run_id = id(2), .error = "x"},
         ExitCommand{.run_id = id(4)}, FailCommand{.run_id = id(16), .error = "x"},
         ExitCommand{.run_id = id(17)}, AdoptCommand{.run_id = id(5), .owner = "me"},
         HeartbeatCommand{.run_id = id(5), .lease = Lease(1'000)},
         CompleteCommand{.run_id = id(3), .organization_id = kOurs}});
  counted.check("ends, an adopt and a heartbeat");
  apply({CompleteCommand{.run_id = id(16)}, StartCommand{.run_id = id(5)},
         ExitCommand{.run_id = id(99)}});
  counted.check("refusals");
  std::mt19937_64 random(test::test_seed("counts"));
  const test::World world;
  std::vector<Command> imports;
  for (std::uint64_t i = 20; i < 40; ++i) {
    ImportCommand import = world.any_run(id(i), random);
    import.organization_id = i % 3 == 0 ? kOurs : Uuid{};
    imports.emplace_back(import);
  }
  apply(imports);
  counted.check("imports");
  // A whole life in one batch, and a run that another command makes again.
  apply({request(id(40)), StartCommand{.run_id = id(40)}, CompleteCommand{.run_id = id(40)}});
  counted.check("a life in one batch");
  REQUIRE(ok(bed.tracker().bulk({.filter = {.journey_id = kOtherJourney}, .limit = 3})));
  counted.check("a bulk step");
  REQUIRE(ok(bed.tracker().purge({.completed_before = Instant::max(), .limit = 4})));
  counted.check("a purge step of everybody");
  REQUIRE(ok(bed.tracker().purge(
      {.completed_before = Instant::max(), .organization_id = kOurs, .limit = 100})));
  counted.check("a purge of an organization");
  CreateCommand again = request(id(40));
  again.journey_id = kOtherJourney;
  apply({again, StartCommand{.run_id = id(40)}});
  counted.check("a purged run made again under another journey");
  REQUIRE(ok(bed.tracker().erase_profile({.profile_id = test::kProfile})));
  counted.check("an erased profile");
  REQUIRE(ok(bed.tracker().erase_profile({.profile_id = id(7), .organization_id = kOurs})));
  counted.check("an erased profile of an organization");
}

TEMPLATE_TEST_CASE("counts of who has no runs are zero", "[api][counts]", MemoryBed, DirectoryBed) {
  TestType bed;
  test::bring(bed.tracker(), id(1), RunStatus::failed, {.organization = kOurs});
  CHECK(bed.tracker().counts({.organization_id = Uuid{}}).value() == Counts{});
  CHECK(bed.tracker().counts({.journey_id = test::kJourney}).value() == Counts{});
  const CountOptions ours{.organization_id = kOurs, .journey_id = test::kJourney};
  CHECK(bed.tracker().counts(ours).value() == Counts{.failed = 1});
  CHECK(bed.tracker().counts().value().of(RunStatus::failed) == 1);
  CHECK(bed.tracker().counts().value().total() == 1);
}

}  // namespace
}  // namespace milepost
