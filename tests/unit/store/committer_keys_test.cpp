// SPDX-License-Identifier: Apache-2.0
//
// What the committer does with idempotency keys, leases and removals: where it looks, in which
// order, what a failed neighbour takes back, and that removals get in where nothing else does.
#include "support/steps.hpp"
#include "support/threads.hpp"
#include "unit/store/committer_support.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::code_of;
using test::Desk;
using test::id;
using test::ok;

CreateCommand keyed(std::string_view key, const Uuid& organization = {}) {
  CreateCommand command;
  command.journey_id = test::kJourney;
  command.profile_id = test::kProfile;
  command.organization_id = organization;
  command.idempotency_key = key;
  return command;
}

Outcome send_one(Desk& desk, const Command& command) { return desk.send({command}).value()[0]; }

core::Removal purge_of(std::uint64_t run) {
  return {.kind = core::EffectKind::purge,
          .run_id = id(run),
          .completed_before = test::at("2100-01-01T00:00:00Z")};
}

TEST_CASE("a key is found in its batch, before LMDB has it, and in LMDB",
          "[store][committer][keys]") {
  Desk desk;
  const auto told = desk.send({keyed("k"), keyed("k"), keyed("other")}).value();
  CHECK(told[0].kind == OutcomeKind::created);
  CHECK(told[1].kind == OutcomeKind::unchanged);
  CHECK(told[1].run == told[0].run);
  CHECK(told[2].kind == OutcomeKind::created);
  CHECK_FALSE(desk.keys.empty());
  CHECK(send_one(desk, keyed("k")).run == told[0].run);
  desk.apply();
  CHECK(desk.keys.empty());
  CHECK(desk.recent.size() == 0);
  CHECK(send_one(desk, keyed("k")).run == told[0].run);
  CHECK(desk.journal->next_sequence() == 3);
}

TEST_CASE("a key is its organization's", "[store][committer][keys]") {
  Desk desk;
  const auto told = desk.send({keyed("k"), keyed("k", id(5)), keyed("k", id(6))}).value();
  for (const Outcome& outcome : told) CHECK(outcome.kind == OutcomeKind::created);
  desk.apply();
  CHECK(send_one(desk, keyed("k", id(5))).run == told[1].run);
  CHECK(send_one(desk, keyed("k")).run == told[0].run);
}

TEST_CASE("another request under a key is a conflict that names the first run",
          "[store][committer][keys]") {
  Desk desk;
  const Outcome first = send_one(desk, keyed("k"));
  CreateCommand other = keyed("k");
  other.journey_id = id(77);
  for (int round = 0; round < 2; ++round) {
    const Outcome told = send_one(desk, other);
    CHECK(told.kind == OutcomeKind::conflict);
    CHECK(told.run == first.run);
    desk.apply();
  }
}

TEST_CASE("the key of a run that was removed makes a new run, wherever both are",
          "[store][committer][keys]") {
  for (const bool applied : {false, true}) {
    CAPTURE(applied);
    Desk desk;
    CreateCommand create = keyed("k");
    create.run_id = id(1);
    const auto first = desk.send({create, ExitCommand{.run_id = id(1)}}).value();
    if (applied) desk.apply();
    REQUIRE(desk.remove(purge_of(1)).value().applied());
    const Outcome second = send_one(desk, keyed("k"));
    CHECK(second.kind == OutcomeKind::created);
    CHECK(second.run.run_id != id(1));
    CHECK(send_one(desk, keyed("k")).run == second.run);
    desk.apply();
    CHECK(send_one(desk, keyed("k")).run == second.run);
  }
}

TEST_CASE("a key outlives its lifetime by not a moment", "[store][committer][keys]") {
  Desk desk(seconds(10));
  const Outcome first = send_one(desk, keyed("k"));
  desk.wall += seconds(10) - milliseconds(1);
  CHECK(send_one(desk, keyed("k")).run == first.run);
  desk.wall += milliseconds(1);
  const Outcome second = send_one(desk, keyed("k"));
  CHECK(second.kind == OutcomeKind::created);
  CHECK(second.run.run_id != first.run.run_id);
  // The first run is older than its key, and has lost it.
  desk.apply();
  CHECK(send_one(desk, keyed("k")).run == second.run);
  // A clock that goes back does not age anything.
  desk.wall -= std::chrono::hours(1);
  CHECK(send_one(desk, keyed("k")).run == second.run);
}

