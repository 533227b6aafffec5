// SPDX-License-Identifier: Apache-2.0
//
// Between the engine's record and the public value, and the rules every record keeps.
#include "core/record.hpp"

#include "core/state.hpp"
#include "core/text.hpp"

namespace milepost::core {
namespace {

const char* broken_time_rule(const RecordView& record) noexcept {
  if (record.triggered_at < kInstantMin || record.triggered_at > kInstantMax) {
    return "triggered_at is outside the years 1400-9999";
  }
  Instant last = record.triggered_at;
  if (record.started_at) {
    if (*record.started_at < last) return "started_at is before triggered_at";
    last = *record.started_at;
  }
  if (record.completed_at) {
    if (*record.completed_at < last) return "completed_at is before the run's earlier instants";
    last = *record.completed_at;
  }
  if (last > kInstantMax) return "an instant is past the year 9999";
  if (!record.idempotency_key.empty() &&
      (record.keyed_at < kInstantMin || record.keyed_at > kInstantMax)) {
    return "the key's instant is outside the years 1400-9999";
  }
  return nullptr;
}

const char* broken_text_rule(const RecordView& record) noexcept {
  if (!record.error.empty()) {
    if (record.status != RunStatus::failed) return "an error text in a run that has not failed";
    if (record.error.size() > kErrorTextSizeMax) return "the error text is too long";
    if (!is_valid_utf8(record.error)) return "the error text is not UTF-8";
  }
  if (!record.owner.empty()) {
    if (!record.started_at) return "an owner in a run that was not started";
    if (record.owner.size() > kOwnerSizeMax) return "the owner is too long";
    if (!is_valid_utf8(record.owner)) return "the owner is not UTF-8";
  }
  if (record.idempotency_key.size() > kIdempotencyKeySizeMax) {
    return "the idempotency key is too long";
  }
  return nullptr;
}

}  // namespace

const char* broken_rule(const RecordView& record) noexcept {
  if (!status_from_number(static_cast<std::uint8_t>(record.status))) return "an unknown status";
  const bool started = record.started_at.has_value();
  if (started && record.status == RunStatus::queued) return "a queued run that was started";
  if (!started && (record.status == RunStatus::running || record.status == RunStatus::completed)) {
    return "a running or completed run that was not started";
  }
  if (record.completed_at.has_value() != is_final(record.status)) {
    return "completed_at and the status disagree";
  }
  if (started != (record.fencing_token > 0)) return "started_at and the fencing token disagree";
  if (!started && record.epoch != 0) return "an epoch in a run that was not started";
  if (record.created_sequence > record.sequence) return "the sequence is before its creation";
  if (const char* rule = broken_time_rule(record)) return rule;
  return broken_text_rule(record);
}

Run to_run(const RecordView& record) {
  Run run;
  run.run_id = record.run_id;
  run.journey_id = record.journey_id;
  run.profile_id = record.profile_id;
  run.organization_id = record.organization_id;
  run.status = record.status;
  run.triggered_at = record.triggered_at;
  run.started_at = record.started_at;
  run.completed_at = record.completed_at;
  if (record.status == RunStatus::failed) run.error.emplace(record.error);
  run.owner = record.owner;
  run.fencing_token = record.fencing_token;
  run.sequence = record.sequence;
  return run;
}

RecordView view_of(const Run& run) noexcept {
  RecordView record;
  record.run_id = run.run_id;
  record.organization_id = run.organization_id;
  record.journey_id = run.journey_id;
  record.profile_id = run.profile_id;
  record.status = run.status;
  record.triggered_at = run.triggered_at;
  record.started_at = run.started_at;
  record.completed_at = run.completed_at;
  if (run.error) record.error = *run.error;
  record.owner = run.owner;
  record.fencing_token = run.fencing_token;
  record.sequence = run.sequence;
  return record;
}

}  // namespace milepost::core
