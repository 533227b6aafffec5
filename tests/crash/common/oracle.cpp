// SPDX-License-Identifier: Apache-2.0
//
// Keeps the notes.
#include "common/oracle.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "common/process.hpp"

namespace milepost::crash {
namespace {

template <typename Number>
void raise_to(std::atomic<Number>& value, Number to) {
  Number now = value.load(std::memory_order_relaxed);
  while (now < to && !value.compare_exchange_weak(now, to)) {
  }
}

std::uint64_t fold(std::uint64_t hash, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return mix(hash ^ size);
}

std::uint64_t fold_instant(std::uint64_t hash, const std::optional<Instant>& instant) {
  const std::int64_t count = instant ? instant->time_since_epoch().count() : -1;
  return fold(hash, &count, sizeof count);
}

}  // namespace

std::uint64_t digest(const Run& run) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const Uuid* id : {&run.run_id, &run.journey_id, &run.profile_id, &run.organization_id}) {
    hash = fold(hash, id->data, sizeof id->data);
  }
  hash = fold(hash, &run.status, sizeof run.status);
  hash = fold_instant(hash, run.triggered_at);
  hash = fold_instant(hash, run.started_at);
  hash = fold_instant(hash, run.completed_at);
  const std::string error = run.error ? "+" + *run.error : "-";
  hash = fold(hash, error.data(), error.size());
  hash = fold(hash, run.owner.data(), run.owner.size());
  hash = fold(hash, &run.fencing_token, sizeof run.fencing_token);
  return fold(hash, &run.sequence, sizeof run.sequence);
}

void Oracle::apply(const Note& note, std::uint64_t time_ns) {
  switch (note.kind) {
    case NoteKind::firm:
      raise_to(firm_sequence, note.sequence);
      return;
    case NoteKind::finished:
      finished = 1;
      return;
    case NoteKind::seen:
      if (note.slot < kSlotsMax) raise_to(slots[note.slot].seen, note.sequence);
      return;
    case NoteKind::copy:
      apply_copy(note);
      return;
    case NoteKind::step:
      break;
  }
  if (note.slot >= kSlotsMax) return;
  SlotRecord& slot = slots[note.slot];
  if (note.id_known != 0 && slot.id_known.load(std::memory_order_relaxed) == 0) {
    slot.run_id = note.run_id;
    slot.organization_id = note.organization_id;
    slot.id_known.store(1, std::memory_order_release);
  }
  if (note.keyed != 0) slot.keyed = 1;
  StepRecord& step = slot.steps[static_cast<std::size_t>(note.step)];
  step.target = note.target;
  step.batch = note.batch;
  step.bytes = note.bytes;
  if (note.state == StepState::answered) {
    step.outcome = note.outcome;
    step.sequence = note.sequence;
    step.digest = note.digest;
    step.time_ns = time_ns;
    raise_to(answered_max, note.sequence);
    raise_to(slot.seen, note.sequence);
    answers.fetch_add(1, std::memory_order_relaxed);
    if (note.outcome == OutcomeKind::created || note.outcome == OutcomeKind::applied) {
      effects.fetch_add(1, std::memory_order_relaxed);
    }
  }
  step.state.store(note.state, std::memory_order_release);
  raise_to(slots_used, note.slot + 1);
}

void Oracle::apply_copy(const Note& note) {
  if (note.slot >= kCopiesMax) return;
  CopyRecord& copy = copies[note.slot];
  (note.state == StepState::answered ? copy.sequence : copy.at_least) = note.sequence;
  copy.state.store(note.state, std::memory_order_release);
  raise_to(copies_used, note.slot + 1);
}

void Oracle::fail(const std::string& text) {
  if (failure[0] != 0) return;
  std::snprintf(failure, sizeof failure, "%s", text.c_str());
}

Oracle* map_oracle(const std::string& path) {
  return static_cast<Oracle*>(map_shared(path, sizeof(Oracle)));
}

std::string copy_path(const std::string& store, std::size_t number) {
  return store + "-copy-" + std::to_string(number);
}

std::string error_text(std::uint64_t seed, std::uint32_t slot, std::size_t size_max) {
  const std::uint64_t number = mix(seed ^ slot);
  std::string text = "step " + std::to_string(slot) + " failed: ";
  text.resize(text.size() + static_cast<std::size_t>(number % (size_max + 1)),
              static_cast<char>('a' + number % 26));
  return text;
}

}  // namespace milepost::crash
