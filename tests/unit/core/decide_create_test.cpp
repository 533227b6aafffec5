// SPDX-License-Identifier: Apache-2.0
//
// decide for runs that come into being under an idempotency key or by import, against expectations
// written out by hand.
#include "core/decide.hpp"
#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;
using test::record_in;

constexpr DecideContext kContext{at(kMicros + 9'000'000), 6, 20, {}};

void check_refused(const Decision& decision, OutcomeKind expected) {
  CHECK(decision.outcome == expected);
  CHECK_FALSE(decision.next.has_value());
  CHECK(decision.current_visible);
}

CreateCommand keyed_create() {
  return {.journey_id = id_of(2), .profile_id = id_of(3), .idempotency_key = "order-4711"};
}

/// Fits the record that record_in makes, but for who started it and when it was made.
ImportCommand import_of(RunStatus status) {
  const RecordView run = record_in(status);
  return {.run_id = run.run_id,
          .journey_id = run.journey_id,
          .profile_id = run.profile_id,
          .status = status,
          .triggered_at = run.triggered_at,
          .started_at = run.started_at,
          .completed_at = run.completed_at,
          .error = run.error};
}

}  // namespace

TEST_CASE("a create with a key keeps the key and when it was given", "[core][decide]") {
  DecideContext context = kContext;
  context.fresh_id = id_of(77);
  CreateCommand create = keyed_create();
  create.triggered_at = at(1);
  const Decision made = decide(create, nullptr, context);
  CHECK(made.outcome == OutcomeKind::created);
  REQUIRE(made.next);
  CHECK(made.next->run_id == id_of(77));
  CHECK(made.next->idempotency_key == "order-4711");
  CHECK(made.next->keyed_at == context.now);
  CHECK(broken_rule(*made.next) == nullptr);
  create.idempotency_key = {};
  CHECK(decide(create, nullptr, context).next->keyed_at == Instant{});
  // Also under a clock gone mad.
  for (const Instant now : {Instant::min(), Instant::max()}) {
    context.now = now;
    CHECK(broken_rule(*decide(keyed_create(), nullptr, context).next) == nullptr);
  }
}

TEST_CASE("a create under a known key is judged by what was asked for the first time",
          "[core][decide]") {
  DecideContext context = kContext;
  context.fresh_id = id_of(77);
  const RecordView made = *decide(keyed_create(), nullptr, context).next;
  context.fresh_id = id_of(78);  // another fresh id is no other request
  check_refused(decide(keyed_create(), &made, context), OutcomeKind::unchanged);
  CreateCommand other = keyed_create();
  other.journey_id = id_of(20);
  check_refused(decide(other, &made, context), OutcomeKind::conflict);
  other = keyed_create();
  other.profile_id = id_of(20);
  check_refused(decide(other, &made, context), OutcomeKind::conflict);
  other = keyed_create();
  other.run_id = made.run_id;  // naming the id the engine chose is another request
  check_refused(decide(other, &made, context), OutcomeKind::conflict);
  other = keyed_create();
  other.triggered_at = made.triggered_at;
  check_refused(decide(other, &made, context), OutcomeKind::conflict);

  CreateCommand full = keyed_create();
  full.run_id = id_of(1);
  full.triggered_at = at(kMicros);
  const RecordView made_full = *decide(full, nullptr, context).next;
  check_refused(decide(full, &made_full, context), OutcomeKind::unchanged);
  other = full;
  other.run_id = id_of(5);
  check_refused(decide(other, &made_full, context), OutcomeKind::conflict);
  check_refused(decide(keyed_create(), &made_full, context), OutcomeKind::conflict);
}

TEST_CASE("a create's key is none of its fingerprint", "[core][decide]") {
  CreateCommand create = keyed_create();
  create.run_id = id_of(1);
  const RecordView made = *decide(create, nullptr, kContext).next;
  create.idempotency_key = "another";
  check_refused(decide(create, &made, kContext), OutcomeKind::unchanged);
  create.idempotency_key = {};
  check_refused(decide(create, &made, kContext), OutcomeKind::unchanged);
}

