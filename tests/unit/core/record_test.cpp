// SPDX-License-Identifier: Apache-2.0
//
// The rules of a record, one by one, and the way between record and public value.
#include "core/record.hpp"

#include <functional>
#include <span>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;
using test::record_in;

struct Row {
  const char* what;
  RunStatus status;
  std::function<void(RecordView&)> spoil;
};

void check_each_is_noticed(std::span<const Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.what);
    RecordView record = record_in(row.status);
    row.spoil(record);
    CHECK(broken_rule(record) != nullptr);
  }
}

}  // namespace

TEST_CASE("whole records break no rule", "[core][record]") {
  for (const RunStatus status : kAllStatuses) CHECK(broken_rule(record_in(status)) == nullptr);
  // failed and exited may come straight from queued
  for (const RunStatus status : {RunStatus::failed, RunStatus::exited}) {
    RecordView record = record_in(status);
    record.started_at.reset();
    record.owner = {};
    record.fencing_token = 0;
    record.epoch = 0;
    CHECK(broken_rule(record) == nullptr);
  }
}

TEST_CASE("a status and what belongs to it are kept together", "[core][record]") {
  const Row rows[] = {
      {"status", RunStatus::queued, [](auto& r) { r.status = static_cast<RunStatus>(5); }},
      {"queued, started", RunStatus::queued,
       [](auto& r) {
         r.started_at = r.triggered_at;
         r.fencing_token = 1;
       }},
      {"running, not started", RunStatus::running,
       [](auto& r) {
         r.started_at.reset();
         r.fencing_token = 0;
         r.epoch = 0;
         r.owner = {};
       }},
      {"completed, not started", RunStatus::completed,
       [](auto& r) {
         r.started_at.reset();
         r.fencing_token = 0;
         r.epoch = 0;
         r.owner = {};
       }},
      {"queued, ended", RunStatus::queued, [](auto& r) { r.completed_at = r.triggered_at; }},
      {"running, ended", RunStatus::running, [](auto& r) { r.completed_at = r.started_at; }},
      {"completed, not ended", RunStatus::completed, [](auto& r) { r.completed_at.reset(); }},
      {"failed, not ended", RunStatus::failed, [](auto& r) { r.completed_at.reset(); }},
      {"exited, not ended", RunStatus::exited, [](auto& r) { r.completed_at.reset(); }},
      {"token without start", RunStatus::queued, [](auto& r) { r.fencing_token = 1; }},
      {"start without token", RunStatus::running, [](auto& r) { r.fencing_token = 0; }},
      {"epoch without start", RunStatus::queued, [](auto& r) { r.epoch = 1; }},
      {"owner without start", RunStatus::queued, [](auto& r) { r.owner = "w"; }},
  };
  check_each_is_noticed(rows);
}

TEST_CASE("instants and sequences out of order are noticed", "[core][record]") {
  const auto second = std::chrono::seconds(1);
  const Row rows[] = {
      {"sequence before creation", RunStatus::queued, [](auto& r) { r.created_sequence = 11; }},
      {"start before trigger", RunStatus::running,
       [](auto& r) { r.started_at = r.triggered_at - std::chrono::microseconds(1); }},
      {"end before start", RunStatus::completed,
       [](auto& r) { r.completed_at = *r.started_at - std::chrono::microseconds(1); }},
      {"end before trigger", RunStatus::exited,
       [=](auto& r) {
         r.started_at.reset();
         r.fencing_token = 0;
         r.epoch = 0;
         r.owner = {};
         r.completed_at = r.triggered_at - second;
       }},
      {"trigger too early", RunStatus::queued,
       [](auto& r) { r.triggered_at = kInstantMin - std::chrono::microseconds(1); }},
      {"trigger too late", RunStatus::queued,
       [](auto& r) { r.triggered_at = kInstantMax + std::chrono::microseconds(1); }},
      {"start too late", RunStatus::running, [](auto& r) { r.started_at = Instant::max(); }},
      {"end too late", RunStatus::failed, [](auto& r) { r.completed_at = Instant::max(); }},
      {"key given too early", RunStatus::queued,
       [](auto& r) {
         r.idempotency_key = "k";
         r.keyed_at = kInstantMin - std::chrono::microseconds(1);
       }},
      {"key given too late", RunStatus::queued,
       [](auto& r) {
         r.idempotency_key = "k";
         r.keyed_at = kInstantMax + std::chrono::microseconds(1);
       }},
  };
  check_each_is_noticed(rows);
}

TEST_CASE("texts out of place or over their limits are noticed", "[core][record]") {
  static const std::string long_error(kErrorTextSizeMax + 1, 'x');
  static const std::string long_owner(kOwnerSizeMax + 1, 'x');
  static const std::string long_key(kIdempotencyKeySizeMax + 1, 'x');
  const Row rows[] = {
      {"error in completed", RunStatus::completed, [](auto& r) { r.error = "x"; }},
      {"error in queued", RunStatus::queued, [](auto& r) { r.error = "x"; }},
      {"error too long", RunStatus::failed, [](auto& r) { r.error = long_error; }},
      {"error not UTF-8", RunStatus::failed, [](auto& r) { r.error = "\xFF"; }},
      {"owner too long", RunStatus::running, [](auto& r) { r.owner = long_owner; }},
      {"owner not UTF-8", RunStatus::running, [](auto& r) { r.owner = "\xC3"; }},
      {"key too long", RunStatus::queued, [](auto& r) { r.idempotency_key = long_key; }},
  };
  check_each_is_noticed(rows);
}

TEST_CASE("a record becomes a run and a run a record", "[core][record]") {
  RecordView record = record_in(RunStatus::failed);
  record.organization_id = id_of(9);
  const Run run = to_run(record);
  CHECK(run.run_id == id_of(1));
  CHECK(run.journey_id == id_of(2));
  CHECK(run.profile_id == id_of(3));
  CHECK(run.organization_id == id_of(9));
  CHECK(run.status == RunStatus::failed);
  CHECK(run.triggered_at == at(kMicros));
  CHECK(run.started_at == at(kMicros + 1'000'000));
  CHECK(run.completed_at == at(kMicros + 2'000'000));
  CHECK(run.error == "mailbox full");
  CHECK(run.owner == "worker-7");
  CHECK(run.fencing_token == 1);
  CHECK(run.sequence == 12);

  RecordView expected = record;
  expected.epoch = 0;  // what a run does not tell
  expected.created_sequence = 0;
  CHECK(view_of(run) == expected);
  CHECK(to_run(view_of(run)) == run);
}

TEST_CASE("a run has an error exactly when it failed, if only an empty one", "[core][record]") {
  for (const RunStatus status : kAllStatuses) {
    RecordView record = record_in(status);
    record.error = {};
    const Run run = to_run(record);
    CHECK(run.error.has_value() == (status == RunStatus::failed));
    if (run.error) CHECK(run.error->empty());
  }
}

}  // namespace milepost::core
