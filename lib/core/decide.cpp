// SPDX-License-Identifier: Apache-2.0
//
// decide: every rule of what a command does to a run. Answers are sought in a fixed order, and the
// first that fits is given:
//
//  1. The run is absent or another organization's: not_found (for a create: it is made, or
//     conflict without the run).
//  2. The run is already where the command leads: a repeat. It wins over legality and over owner
//     and token, because nothing would be changed and an at-least-once caller must be able to
//     repeat blindly. Only start, where two workers may mean different things by it, tells a
//     repeat (same, non-empty owner) from a rival (conflict).
//  3. The status does not allow the step: illegal, whoever asks. No owner or token could make it
//     legal, so a stale one on a run that ended otherwise is told how it ended.
//  4. The step is legal but names an owner or token that is not the run's, or waits for a lease to
//     run out that has not: conflict. In a queued run those are the empty owner and token 0, so
//     whoever claims to hold it is mistaken.
//  5. The step is applied. No instant precedes an earlier one, whatever the clock says.
//
// Adopt and heartbeat are steps from running to running and follow the same order; an adopt is a
// repeat when its owner already holds the token after the one it names.
#include "core/decide.hpp"

#include <algorithm>

#include "core/errors.hpp"
#include "core/state.hpp"
#include "core/text.hpp"

#include "milepost/options.hpp"

