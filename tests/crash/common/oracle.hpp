// SPDX-License-Identifier: Apache-2.0
//
// Oracle: what a workload asked for and what it was told, kept outside the store, so that it
// outlives the process that wrote. Every call is noted before it is made and after it was
// answered. Judging a recovered store needs nothing else:
//  - an answered effect is there, equal to the byte to what was answered;
//  - what is there was answered, or was in flight; a call that failed with "not applied" left
//    nothing;
//  - a refusal or a read that showed an effect is a promise about that effect;
//  - of two starts of one run at most one was applied; a batch is there wholly or not at all;
//  - a run whose removal was acknowledged is gone and stays gone, one whose removal was in flight
//  is
//    there as it was or gone; no other run is ever missing;
//  - there are no more runs than were asked for: no key makes two;
//  - a copy that was acknowledged is there, whole, with all that was acknowledged before the call.
// Plain memory, shareable between processes; each slot is written by one thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milepost/milepost.hpp"

namespace milepost::crash {

/// What a run goes through; not every run through all. An import is a create. `bulk` is what a step
/// over many runs did to this one, `remove` a purge or an erasure.
enum class Step : std::uint8_t {
  create = 0,
  start,
  rival_start,
  finish,
  repeat,
  late,
  adopt,
  bulk,
  remove,
};
inline constexpr std::size_t kStepCount = 9;

enum class StepState : std::uint32_t {
  none = 0,
  begun = 1,     ///< In flight, or the process died.
  answered = 2,  ///< With an outcome.
  not_done = 3,  ///< An error that says nothing was applied.
  unknown = 4,   ///< An error that says it may have been.
};

enum class NoteKind : std::uint8_t {
  step = 0,
  seen = 1,      ///< A read showed the run at `sequence`.
  firm = 2,      ///< Everything answered up to `sequence` survives a power cut in either mode.
  finished = 3,  ///< The workload got through.
  copy = 4,      ///< A backup or restore; `slot` is its number.
};

/// One entry of the oracle's diary. Plain bytes: it also travels through the recorder's log.
struct Note {
  NoteKind kind = NoteKind::step;
  Step step = Step::create;
  StepState state = StepState::none;
  RunStatus target = RunStatus::queued;          ///< Where the command leads.
  OutcomeKind outcome = OutcomeKind::not_found;  ///< Of an answer.
  std::uint8_t id_known = 0;
  std::uint8_t keyed = 0;  ///< A create with an idempotency key.
  std::uint32_t slot = 0;
  std::uint32_t batch = 0;  ///< 0: not part of a batch.
  std::uint32_t bytes = 0;  ///< About what its effect takes in the journal.
  /// Of the run as answered or seen; of a removal one that it precedes, 0 while none is known; of a
  /// copy what it must hold at least, then what it holds.
  std::uint64_t sequence = 0;
  std::uint64_t digest = 0;  ///< Of the whole run as answered.
  Uuid run_id{};
  Uuid organization_id{};
};

/// All fields of a run in one number.
std::uint64_t digest(const Run& run);

struct StepRecord {
  std::atomic<StepState> state;
  RunStatus target;
  OutcomeKind outcome;
  std::uint32_t batch;
  std::uint32_t bytes;
  std::uint64_t sequence;
  std::uint64_t digest;
  std::uint64_t time_ns;  ///< When it was answered; power-loss replay only.

  [[nodiscard]] bool applied() const noexcept {
    return state.load(std::memory_order_acquire) == StepState::answered &&
           (outcome == OutcomeKind::created || outcome == OutcomeKind::applied);
  }
  [[nodiscard]] bool may_have_happened() const noexcept {
    const StepState now = state.load(std::memory_order_acquire);
    return now == StepState::begun || now == StepState::unknown;
  }
};

struct SlotRecord {
  std::atomic<std::uint32_t> id_known;
  std::atomic<std::uint32_t> keyed;
  Uuid run_id;
  Uuid organization_id;
  std::array<StepRecord, kStepCount> steps;
  std::atomic<std::uint64_t> seen;  ///< The latest sequence shown by a read or a refusal.

  [[nodiscard]] const StepRecord& step(Step which) const noexcept {
    return steps[static_cast<std::size_t>(which)];
  }
};

/// A copy of the store, made beside it.
struct CopyRecord {
  std::atomic<StepState> state;
  std::atomic<std::uint32_t> judged;  ///< It was found whole once.
  std::uint64_t at_least;             ///< What was acknowledged before the call.
  std::uint64_t sequence;             ///< As answered.
};

inline constexpr std::size_t kCopiesMax = 16;
inline constexpr std::size_t kSlotsMax = 1u << 14;
inline constexpr std::size_t kFailureSize = 2048;

struct Oracle {
  std::atomic<std::uint32_t> slots_used;
  std::atomic<std::uint32_t> batches_used;
  std::atomic<std::uint64_t> firm_sequence;
  std::atomic<std::uint64_t> answered_max;  ///< The greatest sequence answered.
  std::atomic<std::uint64_t> answers;
  std::atomic<std::uint64_t> effects;
  std::atomic<std::uint32_t> finished;
  std::uint64_t now_ns;        ///< Power-loss replay only: when the power went.
  char failure[kFailureSize];  ///< The first thing that was wrong, from whoever noticed.
  std::atomic<std::uint32_t> copies_used;
  CopyRecord copies[kCopiesMax];
  SlotRecord slots[kSlotsMax];

  void apply(const Note& note, std::uint64_t time_ns = 0);
  /// Keeps the first one.
  void fail(const std::string& text);

 private:
  void apply_copy(const Note& note);
};

/// A zeroed oracle in a shared file (sparse: only touched slots cost anything).
Oracle* map_oracle(const std::string& path);

/// What a recovered store may have lost.
struct Allowance {
  bool power_cut = false;  ///< Else nothing may be lost in either mode.
  bool relaxed = false;
  std::uint64_t bytes_max = 0;   ///< Relaxed: so many bytes of effects.
  std::uint64_t age_max_ns = 0;  ///< Relaxed: no lost effect was answered longer ago.
  /// What the store ended with when it was first judged; default: now.
  std::optional<std::uint64_t> last{};
  std::uint64_t strangers = 0;  ///< So many runs are there that the oracle was not told of.
};

/// Judges what the tracker shows against the oracle; empty if all is well. Settles calls in
/// flight if `settle`: what became of them must stay so.
std::string judge(const Tracker& tracker, Oracle& oracle, const Allowance& allowance,
                  bool settle = false);

/// The folder of a copy.
std::string copy_path(const std::string& store, std::size_t number);

/// Judges the copies beside a closed store: each that was acknowledged is there, each that is there
/// is whole and holds what it must. `once`: one that was found so is not looked at again.
std::string judge_copies(const std::string& store, Oracle& oracle, bool once);

/// The texts a workload gives the run of a slot.
std::string error_text(std::uint64_t seed, std::uint32_t slot, std::size_t size_max);

}  // namespace milepost::crash
