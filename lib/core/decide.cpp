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
//  4. The step is legal but names an owner or token that is not the run's: conflict. In a queued
//     run those are the empty owner and token 0, so whoever claims to hold it is mistaken.
//  5. The step is applied. No instant precedes an earlier one, whatever the clock says.
#include "core/decide.hpp"

#include <algorithm>

#include "core/errors.hpp"
#include "core/state.hpp"
#include "core/text.hpp"

namespace milepost::core {
namespace {

/// The four steps in one shape.
struct StepRequest {
  StepKind kind;
  Uuid organization_id;
  std::string_view owner;
  std::optional<std::uint64_t> fencing_token;
  std::string_view error;
};

StepRequest request_of(const StartCommand& command) noexcept {
  return {StepKind::start, command.organization_id, command.owner, std::nullopt, {}};
}

StepRequest request_of(const CompleteCommand& command) noexcept {
  return {StepKind::complete, command.organization_id, command.owner, command.fencing_token, {}};
}

StepRequest request_of(const FailCommand& command) noexcept {
  return {StepKind::fail, command.organization_id, command.owner, command.fencing_token,
          command.error};
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
  made.created_sequence = context.sequence;
  made.sequence = context.sequence;
  return {OutcomeKind::created, made, false};
}

bool names_the_holder(const StepRequest& request, const RecordView& current) noexcept {
  return (request.owner.empty() || request.owner == current.owner) &&
         (!request.fencing_token || *request.fencing_token == current.fencing_token);
}

OutcomeKind judge(const StepRequest& request, const RecordView& current) noexcept {
  if (current.status == target(request.kind)) {
    if (request.kind != StepKind::start) return OutcomeKind::unchanged;
    const bool same_owner = !request.owner.empty() && request.owner == current.owner;
    return same_owner ? OutcomeKind::unchanged : OutcomeKind::conflict;
  }
  if (!next(current.status, request.kind)) return OutcomeKind::illegal;
  if (request.kind != StepKind::start && !names_the_holder(request, current)) {
    return OutcomeKind::conflict;
  }
  return OutcomeKind::applied;
}

RecordView stepped(const StepRequest& request, const RecordView& current,
                   const DecideContext& context) noexcept {
  RecordView moved = current;
  moved.status = target(request.kind);
  moved.sequence = context.sequence;
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
  const OutcomeKind outcome = judge(request, *current);
  if (outcome != OutcomeKind::applied) return refuse(outcome);
  return {outcome, stepped(request, *current, context), true};
}

}  // namespace

Decision decide(const Command& command, const RecordView* current,
                const DecideContext& context) noexcept {
  if (const auto* create = std::get_if<CreateCommand>(&command)) {
    return decide_create(*create, current, context);
  }
  if (const auto* start = std::get_if<StartCommand>(&command)) {
    return decide_step(request_of(*start), current, context);
  }
  if (const auto* complete = std::get_if<CompleteCommand>(&command)) {
    return decide_step(request_of(*complete), current, context);
  }
  if (const auto* fail = std::get_if<FailCommand>(&command)) {
    return decide_step(request_of(*fail), current, context);
  }
  return decide_step(request_of(*std::get_if<ExitCommand>(&command)), current, context);
}

const Uuid* command_run_id(const Command& command) noexcept {
  if (const auto* create = std::get_if<CreateCommand>(&command)) {
    return create->run_id ? &*create->run_id : nullptr;
  }
  if (const auto* start = std::get_if<StartCommand>(&command)) return &start->run_id;
  if (const auto* complete = std::get_if<CompleteCommand>(&command)) return &complete->run_id;
  if (const auto* fail = std::get_if<FailCommand>(&command)) return &fail->run_id;
  return &std::get_if<ExitCommand>(&command)->run_id;
}

namespace {

Result<void> check_triggered_at(const CreateCommand& command) {
  if (!command.triggered_at ||
      (*command.triggered_at >= kInstantMin && *command.triggered_at <= kInstantMax)) {
    return {};
  }
  const auto micros = command.triggered_at->time_since_epoch().count();
  return invalid_argument("triggered_at " + std::to_string(micros) + " us",
                          "The instant is outside the years 1400-9999.",
                          "Give microseconds since the Unix epoch within those years.");
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

}  // namespace

Result<void> check_command(const Command& command) {
  if (const auto* create = std::get_if<CreateCommand>(&command)) {
    return check_triggered_at(*create);
  }
  if (const auto* start = std::get_if<StartCommand>(&command)) return check_owner(start->owner);
  if (const auto* complete = std::get_if<CompleteCommand>(&command)) {
    return check_owner(complete->owner);
  }
  if (const auto* fail = std::get_if<FailCommand>(&command)) return check_owner(fail->owner);
  return check_owner(std::get_if<ExitCommand>(&command)->owner);
}

}  // namespace milepost::core
