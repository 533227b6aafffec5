// SPDX-License-Identifier: Apache-2.0
//
// milepost_command: the calls that change runs, one by one and in batches.
#include "capi/commands.hpp"
#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

/// Where the answer to one command goes.
struct Answer {
  milepost_outcome* outcome;
  char* text;
  std::size_t capacity;

  void check(Input& in) const {
    in.out(outcome, "outcome");
    in.buffer(text, capacity, "text");
  }
  void fill(const Outcome& from) const noexcept {
    const milepost_run run = from.has_run() ? to_run(from.run, text, capacity) : no_run();
    write_outcome(outcome, to_outcome(from.kind, run));
  }
};

/// One command: `call` is what the tracker is asked for once everything is in order.
template <typename Call>
Result<void> command(milepost_tracker tracker, Input& in, const Answer& answer, const Call& call) {
  return use(tracker, [&](TrackerObject& object) -> Result<void> {
    answer.check(in);
    if (!in.ok()) return in.problem();
    const Result<Outcome> done = as_command([&] { return call(object.tracker); });
    if (!done) return done.error();
    answer.fill(*done);
    return {};
  });
}

/// A command that takes a run id and step options.
template <typename Call>
Result<void> step(milepost_tracker tracker, const milepost_id* run_id,
                  const milepost_step_options* options, std::uint32_t members, const Answer& answer,
                  const Call& call) {
  Input in;
  const Uuid id = in.id(run_id, "run_id");
  const StepOptions given = to_step_options(in, options, members);
  return command(tracker, in, answer, [&](Tracker& to) { return call(to, id, given); });
}

FinishOptions to_finish(const StepOptions& from) {
  return {.owner = from.owner,
          .fencing_token = from.fencing_token,
          .organization_id = from.organization_id,
          .deadline = from.deadline,
          .only_if_expired = from.only_if_expired};
}

Result<void> create(milepost_tracker tracker, const milepost_command* from, std::int64_t timeout_ms,
                    const Answer& answer) {
  Input in;
  const milepost_command given = in.sized(from, command_defaults(), "command");
  if (in.ok() && given.kind != MILEPOST_COMMAND_CREATE) {
    in.refuse(invalid("kind " + std::to_string(given.kind), "The command makes no run.",
                      "Set `kind` to MILEPOST_COMMAND_CREATE."));
  }
  const Command made = in.ok() ? to_command(in, given) : Command{};
  const auto deadline = in.deadline(timeout_ms);
  return command(tracker, in, answer, [&](Tracker& to) {
    return to.create(*std::get_if<CreateCommand>(&made), {.deadline = deadline});
  });
}

/// The commands of a batch, which lie as far apart as their first says it is large.
std::vector<Command> to_commands(Input& in, const milepost_command* from, std::size_t count) {
  std::vector<Command> made;
  if (count > MILEPOST_BATCH_COMMANDS_MAX) {
    in.refuse(invalid(
        std::to_string(count) + " commands", "More than one batch takes.",
        "Split it: a batch takes at most " + std::to_string(MILEPOST_BATCH_COMMANDS_MAX) + "."));
  }
  if (count != 0) in.not_null(from, "commands");
  if (!in.ok() || count == 0) return made;
  const std::uint32_t stride = claimed_size(from);
  if (!is_released<milepost_command>(stride)) in.refuse(wrong_size("commands[0]", stride));
  const auto* at = reinterpret_cast<const char*>(from);
  made.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i, at += stride) {
    if (claimed_size(at) != stride) in.refuse(wrong_size("command of a batch", claimed_size(at)));
    const auto given = in.sized(reinterpret_cast<const milepost_command*>(at), command_defaults(),
                                "command of a batch");
    if (in.ok()) made.push_back(to_command(in, given));
  }
  return made;
}