namespace milepost::core {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>  // clang 14 does not deduce it for an aggregate
Overloaded(Functions...)->Overloaded<Functions...>;

/// Calls the function that takes the command's kind. Not std::visit, which may throw.
template <typename... Functions>
auto visit_command(const Command& command, Functions&&... functions) {
  const Overloaded visitor{std::forward<Functions>(functions)...};
  if (const auto* create = std::get_if<CreateCommand>(&command)) return visitor(*create);
  if (const auto* start = std::get_if<StartCommand>(&command)) return visitor(*start);
  if (const auto* complete = std::get_if<CompleteCommand>(&command)) return visitor(*complete);
  if (const auto* fail = std::get_if<FailCommand>(&command)) return visitor(*fail);
  if (const auto* exit = std::get_if<ExitCommand>(&command)) return visitor(*exit);
  if (const auto* adopt = std::get_if<AdoptCommand>(&command)) return visitor(*adopt);
  if (const auto* beat = std::get_if<HeartbeatCommand>(&command)) return visitor(*beat);
  return visitor(*std::get_if<ImportCommand>(&command));
}

/// The four steps in one shape.
struct StepRequest {
  StepKind kind;
  Uuid organization_id;
  std::string_view owner;
  std::optional<std::uint64_t> fencing_token;
  std::string_view error;
  bool only_if_expired = false;
};

StepRequest request_of(const StartCommand& command) noexcept {
  return {StepKind::start, command.organization_id, command.owner, std::nullopt, {}};
}

StepRequest request_of(const CompleteCommand& command) noexcept {
  return {StepKind::complete, command.organization_id, command.owner, command.fencing_token, {}};
}

StepRequest request_of(const FailCommand& command) noexcept {
  return {StepKind::fail,        command.organization_id, command.owner,
          command.fencing_token, command.error,           command.only_if_expired};
}

StepRequest request_of(const ExitCommand& command) noexcept {
  return {StepKind::exit, command.organization_id, command.owner, command.fencing_token, {}};
}

/// A clock may say anything; what it says must still have a text form.
Instant within_range(Instant now) noexcept { return std::clamp(now, kInstantMin, kInstantMax); }

Decision refuse(OutcomeKind outcome) noexcept { return {outcome, std::nullopt, true}; }

/// The fingerprint: organization, journey, profile, and run id and triggered_at only if given.
bool same_request(const CreateCommand& command, const RecordView& current) noexcept {
  const RequestFlags given{command.run_id.has_value(), command.triggered_at.has_value()};
  return given == current.request && command.organization_id == current.organization_id &&
         command.journey_id == current.journey_id && command.profile_id == current.profile_id &&
         (!command.run_id || *command.run_id == current.run_id) &&
         (!command.triggered_at || *command.triggered_at == current.triggered_at);
}

Decision decide_create(const CreateCommand& command, const RecordView* current,
                       const DecideContext& context) noexcept {
  if (current != nullptr) {
    if (current->organization_id != command.organization_id) {
      return {OutcomeKind::conflict, std::nullopt, false};
    }
    return refuse(same_request(command, *current) ? OutcomeKind::unchanged : OutcomeKind::conflict);
  }
  RecordView made;
  made.run_id = command.run_id.value_or(context.fresh_id);
  made.organization_id = command.organization_id;
  made.journey_id = command.journey_id;
  made.profile_id = command.profile_id;
  made.request = {command.run_id.has_value(), command.triggered_at.has_value()};
  made.triggered_at = command.triggered_at.value_or(within_range(context.now));
  made.idempotency_key = command.idempotency_key;
  if (!command.idempotency_key.empty()) made.keyed_at = within_range(context.now);
  made.created_sequence = context.sequence;
  made.sequence = context.sequence;
  return {OutcomeKind::created, made, false};
}

bool names_the_holder(std::string_view owner, const std::optional<std::uint64_t>& fencing_token,
                      const RecordView& current) noexcept {
  return (owner.empty() || owner == current.owner) &&
         (!fencing_token || *fencing_token == current.fencing_token);
}

OutcomeKind judge(const StepRequest& request, const RecordView& current,
                  const DecideContext& context) noexcept {
  if (current.status == target(request.kind)) {
    if (request.kind != StepKind::start) return OutcomeKind::unchanged;
    const bool same_owner = !request.owner.empty() && request.owner == current.owner;
    return same_owner ? OutcomeKind::unchanged : OutcomeKind::conflict;
  }
  if (!next(current.status, request.kind)) return OutcomeKind::illegal;
  if (request.kind != StepKind::start &&
      !names_the_holder(request.owner, request.fencing_token, current)) {
    return OutcomeKind::conflict;
  }
  if (request.only_if_expired && !context.lease_expired) return OutcomeKind::conflict;
  return OutcomeKind::applied;
}

RecordView stepped(const StepRequest& request, const RecordView& current,
                   const DecideContext& context) noexcept {
  RecordView moved = current;
  moved.sequence = context.sequence;
  moved.status = target(request.kind);
  const Instant now = within_range(context.now);
  if (request.kind == StepKind::start) {
    moved.started_at = std::max(now, current.triggered_at);
    moved.owner = request.owner;
    moved.fencing_token = current.fencing_token + 1;
    moved.epoch = context.epoch;
  } else {
    moved.completed_at = std::max(now, current.started_at.value_or(current.triggered_at));
    moved.error = request.error;
  }
  return moved;
}

Decision decide_step(const StepRequest& request, const RecordView* current,
                     const DecideContext& context) noexcept {
  if (current == nullptr || current->organization_id != request.organization_id) {
    return {OutcomeKind::not_found, std::nullopt, false};
  }
  const OutcomeKind outcome = judge(request, *current, context);
  if (outcome != OutcomeKind::applied) return refuse(outcome);
  return {outcome, stepped(request, *current, context), true};
}

OutcomeKind judge_adopt(const AdoptCommand& command, const RecordView& current,
                        const DecideContext& context) noexcept {
  if (current.status != RunStatus::running) return OutcomeKind::illegal;
  if (command.fencing_token && *command.fencing_token != current.fencing_token) {
    const bool mine = !command.owner.empty() && command.owner == current.owner &&
                      *command.fencing_token + 1 == current.fencing_token;
    return mine ? OutcomeKind::unchanged : OutcomeKind::conflict;
  }
  if (command.only_if_expired && !context.lease_expired) return OutcomeKind::conflict;
  return OutcomeKind::applied;
}

Decision decide_adopt(const AdoptCommand& command, const RecordView* current,
                      const DecideContext& context) noexcept {
  if (current == nullptr || current->organization_id != command.organization_id) {
    return {OutcomeKind::not_found, std::nullopt, false};
  }
  const OutcomeKind outcome = judge_adopt(command, *current, context);
  if (outcome != OutcomeKind::applied) return refuse(outcome);
  RecordView adopted = *current;
  adopted.sequence = context.sequence;
  adopted.owner = command.owner;
  adopted.fencing_token = current->fencing_token + 1;
  adopted.epoch = context.epoch;
  return {outcome, adopted, true};
}

Decision decide_heartbeat(const HeartbeatCommand& command, const RecordView* current) noexcept {
  if (current == nullptr || current->organization_id != command.organization_id) {
    return {OutcomeKind::not_found, std::nullopt, false};
  }
  if (current->status != RunStatus::running) return refuse(OutcomeKind::illegal);
  const bool holder = names_the_holder(command.owner, command.fencing_token, *current);
  return refuse(holder ? OutcomeKind::applied : OutcomeKind::conflict);
}

/// The record an import asks for. Its epoch is nobody's, so that a running one is an orphan.
RecordView imported(const ImportCommand& command, std::uint64_t sequence) noexcept {
  RecordView record;
  record.run_id = command.run_id;
  record.organization_id = command.organization_id;
  record.journey_id = command.journey_id;
  record.profile_id = command.profile_id;
  record.status = command.status;
  record.request = {true, true};
  record.triggered_at = command.triggered_at;
  record.started_at = command.started_at;
  const bool needs_start =
      command.status == RunStatus::running || command.status == RunStatus::completed;
  if (needs_start && !record.started_at) record.started_at = command.triggered_at;
  record.completed_at = command.completed_at;
  record.error = command.error;
  record.fencing_token = record.started_at ? 1 : 0;
  record.created_sequence = sequence;
  record.sequence = sequence;
  return record;
}

/// Whether a run is as an import would have it, whatever the import leaves open.
bool same_import(const ImportCommand& command, const RecordView& current) noexcept {
  return command.journey_id == current.journey_id && command.profile_id == current.profile_id &&
         command.status == current.status && command.triggered_at == current.triggered_at &&
         (!command.started_at || command.started_at == current.started_at) &&
         command.completed_at == current.completed_at && command.error == current.error;
}

Decision decide_import(const ImportCommand& command, const RecordView* current,
                       const DecideContext& context) noexcept {
  if (current == nullptr) {
    return {OutcomeKind::created, imported(command, context.sequence), false};
  }
  if (current->organization_id != command.organization_id) {
    return {OutcomeKind::conflict, std::nullopt, false};
  }
  return refuse(same_import(command, *current) ? OutcomeKind::unchanged : OutcomeKind::conflict);
}

}  // namespace

