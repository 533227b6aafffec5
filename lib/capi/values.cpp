// SPDX-License-Identifier: Apache-2.0
//
// Copies, member by member.
#include "capi/values.hpp"

#include <cstring>

namespace milepost::capi {
namespace {

/// Moves a text into what is left of a buffer, or leaves only its size.
void place(milepost_text& text, char*& room, std::size_t& left) noexcept {
  if (text.size > left) {
    text.data = nullptr;
    return;
  }
  if (text.size != 0) std::memcpy(room, text.data, text.size);
  text.data = room;
  room += text.size;
  left -= text.size;
}

/// The items beside values that stay where they are.
template <typename Item, typename Value, typename Convert>
std::vector<Item> items_of(const std::vector<Value>& values, Convert convert) {
  std::vector<Item> items;
  items.reserve(values.size());
  for (const Value& value : values) items.push_back(convert(value));
  return items;
}

milepost_change to_change(const Change& change) noexcept {
  milepost_change made{};
  made.struct_size = sizeof made;
  made.kind = static_cast<std::int32_t>(change.kind);
  made.sequence = change.sequence;
  made.run = to_run(change.run);
  return made;
}

}  // namespace

milepost_run no_run() noexcept {
  milepost_run none{};
  none.struct_size = sizeof none;
  return none;
}

milepost_run to_run(const Run& run) noexcept {
  milepost_run made = no_run();
  made.status = static_cast<std::int32_t>(run.status);
  made.run_id = to_id(run.run_id);
  made.journey_id = to_id(run.journey_id);
  made.profile_id = to_id(run.profile_id);
  made.organization_id = to_id(run.organization_id);
  made.triggered_at = to_micros(run.triggered_at);
  made.started_at = to_micros(run.started_at.value_or(Instant{}));
  made.completed_at = to_micros(run.completed_at.value_or(Instant{}));
  made.fencing_token = run.fencing_token;
  made.sequence = run.sequence;
  made.error = run.error ? to_text(*run.error) : milepost_text{};
  made.owner = to_text(run.owner);
  made.found = 1;
  made.has_started_at = run.started_at ? 1 : 0;
  made.has_completed_at = run.completed_at ? 1 : 0;
  made.has_error = run.error ? 1 : 0;
  return made;
}

milepost_run to_run(const Run& run, char* text, std::size_t capacity) noexcept {
  milepost_run made = to_run(run);
  char* room = text;
  std::size_t left = capacity;
  place(made.error, room, left);
  place(made.owner, room, left);
  return made;
}

milepost_outcome to_outcome(OutcomeKind kind, const milepost_run& run) noexcept {
  milepost_outcome made{};
  made.struct_size = sizeof made;
  made.kind = static_cast<std::int32_t>(kind);
  made.applied = kind == OutcomeKind::created || kind == OutcomeKind::applied ? 1 : 0;
  made.holds = made.applied != 0 || kind == OutcomeKind::unchanged ? 1 : 0;
  made.run = run;
  return made;
}

void write_outcome(milepost_outcome* out, milepost_outcome outcome) noexcept {
  const auto before_run = static_cast<std::uint32_t>(offsetof(milepost_outcome, run));
  outcome.run.struct_size = claimed_size(out) - before_run;
  write_sized(out, outcome);
}

void write_change(milepost_change* out, milepost_change change) noexcept {
  const auto before_run = static_cast<std::uint32_t>(offsetof(milepost_change, run));
  change.run.struct_size = claimed_size(out) - before_run;
  write_sized(out, change);
}

void write_counts(milepost_counts* out, const Counts& counts) noexcept {
  milepost_counts made{};
  made.queued = counts.queued;
  made.running = counts.running;
  made.completed = counts.completed;
  made.failed = counts.failed;
  made.exited = counts.exited;
  write_sized(out, made);
}

std::unique_ptr<RunsObject> make_runs(std::vector<Run> runs, std::string next) {
  auto made = std::make_unique<RunsObject>();
  made->values = std::move(runs);
  made->items = items_of<milepost_run>(made->values, [](const Run& run) { return to_run(run); });
  made->next = std::move(next);
  return made;
}

std::unique_ptr<RunsObject> make_runs(std::vector<std::optional<Run>> runs) {
  auto made = std::make_unique<RunsObject>();
  made->values.reserve(runs.size());  // what is pushed stays where it is
  made->items.reserve(runs.size());
  for (std::optional<Run>& run : runs) {
    if (!run) {
      made->items.push_back(no_run());
      continue;
    }
    made->values.push_back(std::move(*run));
    made->items.push_back(to_run(made->values.back()));
  }
  return made;
}

std::unique_ptr<OutcomesObject> make_outcomes(std::vector<Outcome> outcomes) {
  auto made = std::make_unique<OutcomesObject>();
  made->values = std::move(outcomes);
  made->items = items_of<milepost_outcome>(made->values, [](const Outcome& outcome) {
    return to_outcome(outcome.kind, outcome.has_run() ? to_run(outcome.run) : no_run());
  });
  return made;
}

void fill_items(ChangesObject& changes) {
  changes.items = items_of<milepost_change>(changes.values, to_change);
}

std::unique_ptr<ChangesObject> make_changes(ChangesPage page) {
  auto made = std::make_unique<ChangesObject>();
  made->values = std::move(page.changes);
  fill_items(*made);
  made->position.next = page.next;
  made->position.newest = page.newest;
  made->position.store_id = to_id(page.store_id);
  return made;
}

Result<void> put_cursor(std::string_view cursor, char (&room)[256], std::uint32_t& size) {
  static_assert(sizeof room == MILEPOST_CURSOR_SIZE_MAX + 1);
  if (cursor.size() >= sizeof room) {
    return Error{.code = Errc::internal,
                 .applied = Applied::unknown,
                 .subject = "cursor of " + std::to_string(cursor.size()) + " bytes",
                 .message = "The cursor is longer than the ABI has room for.",
                 .advice = "Please report it."};
  }
  std::memcpy(room, cursor.data(), cursor.size());
  room[cursor.size()] = '\0';
  size = static_cast<std::uint32_t>(cursor.size());
  return {};
}

}  // namespace milepost::capi
