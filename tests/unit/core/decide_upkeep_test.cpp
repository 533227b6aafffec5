// SPDX-License-Identifier: Apache-2.0
//
// decide for what comes after a start: adopt, heartbeat, leases, and the removals of upkeep,
// against expectations written out by hand.
#include "core/decide.hpp"
#include "core/state.hpp"
#include "unit/core/support.hpp"

#include "milepost/options.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;
using test::record_in;

constexpr auto A = OutcomeKind::applied;
constexpr auto U = OutcomeKind::unchanged;
constexpr auto I = OutcomeKind::illegal;
constexpr auto C = OutcomeKind::conflict;
constexpr auto N = OutcomeKind::not_found;

constexpr DecideContext kContext{at(kMicros + 9'000'000), 6, 20, {}};

DecideContext with_expired_lease() {
  DecideContext context = kContext;
  context.lease_expired = true;
  return context;
}

/// A running run that was adopted once: owner worker-7, token 2.
RecordView held() {
  RecordView run = record_in(RunStatus::running);
  run.fencing_token = 2;
  return run;
}

void check_refused(const Decision& decision, OutcomeKind expected) {
  CHECK(decision.outcome == expected);
  CHECK_FALSE(decision.next.has_value());
  CHECK(decision.current_visible);
}

void check_not_found(const Decision& decision) {
  CHECK(decision.outcome == N);
  CHECK_FALSE(decision.next.has_value());
  CHECK_FALSE(decision.current_visible);
}

struct Cell {
  RunStatus from;
  OutcomeKind adopt;
  OutcomeKind adopt_repeat;  ///< The same command again, on what the first left.
  OutcomeKind heartbeat;
};

/// By an adopter that names an owner and the token it saw.
const Cell kCells[] = {
    {RunStatus::queued, I, I, I}, {RunStatus::running, A, U, A}, {RunStatus::completed, I, I, I},
    {RunStatus::failed, I, I, I}, {RunStatus::exited, I, I, I},
};

}  // namespace

TEST_CASE("adopt and heartbeat in every status, adopt also as a repeat", "[core][decide]") {
  static_assert(std::size(kCells) == kAllStatuses.size());
  for (const Cell& cell : kCells) {
    CAPTURE(to_string(cell.from));
    const RecordView before = record_in(cell.from);
    const AdoptCommand adopt{
        .run_id = id_of(1), .owner = "worker-8", .fencing_token = before.fencing_token};
    const Decision fresh = decide(adopt, &before, kContext);
    CHECK(fresh.outcome == cell.adopt);
    CHECK(fresh.current_visible);
    REQUIRE(fresh.next.has_value() == (cell.adopt == A));
    const RecordView left = fresh.next.value_or(before);
    check_refused(decide(adopt, &left, kContext), cell.adopt_repeat);
    check_refused(
        decide(HeartbeatCommand{.run_id = id_of(1), .lease = Lease(5)}, &before, kContext),
        cell.heartbeat);
  }
}

TEST_CASE("adopt and heartbeat of no run, or of another organization's, is not found",
          "[core][decide]") {
  const AdoptCommand adopt{.run_id = id_of(1), .owner = "worker-8"};
  const HeartbeatCommand beat{.run_id = id_of(1), .lease = Lease(5)};
  check_not_found(decide(adopt, nullptr, kContext));
  check_not_found(decide(beat, nullptr, kContext));
  for (const RunStatus status : kAllStatuses) {
    RecordView theirs = record_in(status);
    theirs.organization_id = id_of(0xa0);
    check_not_found(decide(adopt, &theirs, kContext));
    check_not_found(decide(beat, &theirs, kContext));
    AdoptCommand ours = adopt;
    ours.organization_id = id_of(0xa0);
    CHECK(decide(ours, &theirs, kContext).outcome != N);
  }
}

TEST_CASE("adopt sets owner, token, epoch and sequence, and nothing else", "[core][decide]") {
  RecordView before = held();
  before.idempotency_key = "order-4711";
  before.keyed_at = at(kMicros);
  for (const std::string_view owner : {"worker-8", ""}) {
    const Decision decision =
        decide(AdoptCommand{.run_id = id_of(1), .owner = owner}, &before, kContext);
    RecordView expected = before;
    expected.owner = owner;
    expected.fencing_token = 3;
    expected.epoch = 6;
    expected.sequence = 20;
    REQUIRE(decision.next);
    CHECK(*decision.next == expected);
    CHECK(broken_rule(*decision.next) == nullptr);
  }
}