Result<void> apply(milepost_tracker tracker, const milepost_command* from, std::size_t count,
                   std::int64_t timeout_ms, milepost_outcomes* out) {
  return use_to_make(tracker, out, [&](TrackerObject& object) -> Result<void> {
    Input in;
    const std::vector<Command> made = to_commands(in, from, count);
    const auto deadline = in.deadline(timeout_ms);
    if (!in.ok()) return in.problem();
    return as_command([&]() -> Result<void> {
      auto outcomes = object.tracker.apply(made, {.deadline = deadline});
      if (!outcomes) return outcomes.error();
      hand_out(out, make_outcomes(std::move(*outcomes)));
      return {};
    });
  });
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls
using milepost::Tracker;
using milepost::Uuid;

milepost_status milepost_command_init(milepost_command* command, size_t size) noexcept {
  return init_sized(command, size, command_defaults());
}

milepost_status milepost_step_options_init(milepost_step_options* options, size_t size) noexcept {
  return init_sized(options, size, step_defaults());
}

milepost_status milepost_tracker_create(milepost_tracker tracker, const milepost_command* command,
                                        int64_t timeout_ms, milepost_outcome* outcome, char* text,
                                        size_t capacity, milepost_error* err) noexcept {
  return guard(err, [&] {
    return create(tracker, command, timeout_ms, {outcome, text, capacity});
  });
}

milepost_status milepost_tracker_start(milepost_tracker tracker, const milepost_id* run_id,
                                       const milepost_step_options* options,
                                       milepost_outcome* outcome, char* text, size_t capacity,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return step(tracker, run_id, options, kStartMembers, {outcome, text, capacity},
                [](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.start(id, {.owner = given.owner,
                                       .organization_id = given.organization_id,
                                       .deadline = given.deadline,
                                       .lease = given.lease});
                });
  });
}

milepost_status milepost_tracker_complete(milepost_tracker tracker, const milepost_id* run_id,
                                          const milepost_step_options* options,
                                          milepost_outcome* outcome, char* text, size_t capacity,
                                          milepost_error* err) noexcept {
  return guard(err, [&] {
    return step(tracker, run_id, options, kFinishMembers, {outcome, text, capacity},
                [](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.complete(id, to_finish(given));
                });
  });
}

milepost_status milepost_tracker_fail(milepost_tracker tracker, const milepost_id* run_id,
                                      const char* error, size_t error_size,
                                      const milepost_step_options* options,
                                      milepost_outcome* outcome, char* text, size_t capacity,
                                      milepost_error* err) noexcept {
  return guard(err, [&]() -> milepost::Result<void> {
    Input in;
    const std::string_view reason = in.text({error, error_size}, "error");
    if (!in.ok()) return in.problem();
    return step(tracker, run_id, options, kFailMembers, {outcome, text, capacity},
                [&](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.fail(id, reason, to_finish(given));
                });
  });
}

milepost_status milepost_tracker_exit(milepost_tracker tracker, const milepost_id* run_id,
                                      const milepost_step_options* options,
                                      milepost_outcome* outcome, char* text, size_t capacity,
                                      milepost_error* err) noexcept {
  return guard(err, [&] {
    return step(tracker, run_id, options, kFinishMembers, {outcome, text, capacity},
                [](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.exit(id, to_finish(given));
                });
  });
}

milepost_status milepost_tracker_adopt(milepost_tracker tracker, const milepost_id* run_id,
                                       const milepost_step_options* options,
                                       milepost_outcome* outcome, char* text, size_t capacity,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return step(tracker, run_id, options, kAdoptMembers, {outcome, text, capacity},
                [](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.adopt(id, {.owner = given.owner,
                                       .fencing_token = given.fencing_token,
                                       .lease = given.lease,
                                       .organization_id = given.organization_id,
                                       .only_if_expired = given.only_if_expired,
                                       .deadline = given.deadline});
                });
  });
}

milepost_status milepost_tracker_heartbeat(milepost_tracker tracker, const milepost_id* run_id,
                                           int64_t lease_ms, const milepost_step_options* options,
                                           milepost_outcome* outcome, char* text, size_t capacity,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return step(tracker, run_id, options, kFinishMembers, {outcome, text, capacity},
                [&](Tracker& to, const Uuid& id, const StepOptions& given) {
                  return to.heartbeat(id, milepost::Lease(lease_ms),
                                      {.owner = given.owner,
                                       .fencing_token = given.fencing_token,
                                       .organization_id = given.organization_id,
                                       .deadline = given.deadline});
                });
  });
}

milepost_status milepost_tracker_apply(milepost_tracker tracker, const milepost_command* commands,
                                       size_t count, int64_t timeout_ms,
                                       milepost_outcomes* outcomes, milepost_error* err) noexcept {
  return guard(err, [&] { return apply(tracker, commands, count, timeout_ms, outcomes); });
}