Decision decide(const Command& command, const RecordView* current,
                const DecideContext& context) noexcept {
  return visit_command(
      command, [&](const auto& step) { return decide_step(request_of(step), current, context); },
      [&](const CreateCommand& create) { return decide_create(create, current, context); },
      [&](const AdoptCommand& adopt) { return decide_adopt(adopt, current, context); },
      [&](const HeartbeatCommand& beat) { return decide_heartbeat(beat, current); },
      [&](const ImportCommand& import) { return decide_import(import, current, context); });
}

OutcomeKind decide(const Removal& removal, const RecordView* current) noexcept {
  if (removal.kind == EffectKind::forget) return OutcomeKind::applied;
  if (current == nullptr || current->organization_id != removal.organization_id) {
    return OutcomeKind::not_found;
  }
  const bool fits =
      removal.kind == EffectKind::purge
          ? current->completed_at.has_value() && *current->completed_at < removal.completed_before
          : current->profile_id == removal.profile_id;
  return fits ? OutcomeKind::applied : OutcomeKind::illegal;
}

const Uuid* command_run_id(const Command& command) noexcept {
  return visit_command(
      command, [](const auto& step) { return &step.run_id; },
      [](const CreateCommand& create) { return create.run_id ? &*create.run_id : nullptr; });
}

