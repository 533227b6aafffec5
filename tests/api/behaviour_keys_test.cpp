// SPDX-License-Identifier: Apache-2.0
//
// Idempotency keys, on any store: whose they are, what a repeat of a request is, how long they
// live.
#include <string>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::at;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;

CreateCommand keyed(std::string_view key) {
  CreateCommand command;
  command.journey_id = test::kJourney;
  command.profile_id = test::kProfile;
  command.idempotency_key = key;
  return command;
}

TEMPLATE_TEST_CASE("the first create with a key makes the run, a repeat gets that run",
                   "[api][keys]", MemoryBed, DirectoryBed) {
  TestType bed;
  const Outcome first = bed.tracker().create(keyed("order 7")).value();
  REQUIRE(first.kind == OutcomeKind::created);
  for (int round = 0; round < 3; ++round) {
    const Outcome repeat = bed.tracker().create(keyed("order 7")).value();
    CHECK(repeat.kind == OutcomeKind::unchanged);
    CHECK(repeat.run == first.run);
    if (round == 0) REQUIRE(ok(bed.tracker().flush()));
    if (round == 1) bed.reopen();
  }
  // It is the run as it is by then.
  const Outcome started = bed.tracker().start(first.run.run_id, {.owner = "a"}).value();
  CHECK(bed.tracker().create(keyed("order 7")).value().run == started.run);
  CHECK(bed.tracker().counts().value().total() == 1);
}

TEMPLATE_TEST_CASE("without a key every create makes a run", "[api][keys]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  CHECK(bed.tracker().create(keyed("")).value().kind == OutcomeKind::created);
  CHECK(bed.tracker().create(keyed("")).value().kind == OutcomeKind::created);
  CHECK(bed.tracker().counts().value().total() == 2);
}

TEMPLATE_TEST_CASE(
    "whatever differs in a request under a known key is a conflict that names the run",
    "[api][keys]", MemoryBed, DirectoryBed) {
  TestType bed;
  CreateCommand original = keyed("k");
  original.run_id = id(1);
  original.triggered_at = at("2023-01-01T00:00:00Z");
  const Outcome first = bed.tracker().create(original).value();
  REQUIRE(first.kind == OutcomeKind::created);
  std::vector<CreateCommand> others(7, original);
  others[0].journey_id = id(2);
  others[1].profile_id = id(2);
  others[2].run_id = id(2);
  others[3].run_id.reset();
  others[4].triggered_at = at("2023-01-01T00:00:01Z");
  others[5].triggered_at.reset();
  others[6].run_id.reset();
  others[6].triggered_at.reset();
  for (std::size_t i = 0; i < others.size(); ++i) {
    CAPTURE(i);
    const Outcome told = bed.tracker().create(others[i]).value();
    CHECK(told.kind == OutcomeKind::conflict);
    CHECK(told.run == first.run);
  }
  CHECK(bed.tracker().create(original).value().kind == OutcomeKind::unchanged);
  CHECK(bed.tracker().counts().value().total() == 1);
}

TEMPLATE_TEST_CASE("what a caller left open is not compared", "[api][keys]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const Outcome first = bed.tracker().create(keyed("k")).value();
  bed.clock.step(seconds(100));  // the default instant is another by now
  const Outcome repeat = bed.tracker().create(keyed("k")).value();
  CHECK(repeat.kind == OutcomeKind::unchanged);
  CHECK(repeat.run == first.run);
}

TEMPLATE_TEST_CASE("each organization has keys of its own", "[api][keys]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  std::vector<Run> runs;
  for (std::uint64_t organization = 0; organization < 3; ++organization) {
    CreateCommand create = keyed("k");
    if (organization > 0) create.organization_id = id(organization);
    const Outcome made = bed.tracker().create(create).value();
    CHECK(made.kind == OutcomeKind::created);
    CHECK(bed.tracker().create(create).value().run == made.run);
  }
}

TEMPLATE_TEST_CASE("a key is 1 to 255 bytes of any value", "[api][keys][limits]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  std::vector<std::string> keys{"k",
                                std::string(kIdempotencyKeySizeMax, 'k'),
                                std::string("\0", 1),
                                std::string("k\0", 2),
                                "\xff\xfe",
                                std::string(kIdempotencyKeySizeMax - 1, 'k')};
  std::vector<Uuid> runs;
  for (const std::string& key : keys) {
    const Outcome made = bed.tracker().create(keyed(key)).value();
    CHECK(made.kind == OutcomeKind::created);
    runs.push_back(made.run.run_id);
  }
  bed.reopen();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(bed.tracker().create(keyed(keys[i])).value().run.run_id == runs[i]);
  }
  const auto refused = bed.tracker().create(keyed(std::string(kIdempotencyKeySizeMax + 1, 'k')));
  CHECK(code_of(refused) == Errc::invalid_argument);
  CHECK(bed.tracker().counts().value().total() == keys.size());
}