TEST_CASE("a command knows its idempotency key", "[core][decide]") {
  CHECK(idempotency_key(keyed_create()) == "order-4711");
  CHECK(idempotency_key(CreateCommand{}).empty());
  CHECK(idempotency_key(StartCommand{}).empty());
  CHECK(idempotency_key(ImportCommand{}).empty());
}

TEST_CASE("check_command bounds idempotency keys, whatever bytes they are", "[core][decide]") {
  const std::string longest(kIdempotencyKeySizeMax, '\xff');
  const std::string too_long(kIdempotencyKeySizeMax + 1, 'k');
  CreateCommand create = keyed_create();
  for (const std::string_view key :
       {std::string_view("k"), std::string_view("\0", 1), std::string_view(longest)}) {
    create.idempotency_key = key;
    CHECK(check_command(create).has_value());
  }
  create.idempotency_key = too_long;
  const auto checked = check_command(create);
  REQUIRE(checked.has_error());
  CHECK(checked.error().code == Errc::invalid_argument);
  CHECK(checked.error().message == "The key has 256 bytes, more than 255.");
  CHECK(checked.error().subject.size() < 100);
}

TEST_CASE("an import makes a run in any status, as it was, and an orphan of a running one",
          "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    CAPTURE(to_string(status));
    const ImportCommand import = import_of(status);
    CHECK(check_command(import).has_value());
    const Decision made = decide(import, nullptr, kContext);
    CHECK(made.outcome == OutcomeKind::created);
    CHECK_FALSE(made.current_visible);
    RecordView expected = record_in(status);
    expected.owner = {};
    expected.epoch = 0;
    expected.request = {true, true};
    expected.created_sequence = expected.sequence = 20;
    REQUIRE(made.next);
    CHECK(*made.next == expected);
    CHECK(broken_rule(*made.next) == nullptr);
  }
}

TEST_CASE("an import that leaves the start open gets one where the status needs it",
          "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    CAPTURE(to_string(status));
    ImportCommand import = import_of(status);
    import.started_at = std::nullopt;
    REQUIRE(check_command(import).has_value());
    const RecordView made = *decide(import, nullptr, kContext).next;
    const bool needs_one = status == RunStatus::running || status == RunStatus::completed;
    CHECK(made.started_at == (needs_one ? std::optional(made.triggered_at) : std::nullopt));
    CHECK(made.fencing_token == (needs_one ? 1 : 0));
    CHECK(broken_rule(made) == nullptr);
  }
}

TEST_CASE("an import again is unchanged, of another run a conflict", "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    CAPTURE(to_string(status));
    const ImportCommand import = import_of(status);
    const RecordView made = *decide(import, nullptr, kContext).next;
    check_refused(decide(import, &made, kContext), OutcomeKind::unchanged);
    ImportCommand open = import;
    open.started_at = std::nullopt;
    check_refused(decide(open, &made, kContext), OutcomeKind::unchanged);

    std::vector<ImportCommand> others(6, import);
    others[0].journey_id = id_of(20);
    others[1].profile_id = id_of(20);
    others[2].triggered_at -= std::chrono::microseconds(1);
    others[3].status = status == RunStatus::exited ? RunStatus::completed : RunStatus::exited;
    others[4].error = "another";
    others[5].completed_at = at(kMicros + 3'000'000);
    for (const ImportCommand& other : others) {
      check_refused(decide(other, &made, kContext), OutcomeKind::conflict);
    }
    ImportCommand later = import;
    later.started_at = at(kMicros + 1'500'000);
    check_refused(decide(later, &made, kContext), OutcomeKind::conflict);

    ImportCommand foreign = import;
    foreign.organization_id = id_of(0xa0);
    const Decision decision = decide(foreign, &made, kContext);
    CHECK(decision.outcome == OutcomeKind::conflict);
    CHECK_FALSE(decision.current_visible);
    CHECK_FALSE(decision.next.has_value());
  }
}

TEST_CASE("an import of a run that came the usual way is unchanged where it says the same",
          "[core][decide]") {
  for (const RunStatus status : kAllStatuses) {
    const RecordView run = record_in(status);
    check_refused(decide(import_of(status), &run, kContext), OutcomeKind::unchanged);
  }
}

