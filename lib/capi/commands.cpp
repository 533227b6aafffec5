// SPDX-License-Identifier: Apache-2.0
//
// The table of members, and one conversion for each kind.
#include "capi/commands.hpp"

#include <string>

namespace milepost::capi {
namespace {

/// The members that a kind takes; none for a number that is no kind.
std::optional<std::uint32_t> members_of(std::int32_t kind) noexcept {
  switch (kind) {
    case MILEPOST_COMMAND_CREATE:
      return kCreateMembers;
    case MILEPOST_COMMAND_START:
      return kStartMembers;
    case MILEPOST_COMMAND_COMPLETE:
    case MILEPOST_COMMAND_EXIT:
      return kFinishMembers;
    case MILEPOST_COMMAND_FAIL:
      return kFailMembers;
    case MILEPOST_COMMAND_ADOPT:
      return kAdoptMembers;
    case MILEPOST_COMMAND_HEARTBEAT:
      return kHeartbeatMembers;
    case MILEPOST_COMMAND_IMPORT:
      return kImportMembers;
    default:
      return std::nullopt;
  }
}

/// Refuses a member that is set though the verb does not take it.
void check_member(Input& in, std::uint32_t members, std::uint32_t taken_with, bool is_set,
                  const char* name) {
  if (!is_set || (members & taken_with) != 0) return;
  in.refuse(invalid(name, "The member is set, but has no meaning for this command.",
                    "Leave it as the struct's _init function makes it."));
}

bool is_set(const milepost_text& text) noexcept { return text.data != nullptr || text.size != 0; }
bool is_set(const milepost_id& id) noexcept { return to_uuid(id) != Uuid{}; }

void check_members(Input& in, const milepost_command& from, std::uint32_t members) {
  const auto check = [&](std::uint32_t taken_with, bool set, const char* name) {
    check_member(in, members, taken_with, set, name);
  };
  check(kOptionalRunId, from.has_run_id != 0, "has_run_id");
  check(kSubject, is_set(from.journey_id), "journey_id");
  check(kSubject, is_set(from.profile_id), "profile_id");
  check(kTriggeredAt | kOptionalTriggeredAt, from.triggered_at != 0, "triggered_at");
  check(kOptionalTriggeredAt, from.has_triggered_at != 0, "has_triggered_at");
  check(kImported, from.status != 0, "status");
  check(kImported, from.started_at != 0 || from.has_started_at != 0, "started_at");
  check(kImported, from.completed_at != 0 || from.has_completed_at != 0, "completed_at");
  check(kOwner, is_set(from.owner), "owner");
  check(kToken, from.fencing_token != 0 || from.has_fencing_token != 0, "fencing_token");
  check(kLease, from.lease_ms != 0, "lease_ms");
  check(kKey, is_set(from.idempotency_key), "idempotency_key");
  check(kError, is_set(from.error), "error");
  check(kOnlyIfExpired, from.only_if_expired != 0, "only_if_expired");
  in.reserved(from.reserved, "reserved");
}

std::optional<Instant> instant_if(Input& in, std::uint8_t has, std::int64_t micros,
                                  const char* name) {
  return in.flag(has, name) ? std::optional(to_instant(micros)) : std::nullopt;
}

/// Refuses an optional member that is set while its flag is not.
void check_unused(Input& in, bool is_set, const char* name) {
  if (!is_set) return;
  in.refuse(invalid(name, "The member is set, but its has_ flag is not.",
                    "Set both, or leave both as the struct's _init function makes them."));
}

std::optional<std::uint64_t> token_of(Input& in, std::uint8_t has, std::uint64_t token) {
  return in.flag(has, "has_fencing_token") ? std::optional(token) : std::nullopt;
}

std::optional<Lease> lease_of(std::int64_t lease_ms) noexcept {
  return lease_ms != 0 ? std::optional(Lease(lease_ms)) : std::nullopt;
}

CreateCommand to_create(Input& in, const milepost_command& from) {
  CreateCommand made{.journey_id = to_uuid(from.journey_id),
                     .profile_id = to_uuid(from.profile_id),
                     .organization_id = to_uuid(from.organization_id),
                     .idempotency_key = in.text(from.idempotency_key, "idempotency_key")};
  if (in.flag(from.has_run_id, "has_run_id")) made.run_id = to_uuid(from.run_id);
  made.triggered_at = instant_if(in, from.has_triggered_at, from.triggered_at, "has_triggered_at");
  // Nobody who names an id wants another one.
  check_unused(in, !made.run_id && is_set(from.run_id), "run_id");
  check_unused(in, !made.triggered_at && from.triggered_at != 0, "triggered_at");
  return made;
}

ImportCommand to_import(Input& in, const milepost_command& from) {
  return {
      .run_id = to_uuid(from.run_id),
      .journey_id = to_uuid(from.journey_id),
      .profile_id = to_uuid(from.profile_id),
      .organization_id = to_uuid(from.organization_id),
      .status = in.enumerator(from.status, RunStatus::exited, "status"),
      .triggered_at = to_instant(from.triggered_at),
      .started_at = instant_if(in, from.has_started_at, from.started_at, "has_started_at"),
      .completed_at = instant_if(in, from.has_completed_at, from.completed_at, "has_completed_at"),
      .error = in.text(from.error, "error")};
}

/// One of the steps, with everything any of them takes.
Command to_step(Input& in, const milepost_command& from) {
  const Uuid run_id = to_uuid(from.run_id);
  const Uuid organization_id = to_uuid(from.organization_id);
  const std::string_view owner = in.text(from.owner, "owner");
  const std::string_view error = in.text(from.error, "error");
  const auto token = token_of(in, from.has_fencing_token, from.fencing_token);
  const auto lease = lease_of(from.lease_ms);
  const bool only_if_expired = in.flag(from.only_if_expired, "only_if_expired");
  switch (from.kind) {
    case MILEPOST_COMMAND_START:
      return StartCommand{run_id, owner, organization_id, lease};
    case MILEPOST_COMMAND_COMPLETE:
      return CompleteCommand{run_id, owner, token, organization_id};
    case MILEPOST_COMMAND_FAIL:
      return FailCommand{run_id, error, owner, token, organization_id, only_if_expired};
    case MILEPOST_COMMAND_EXIT:
      return ExitCommand{run_id, owner, token, organization_id};
    case MILEPOST_COMMAND_ADOPT:
      return AdoptCommand{run_id, owner, token, lease, organization_id, only_if_expired};
    default:
      return HeartbeatCommand{run_id, Lease(from.lease_ms), owner, token, organization_id};
  }
}

}  // namespace

milepost_step_options step_defaults() noexcept {
  milepost_step_options made{};
  made.timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
  return made;
}

Command to_command(Input& in, const milepost_command& from) {
  const auto members = members_of(from.kind);
  if (!members) {
    in.refuse(invalid("kind " + std::to_string(from.kind), "There is no such kind of command.",
                      "Set `kind` to one of the MILEPOST_COMMAND_ numbers."));
    return {};
  }
  check_members(in, from, *members);
  if (from.kind == MILEPOST_COMMAND_CREATE) return to_create(in, from);
  if (from.kind == MILEPOST_COMMAND_IMPORT) return to_import(in, from);
  return to_step(in, from);
}

StepOptions to_step_options(Input& in, const milepost_step_options* from, std::uint32_t members) {
  if (from == nullptr) return {};
  const milepost_step_options given = in.sized(from, step_defaults(), "options");
  StepOptions made;
  made.owner = in.text(given.owner, "owner");
  made.fencing_token = token_of(in, given.has_fencing_token, given.fencing_token);
  made.lease = lease_of(given.lease_ms);
  made.organization_id = to_uuid(given.organization_id);
  made.only_if_expired = in.flag(given.only_if_expired, "only_if_expired");
  made.deadline = in.deadline(given.timeout_ms);
  check_member(in, members, kToken, made.fencing_token || given.fencing_token != 0,
               "fencing_token");
  check_member(in, members, kLease, given.lease_ms != 0, "lease_ms");
  check_member(in, members, kOnlyIfExpired, made.only_if_expired, "only_if_expired");
  in.reserved(given.reserved, "reserved");
  return made;
}

}  // namespace milepost::capi