TEST_CASE("a key whose caller met damage was never given", "[store][committer][keys]") {
  Desk desk;
  desk.damaged = id(13);
  CHECK(code_of(desk.send({keyed("k"), StartCommand{.run_id = id(13)}})) == Errc::corrupt);
  CHECK(desk.keys.empty());
  CHECK(desk.journal->next_sequence() == 1);
  CHECK(send_one(desk, keyed("k")).kind == OutcomeKind::created);
}

TEST_CASE("a lease begins with what was journaled, and not before", "[store][committer][lease]") {
  Desk desk;
  desk.damaged = id(13);
  const Command start = StartCommand{.run_id = id(1), .owner = "a", .lease = milliseconds(50)};
  desk.send({test::request(id(1))}).value()[0].require_applied();
  CHECK(code_of(desk.send({start, StartCommand{.run_id = id(13)}})) == Errc::corrupt);
  CHECK(desk.leases.size() == 0);
  send_one(desk, start).require_applied();
  CHECK(desk.leases.size() == 1);
  // Renewed by a caller that met damage afterwards: not renewed.
  desk.now += milliseconds(40);
  const Command beat = HeartbeatCommand{.run_id = id(1), .lease = milliseconds(50)};
  CHECK(code_of(desk.send({beat, StartCommand{.run_id = id(13)}})) == Errc::corrupt);
  desk.now += milliseconds(10);
  CHECK(desk.leases.expired(id(1)));
}

TEST_CASE("a lease whose start could not be synced never begins", "[store][committer][lease]") {
  Desk desk;
  desk.send({test::request(id(1))}).value();
  desk.sync_error = Error{.code = Errc::outcome_unknown, .applied = Applied::unknown};
  CHECK(code_of(desk.send({StartCommand{.run_id = id(1), .lease = milliseconds(50)}})) ==
        Errc::outcome_unknown);
  CHECK(desk.leases.size() == 0);
}

TEST_CASE("a heartbeat is answered and writes nothing", "[store][committer][lease]") {
  Desk desk;
  desk.send({test::request(id(1)), StartCommand{.run_id = id(1), .lease = milliseconds(50)}})
      .value();
  const std::uint64_t next = desk.journal->next_sequence();
  desk.now += milliseconds(49);
  CHECK(send_one(desk, HeartbeatCommand{.run_id = id(1), .lease = milliseconds(50)}).kind ==
        OutcomeKind::applied);
  desk.now += milliseconds(49);
  CHECK_FALSE(desk.leases.expired(id(1)));
  CHECK(desk.journal->next_sequence() == next);
}

TEST_CASE("whatever ends a run or takes it away ends its lease", "[store][committer][lease]") {
  const std::vector<Command> ends{CompleteCommand{.run_id = id(1)}, FailCommand{.run_id = id(1)},
                                  ExitCommand{.run_id = id(1)}, AdoptCommand{.run_id = id(1)}};
  for (const Command& end : ends) {
    Desk desk;
    const auto told =
        desk.send({test::request(id(1)), StartCommand{.run_id = id(1), .lease = milliseconds(50)}})
            .value();
    CHECK(desk.leases.size() == 1);
    send_one(desk, end).require_applied();
    CHECK(desk.leases.size() == 0);
  }
  Desk desk;
  desk.send({test::request(id(1)), StartCommand{.run_id = id(1), .lease = milliseconds(50)}})
      .value();
  REQUIRE(desk.remove({.kind = core::EffectKind::erase,
                       .run_id = id(1),
                       .profile_id = test::kProfile,
                       .made_before = 100})
              .value()
              .applied());
  CHECK(desk.leases.size() == 0);
}

TEST_CASE("only_if_expired waits for the lease, and what was renewed a moment ago has not run out",
          "[store][committer][lease]") {
  Desk desk;
  const Command take = AdoptCommand{.run_id = id(1), .owner = "b", .only_if_expired = true};
  const Command fail = FailCommand{.run_id = id(1), .error = "lost", .only_if_expired = true};
  const Command beat = HeartbeatCommand{.run_id = id(1), .lease = milliseconds(50)};
  desk.send({test::request(id(1)), StartCommand{.run_id = id(1), .lease = milliseconds(50)}})
      .value();
  CHECK(send_one(desk, take).kind == OutcomeKind::conflict);
  CHECK(send_one(desk, fail).kind == OutcomeKind::conflict);
  desk.now += milliseconds(50);
  // In one batch, in order.
  const auto told = desk.send({beat, take, fail}).value();
  CHECK(told[0].kind == OutcomeKind::applied);
  CHECK(told[1].kind == OutcomeKind::conflict);
  CHECK(told[2].kind == OutcomeKind::conflict);
  desk.now += milliseconds(50);
  const auto late = desk.send({take, beat, fail}).value();
  CHECK(late[0].kind == OutcomeKind::applied);
  CHECK(late[0].run.fencing_token == 2);
  CHECK(late[1].kind == OutcomeKind::applied);  // named no owner: the new one's lease
  CHECK(late[2].kind == OutcomeKind::conflict);
}