TEST_CASE("check_command refuses imports that break a rule", "[core][decide]") {
  struct Row {
    const char* what;
    RunStatus status;
    std::optional<std::int64_t> started;  ///< After triggered_at, in microseconds.
    std::optional<std::int64_t> completed;
    std::string_view error;
    bool legal;
  };
  const std::string too_long(kErrorTextSizeMax + 1, 'x');
  const Row rows[] = {
      {"queued", RunStatus::queued, {}, {}, "", true},
      {"queued and started", RunStatus::queued, 1, {}, "", false},
      {"queued and ended", RunStatus::queued, {}, 1, "", false},
      {"queued with an error", RunStatus::queued, {}, {}, "x", false},
      {"running", RunStatus::running, 0, {}, "", true},
      {"running, start left open", RunStatus::running, {}, {}, "", true},
      {"running before it was triggered", RunStatus::running, -1, {}, "", false},
      {"running and ended", RunStatus::running, 1, 2, "", false},
      {"running with an error", RunStatus::running, 1, {}, "x", false},
      {"completed", RunStatus::completed, 1, 1, "", true},
      {"completed, start left open", RunStatus::completed, {}, 0, "", true},
      {"completed without an end", RunStatus::completed, 1, {}, "", false},
      {"completed before its start", RunStatus::completed, 2, 1, "", false},
      {"completed before it was triggered", RunStatus::completed, {}, -1, "", false},
      {"completed with an error", RunStatus::completed, 1, 2, "x", false},
      {"failed in the queue", RunStatus::failed, {}, 0, "x", true},
      {"failed under way", RunStatus::failed, 1, 2, "x", true},
      {"failed without a text", RunStatus::failed, 1, 2, "", true},
      {"failed without an end", RunStatus::failed, 1, {}, "x", false},
      {"failed before its start", RunStatus::failed, 2, 1, "x", false},
      {"failed with too long a text", RunStatus::failed, 1, 2, too_long, false},
      {"failed with a text that is none", RunStatus::failed, 1, 2, "\xff", false},
      {"exited in the queue", RunStatus::exited, {}, 0, "", true},
      {"exited under way", RunStatus::exited, 1, 2, "", true},
      {"exited without an end", RunStatus::exited, 1, {}, "", false},
      {"exited with an error", RunStatus::exited, 1, 2, "x", false},
      {"an unknown status", static_cast<RunStatus>(5), 1, 2, "", false},
  };
  const auto after = [](const std::optional<std::int64_t>& offset) {
    return offset ? std::optional(at(kMicros + *offset)) : std::nullopt;
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto checked = check_command(ImportCommand{.run_id = id_of(1),
                                                     .journey_id = id_of(2),
                                                     .profile_id = id_of(3),
                                                     .status = row.status,
                                                     .triggered_at = at(kMicros),
                                                     .started_at = after(row.started),
                                                     .completed_at = after(row.completed),
                                                     .error = row.error});
    CHECK(checked.has_value() == row.legal);
    if (row.legal) continue;
    CHECK(checked.error().code == Errc::invalid_argument);
    CHECK(checked.error().subject == "run " + to_string(id_of(1)));
    CHECK_FALSE(checked.error().advice.empty());
  }
}

TEST_CASE("check_command refuses imports with instants that have no text form", "[core][decide]") {
  const auto micro = std::chrono::microseconds(1);
  for (const Instant bad :
       {kInstantMin - micro, Instant::min(), kInstantMax + micro, Instant::max()}) {
    ImportCommand import = import_of(RunStatus::completed);
    import.triggered_at = bad;
    CHECK_FALSE(check_command(import).has_value());
    import = import_of(RunStatus::completed);
    import.started_at = bad;
    CHECK_FALSE(check_command(import).has_value());
    import = import_of(RunStatus::completed);
    import.completed_at = bad;
    CHECK_FALSE(check_command(import).has_value());
  }
  ImportCommand widest = import_of(RunStatus::completed);
  widest.triggered_at = kInstantMin;
  widest.started_at = kInstantMin;
  widest.completed_at = kInstantMax;
  CHECK(check_command(widest).has_value());
}

}  // namespace milepost::core
