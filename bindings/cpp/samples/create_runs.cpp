// SPDX-License-Identifier: Apache-2.0
//
// One batch: triggers become commands, the store answers each, the answers are counted.
#include "create_runs.hpp"

#include <string>
#include <variant>
#include <vector>

#include "stop.hpp"
#include "text.hpp"

#include "milepost/command.hpp"

namespace sample {
namespace {

/// The next `batch` triggers as commands; fewer at the end.
milepost::Result<std::vector<Trigger>> read_batch(TriggerReader& reader, std::size_t batch) {
  std::vector<Trigger> triggers;
  while (triggers.size() < batch) {
    const auto trigger = reader.next();
    if (!trigger) return trigger.error();
    if (!trigger->has_value()) break;
    triggers.push_back(**trigger);
  }
  return triggers;
}

milepost::Result<void> create_batch(milepost::Tracker& tracker,
                                    const std::vector<Trigger>& triggers, Console& console,
                                    const Acknowledged& acknowledged, CreateTally& tally) {
  std::vector<milepost::Command> commands;
  for (const Trigger& trigger : triggers) {
    milepost::CreateCommand create{.journey_id = trigger.journey_id,
                                   .profile_id = trigger.profile_id,
                                   .triggered_at = trigger.triggered_at,
                                   .organization_id = trigger.organization_id,
                                   .idempotency_key = trigger.idempotency_key};
    // What tells a repeat from a new trigger: the sender's key if there is one, else the line.
    if (trigger.idempotency_key.empty()) create.run_id = run_id_of(trigger);
    commands.emplace_back(create);
  }
  const auto outcomes = tracker.apply(commands);
  if (!outcomes) return outcomes.error();
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    const milepost::Outcome& outcome = (*outcomes)[i];
    if (outcome.kind == milepost::OutcomeKind::created) {
      ++tally.created;
      if (acknowledged) acknowledged(outcome.run);
    } else if (outcome.kind == milepost::OutcomeKind::unchanged) {
      ++tally.there_before;
    } else {
      ++tally.refused;
      console.note("line " + std::to_string(triggers[i].line) +
                   " refused: " + std::string(milepost::to_string(outcome.kind)) +
                   ", its run id or key is another request's");
    }
  }
  return {};
}

}  // namespace

milepost::Result<void> create_runs(milepost::Tracker& tracker, TriggerReader& reader,
                                   std::size_t batch, Console& console,
                                   const Acknowledged& acknowledged, CreateTally& tally) {
  const auto began = std::chrono::steady_clock::now();
  milepost::Result<void> result;
  {
    Progress progress(console, "create", "trigger", 0);
    while (result && !stop_requested()) {
      const auto triggers = read_batch(reader, batch);
      // A batch cut short by an unreadable input is not made: a retry will read it again.
      if (!triggers) {
        result = triggers.error();
      } else if (triggers->empty()) {
        break;
      } else {
        result = create_batch(tracker, *triggers, console, acknowledged, tally);
        progress.advance(triggers->size());
        progress.set_fraction(reader.fraction());
      }
    }
  }
  tally.skipped = reader.skipped();
  tally.elapsed = std::chrono::steady_clock::now() - began;
  return result;
}

}  // namespace sample