std::string_view idempotency_key(const Command& command) noexcept {
  const auto* create = std::get_if<CreateCommand>(&command);
  return create != nullptr ? create->idempotency_key : std::string_view{};
}

namespace {

Result<void> check_instant(const char* name, const std::optional<Instant>& instant) {
  if (!instant || (*instant >= kInstantMin && *instant <= kInstantMax)) return {};
  const auto micros = instant->time_since_epoch().count();
  return invalid_argument(std::string(name) + " " + std::to_string(micros) + " us",
                          "The instant is outside the years 1400-9999.",
                          "Give microseconds since the Unix epoch within those years.");
}

Result<void> check_key(std::string_view key) {
  if (key.size() <= kIdempotencyKeySizeMax) return {};
  return invalid_argument("idempotency key \"" + shown(key) + "\"",
                          "The key has " + std::to_string(key.size()) + " bytes, more than " +
                              std::to_string(kIdempotencyKeySizeMax) + ".",
                          "Give a shorter key, for example a hash of it.");
}

Result<void> check_lease(const std::optional<Lease>& lease) {
  if (!lease || (*lease >= kLeaseMin && *lease <= kLeaseMax)) return {};
  return invalid_argument("lease of " + std::to_string(lease->count()) + " ms",
                          "The lease is out of range.",
                          "Choose between " + std::to_string(kLeaseMin.count()) + " and " +
                              std::to_string(kLeaseMax.count()) + " ms.");
}

Result<void> check_owner(std::string_view owner) {
  if (owner.empty()) return {};
  if (owner.size() > kOwnerSizeMax) {
    return invalid_argument("owner \"" + shown(owner) + "\"",
                            "The owner has " + std::to_string(owner.size()) + " bytes, more than " +
                                std::to_string(kOwnerSizeMax) + ".",
                            "Give a shorter owner, or none.");
  }
  if (!is_valid_utf8(owner)) {
    return invalid_argument("owner \"" + shown(owner) + "\"", "The owner is not valid UTF-8.",
                            "Give the owner as UTF-8, or none.");
  }
  return {};
}

Result<void> check_import(const ImportCommand& command) {
  for (const auto& [name, instant] :
       {std::pair{"triggered_at", std::optional(command.triggered_at)},
        std::pair{"started_at", command.started_at},
        std::pair{"completed_at", command.completed_at}}) {
    if (auto ok = check_instant(name, instant); !ok) return ok;
  }
  const char* rule = broken_rule(imported(command, 1));
  if (rule == nullptr) return {};
  return invalid_argument("run " + to_string(command.run_id),
                          std::string("The run breaks a rule: ") + rule + ".",
                          "Give instants, error and status that fit each other.");
}

Result<void> check_create(const CreateCommand& command) {
  if (auto ok = check_instant("triggered_at", command.triggered_at); !ok) return ok;
  return check_key(command.idempotency_key);
}

template <typename Leased>
Result<void> check_owner_and_lease(const Leased& command) {
  if (auto ok = check_owner(command.owner); !ok) return ok;
  return check_lease(command.lease);
}

}  // namespace

Result<void> check_command(const Command& command) {
  return visit_command(
      command, [](const auto& step) { return check_owner(step.owner); },
      [](const CreateCommand& create) { return check_create(create); },
      [](const StartCommand& start) { return check_owner_and_lease(start); },
      [](const AdoptCommand& adopt) { return check_owner_and_lease(adopt); },
      [](const HeartbeatCommand& beat) { return check_owner_and_lease(beat); },
      [](const ImportCommand& import) { return check_import(import); });
}

}  // namespace milepost::core