TEST_CASE("an adopt is judged by the token it names", "[core][decide]") {
  struct Row {
    std::string_view owner;
    std::optional<std::uint64_t> token;
    OutcomeKind expected;
  };
  // The run is worker-7's, under token 2.
  const Row rows[] = {
      {"worker-8", std::nullopt, A},
      {"worker-7", std::nullopt, A},  // without a token every adopt takes the run anew
      {"", std::nullopt, A},
      {"worker-8", 2, A},
      {"worker-7", 2, A},
      {"worker-7", 1, U},  // its repeat: it saw 1 and got 2
      {"worker-8", 1, C},  // another saw 1 as well and came too late
      {"", 1, C},          // nobody in particular matches nobody
      {"worker-7", 0, C},
      {"worker-7", 3, C},
      {"worker-8", 3, C},
      {"worker-7", std::numeric_limits<std::uint64_t>::max(), C},
  };
  const RecordView run = held();
  for (const Row& row : rows) {
    CAPTURE(row.owner, row.token.value_or(99));
    const Decision decision =
        decide(AdoptCommand{.run_id = id_of(1), .owner = row.owner, .fencing_token = row.token},
               &run, kContext);
    if (row.expected == A) {
      CHECK(decision.outcome == A);
    } else {
      check_refused(decision, row.expected);
    }
  }
  RecordView nobodys = run;
  nobodys.owner = {};
  check_refused(decide(AdoptCommand{.run_id = id_of(1), .fencing_token = 1}, &nobodys, kContext),
                C);
}

TEST_CASE("an old owner's steps are conflicts once the run was adopted", "[core][decide]") {
  const RecordView before = record_in(RunStatus::running);
  const RecordView adopted =
      *decide(AdoptCommand{.run_id = id_of(1), .owner = "worker-8"}, &before, kContext).next;
  const CompleteCommand by_owner{.run_id = id_of(1), .owner = "worker-7"};
  const FailCommand by_token{.run_id = id_of(1), .error = "late", .fencing_token = 1};
  const HeartbeatCommand beat{.run_id = id_of(1), .lease = Lease(5), .fencing_token = 1};
  check_refused(decide(by_owner, &adopted, kContext), C);
  check_refused(decide(by_token, &adopted, kContext), C);
  check_refused(decide(beat, &adopted, kContext), C);
  const ExitCommand by_new{.run_id = id_of(1), .owner = "worker-8", .fencing_token = 2};
  CHECK(decide(by_new, &adopted, kContext).outcome == A);
}

TEST_CASE("a heartbeat is judged by owner and token and writes nothing", "[core][decide]") {
  struct Row {
    std::string_view owner;
    std::optional<std::uint64_t> token;
    OutcomeKind expected;
  };
  const Row rows[] = {
      {"", std::nullopt, A},
      {"worker-7", std::nullopt, A},
      {"", 2, A},
      {"worker-7", 2, A},
      {"worker-8", std::nullopt, C},
      {"", 1, C},
      {"", 3, C},
      {"worker-7", 1, C},
      {"worker-8", 2, C},
  };
  const RecordView run = held();
  for (const Row& row : rows) {
    CAPTURE(row.owner, row.token.value_or(99));
    const HeartbeatCommand beat{
        .run_id = id_of(1), .lease = Lease(5), .owner = row.owner, .fencing_token = row.token};
    check_refused(decide(beat, &run, kContext), row.expected);
    check_refused(decide(beat, &run, with_expired_lease()), row.expected);
  }
}