TEMPLATE_TEST_CASE("keys within one batch", "[api][keys]", MemoryBed, DirectoryBed) {
  TestType bed;
  CreateCommand other = keyed("a");
  other.profile_id = id(5);
  const std::vector<Command> batch{keyed("a"), keyed("b"), keyed("a"), other};
  const auto told = bed.tracker().apply(batch).value();
  CHECK(told[0].kind == OutcomeKind::created);
  CHECK(told[1].kind == OutcomeKind::created);
  CHECK(told[2].kind == OutcomeKind::unchanged);
  CHECK(told[2].run == told[0].run);
  CHECK(told[3].kind == OutcomeKind::conflict);
  CHECK(told[3].run == told[0].run);
}

TEMPLATE_TEST_CASE("a key goes with its run, by purge and by erasure, and may be used again",
                   "[api][keys]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (const bool purged : {true, false}) {
    for (const bool flushed : {true, false}) {
      CAPTURE(purged, flushed);
      const Uuid first = bed.tracker().create(keyed("k")).value().run.run_id;
      bed.tracker().exit(first).value().require_applied();
      if (flushed) REQUIRE(ok(bed.tracker().flush()));
      if (purged) {
        REQUIRE(
            bed.tracker().purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed ==
            1);
      } else {
        REQUIRE(bed.tracker().erase_profile({.profile_id = test::kProfile}).value().runs == 1);
      }
      if (flushed) bed.reopen();
      const Outcome second = bed.tracker().create(keyed("k")).value();
      CHECK(second.kind == OutcomeKind::created);
      CHECK(second.run.run_id != first);
      CHECK(bed.tracker().create(keyed("k")).value().run == second.run);
      REQUIRE(bed.tracker().erase_profile({.profile_id = test::kProfile}).value().runs == 1);
    }
  }
}

TEST_CASE("no row of a key stays behind its run", "[api][keys]") {
  DirectoryBed bed;
  Tracker& tracker = bed.tracker();
  const Uuid first = tracker.create(keyed("k")).value().run.run_id;
  tracker.exit(first).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  REQUIRE(tracker.purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed == 1);
  CHECK(tracker.verify().value().sound());
  tracker.create(keyed("k")).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  REQUIRE(tracker.erase_profile({.profile_id = test::kProfile}).value().runs == 1);
  CHECK(tracker.verify().value().sound());
}

TEMPLATE_TEST_CASE("a key lives for its time and not longer, also over a restart", "[api][keys]",
                   MemoryBed, DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.idempotency_key_lifetime = seconds(60); });
  const Outcome first = bed.tracker().create(keyed("k")).value();
  bed.clock.step(seconds(60) - milliseconds(1));
  CHECK(bed.tracker().create(keyed("k")).value().run == first.run);
  bed.reopen();
  CHECK(bed.tracker().create(keyed("k")).value().run == first.run);
  bed.clock.step(milliseconds(1));
  const Outcome second = bed.tracker().create(keyed("k")).value();
  CHECK(second.kind == OutcomeKind::created);
  CHECK(bed.tracker().create(keyed("k")).value().run == second.run);
  // The first run is there and has no key any more: its end does not free the second one's.
  bed.tracker().exit(first.run.run_id).value().require_applied();
  REQUIRE(bed.tracker().purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed ==
          1);
  bed.reopen();
  CHECK(bed.tracker().create(keyed("k")).value().run == second.run);
}

TEST_CASE("a lifetime that is given later counts from the create", "[api][keys]") {
  DirectoryBed bed;
  const Outcome first = bed.tracker().create(keyed("k")).value();
  bed.clock.step(seconds(60));
  CHECK(bed.tracker().create(keyed("k")).value().run == first.run);
  bed.options().idempotency_key_lifetime = seconds(60);
  bed.reopen();
  CHECK(bed.tracker().create(keyed("k")).value().kind == OutcomeKind::created);
}

TEMPLATE_TEST_CASE("a key does not make a run of an id that is taken", "[api][keys]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  bed.tracker().create(test::request(id(1))).value().require_applied();
  CreateCommand same = test::request(id(1));
  same.idempotency_key = "k";
  // The same request as the one without a key.
  CHECK(bed.tracker().create(same).value().kind == OutcomeKind::unchanged);
  CreateCommand other = same;
  other.profile_id = id(9);
  CHECK(bed.tracker().create(other).value().kind == OutcomeKind::conflict);
  // Neither gave the key away.
  CHECK(bed.tracker().create(keyed("k")).value().kind == OutcomeKind::created);
}

}  // namespace
}  // namespace milepost