TEST_CASE("a run without a lease never expires", "[store][committer][lease]") {
  Desk desk;
  desk.send({test::request(id(1)), StartCommand{.run_id = id(1)}}).value();
  desk.now += std::chrono::hours(1'000);
  CHECK(send_one(desk, FailCommand{.run_id = id(1), .only_if_expired = true}).kind ==
        OutcomeKind::conflict);
}

TEST_CASE("a removal is decided on what the run is by then", "[store][committer][removal]") {
  Desk desk;
  desk.send({test::request(id(1))}).value();
  CHECK(desk.remove(purge_of(1)).value().kind == OutcomeKind::illegal);
  CHECK(desk.remove(purge_of(2)).value().kind == OutcomeKind::not_found);
  send_one(desk, ExitCommand{.run_id = id(1)}).require_applied();
  core::Removal early = purge_of(1);
  early.completed_before = desk.wall;  // it finished at this very instant
  CHECK(desk.remove(early).value().kind == OutcomeKind::illegal);
  core::Removal foreign = purge_of(1);
  foreign.organization_id = id(5);
  CHECK(desk.remove(foreign).value().kind == OutcomeKind::not_found);
  CHECK(desk.remove({.kind = core::EffectKind::erase,
                     .run_id = id(1),
                     .profile_id = id(9),
                     .made_before = 100})
            .value()
            .kind == OutcomeKind::illegal);
  const Outcome removed = desk.remove(purge_of(1)).value();
  CHECK(removed.kind == OutcomeKind::applied);
  CHECK(removed.run.sequence == 3);
  CHECK(desk.remove(purge_of(1)).value().kind == OutcomeKind::not_found);
  CHECK(send_one(desk, StartCommand{.run_id = id(1)}).kind == OutcomeKind::not_found);
  // Its id may be used again.
  CHECK(send_one(desk, test::request(id(1))).kind == OutcomeKind::created);
}

TEST_CASE("two removals of one run in one batch: only the first removes it",
          "[store][committer][removal]") {
  Desk desk;
  desk.send({test::request(id(1)), ExitCommand{.run_id = id(1)}}).value();
  const core::Removal purge = purge_of(1);
  const auto told = desk.send({ResolvedCommand{.run_id = id(1), .removal = &purge},
                               ResolvedCommand{.run_id = id(1), .removal = &purge}})
                        .value();
  CHECK(told[0].kind == OutcomeKind::applied);
  CHECK(told[1].kind == OutcomeKind::not_found);
  CHECK(desk.handed_over == 3);
}

TEST_CASE("a forget is an effect with a sequence and no run", "[store][committer][removal]") {
  Desk desk;
  const Outcome told = desk.remove({.kind = core::EffectKind::forget, .profile_id = id(9)}).value();
  CHECK(told.applied());
  CHECK(told.run.sequence == 1);
  CHECK(desk.recent.size() == 0);
  CHECK(desk.handed_over == 1);
}

TEST_CASE("a full journal takes removals, and puts only when there is room again",
          "[store][committer][removal]") {
  Desk desk;
  REQUIRE(desk.fill_journal() == Errc::busy);
  const std::uint64_t last = desk.journal->next_sequence() - 1;
  std::uint64_t removed = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    core::Removal removal = purge_of(run);
    removal.run_id = id(run, 0x50);
    auto told = desk.remove(removal);
    REQUIRE(ok(told));
    removed += told->applied() ? 1 : 0;
  }
  CHECK(removed > 10);
  CHECK(desk.journal->next_sequence() - 1 == last + removed);
  const std::string text(4'000, 'x');
  desk.store(1);
  CHECK(code_of(desk.send({FailCommand{id(1), text}})) == Errc::busy);
  desk.apply();
  desk.journal->release(desk.handed_over);
  CHECK(ok(desk.send({FailCommand{id(1), text}})));
}

}  // namespace
}  // namespace milepost::store