TEST_CASE("only_if_expired waits for the lease, and for nothing else", "[core][decide]") {
  const AdoptCommand adopt{
      .run_id = id_of(1), .owner = "worker-8", .fencing_token = 2, .only_if_expired = true};
  const FailCommand fail{.run_id = id_of(1), .error = "silent", .only_if_expired = true};
  const RecordView run = held();
  check_refused(decide(adopt, &run, kContext), C);
  check_refused(decide(fail, &run, kContext), C);
  const Decision adopted = decide(adopt, &run, with_expired_lease());
  CHECK(adopted.outcome == A);
  CHECK(decide(fail, &run, with_expired_lease()).outcome == A);
  // A repeat is one whether the lease has run out since or not.
  check_refused(decide(adopt, &*adopted.next, kContext), U);
  const RecordView failed = record_in(RunStatus::failed);
  check_refused(decide(fail, &failed, kContext), U);
  // No lease makes legal what is not, or current what is stale.
  for (const RunStatus status : {RunStatus::queued, RunStatus::completed, RunStatus::exited}) {
    const RecordView other = record_in(status);
    check_refused(decide(adopt, &other, with_expired_lease()), I);
  }
  const RecordView completed = record_in(RunStatus::completed);
  check_refused(decide(fail, &completed, with_expired_lease()), I);
  AdoptCommand stale = adopt;
  stale.fencing_token = 7;
  check_refused(decide(stale, &run, with_expired_lease()), C);
  FailCommand mistaken = fail;
  mistaken.owner = "worker-8";
  check_refused(decide(mistaken, &run, with_expired_lease()), C);
  // A queued run has no lease.
  const RecordView queued = record_in(RunStatus::queued);
  check_refused(decide(fail, &queued, kContext), C);
}

TEST_CASE("a purge takes finished runs of its organization that ended before its bound",
          "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    CAPTURE(to_string(status));
    const RecordView run = record_in(status);
    const auto removal = [&](std::int64_t before, const Uuid& organization = {}) {
      return Removal{.kind = EffectKind::purge,
                     .run_id = id_of(1),
                     .organization_id = organization,
                     .completed_before = at(before)};
    };
    CHECK(decide(removal(kMicros), nullptr) == N);
    CHECK(decide(removal(kMicros + 5'000'000, id_of(0xa0)), &run) == N);
    CHECK(decide(removal(kMicros + 2'000'000), &run) == I);  // ended at that very instant
    CHECK(decide(removal(kMicros + 2'000'001), &run) == (is_final(status) ? A : I));
    Removal all = removal(0);
    all.completed_before = Instant::max();
    CHECK(decide(all, &run) == (is_final(status) ? A : I));
  }
}

TEST_CASE("an erasure takes runs of its profile and organization in any status", "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    const RecordView run = record_in(status);
    const Removal removal{
        .kind = EffectKind::erase, .run_id = id_of(1), .profile_id = run.profile_id};
    CHECK(decide(removal, nullptr) == N);
    CHECK(decide(removal, &run) == A);
    Removal other = removal;
    other.profile_id = id_of(77);
    CHECK(decide(other, &run) == I);
    other = removal;
    other.organization_id = id_of(0xa0);
    CHECK(decide(other, &run) == N);
  }
  CHECK(decide(Removal{.kind = EffectKind::forget, .profile_id = id_of(3)}, nullptr) == A);
}

TEST_CASE("check_command bounds owners and leases of the new commands", "[core][decide]") {
  const std::string too_long(kOwnerSizeMax + 1, 'o');
  const auto refused = [](const Command& command) {
    const auto checked = check_command(command);
    return !checked && checked.error().code == Errc::invalid_argument &&
           checked.error().applied == Applied::no && !checked.error().advice.empty();
  };
  for (const std::string_view owner : {std::string_view(too_long), std::string_view("\xff")}) {
    CHECK(refused(AdoptCommand{.run_id = id_of(1), .owner = owner}));
    CHECK(refused(HeartbeatCommand{.run_id = id_of(1), .lease = kLeaseMin, .owner = owner}));
  }
  CHECK(check_command(AdoptCommand{.run_id = id_of(1)}).has_value());
  CHECK(check_command(StartCommand{.run_id = id_of(1)}).has_value());
  for (const Lease lease : {kLeaseMin, Lease(1'000), kLeaseMax}) {
    CHECK(check_command(StartCommand{.run_id = id_of(1), .lease = lease}).has_value());
    CHECK(check_command(AdoptCommand{.run_id = id_of(1), .lease = lease}).has_value());
    CHECK(check_command(HeartbeatCommand{.run_id = id_of(1), .lease = lease}).has_value());
  }
  for (const Lease lease :
       {kLeaseMin - Lease(1), Lease(-1), kLeaseMax + Lease(1), Lease::min(), Lease::max()}) {
    CHECK(refused(StartCommand{.run_id = id_of(1), .lease = lease}));
    CHECK(refused(AdoptCommand{.run_id = id_of(1), .lease = lease}));
    CHECK(refused(HeartbeatCommand{.run_id = id_of(1), .lease = lease}));
  }
}

}  // namespace milepost::core
