// SPDX-License-Identifier: Apache-2.0
//
// Keeps the notes and holds a recovered store against them.
#include "common/oracle.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>

#include "common/process.hpp"

namespace milepost::crash {
namespace {

void raise_to(std::atomic<std::uint64_t>& value, std::uint64_t to) {
  std::uint64_t now = value.load(std::memory_order_relaxed);
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

bool is_final(RunStatus status) {
  return status != RunStatus::queued && status != RunStatus::running;
}

int rank(RunStatus status) { return is_final(status) ? 2 : status == RunStatus::running ? 1 : 0; }

/// V2: what any run must look like, whatever happened to it.
std::string shape(const Run& run) {
  if (is_final(run.status) != run.completed_at.has_value()) return "completed_at does not fit";
  if ((run.status == RunStatus::failed) != run.error.has_value()) return "error does not fit";
  if (run.status == RunStatus::running && !run.started_at) return "runs but never started";
  if (run.status == RunStatus::completed && !run.started_at) return "completed but never started";
  if (run.status == RunStatus::queued && run.started_at) return "queued but started";
  if (run.started_at && *run.started_at < run.triggered_at) return "started before triggered";
  if (run.completed_at && *run.completed_at < run.started_at.value_or(run.triggered_at)) {
    return "completed before started";
  }
  if (run.sequence == 0) return "has no sequence";
  return {};
}

class Judge {
 public:
  Judge(const Tracker& tracker, Oracle& oracle, const Allowance& allowance, bool settle)
      : tracker_(tracker), oracle_(oracle), allowance_(allowance), settle_(settle) {}

  std::string run() {
    const std::uint32_t used = std::min<std::uint32_t>(oracle_.slots_used, kSlotsMax);
    runs_.resize(used);
    for (std::uint32_t slot = 0; slot < used; ++slot) {
      if (auto wrong = read(slot); !wrong.empty()) return about(slot, wrong);
    }
    for (std::uint32_t slot = 0; slot < used; ++slot) {
      if (auto wrong = compare(slot); !wrong.empty()) return about(slot, wrong);
      if (settle_) settle(slot);
    }
    for (const auto& [batch, count] : batches_) {
      if (count.there != 0 && count.there != count.all) {
        return "batch " + std::to_string(batch) + " is torn: " + std::to_string(count.there) +
               " of " + std::to_string(count.all) + " effects are there";
      }
    }
    if (lost_bytes_ > allowance_.bytes_max) {
      return std::to_string(lost_bytes_) + " bytes of effects are lost, more than the bound of " +
             std::to_string(allowance_.bytes_max);
    }
    return {};
  }

 private:
  struct BatchCount {
    std::uint32_t all = 0;
    std::uint32_t there = 0;
  };

  std::string about(std::uint32_t slot, const std::string& wrong) const {
    const SlotRecord& record = oracle_.slots[slot];
    std::string text = "run " + to_string(record.run_id) + " (slot " + std::to_string(slot) +
                       "): " + wrong + ". It is ";
    if (const auto& run = runs_[slot]) {
      text += std::string(to_string(run->status)) + " at sequence " + std::to_string(run->sequence);
    } else {
      text += "absent";
    }
    text += "; last sequence there " + std::to_string(last_) + "; steps:";
    for (std::size_t i = 0; i < kStepCount; ++i) {
      const StepRecord& step = record.steps[i];
      text += " [" + std::to_string(i) + " state " +
              std::to_string(static_cast<unsigned>(step.state.load())) + " to " +
              std::string(to_string(step.target)) + " " + std::string(to_string(step.outcome)) +
              " at " + std::to_string(step.sequence) + " batch " + std::to_string(step.batch) + "]";
    }
    return text + " seen " + std::to_string(record.seen.load());
  }

  std::string read(std::uint32_t slot) {
    const SlotRecord& record = oracle_.slots[slot];
    if (record.id_known.load(std::memory_order_acquire) == 0) return {};
    auto got = tracker_.get(record.run_id);
    if (!got) return "cannot be read: " + to_string(got.error());
    runs_[slot] = *got;
    if (!*got) return {};
    last_ = std::max(last_, (*got)->sequence);
    if (slot % 16 == 0) {
      const auto json = tracker_.get_json(record.run_id);
      if (!json) return "has no JSON: " + to_string(json.error());
    }
    return shape(**got);
  }

  /// Whether an effect at `sequence` must be there.
  bool must_be_there(std::uint64_t sequence) const {
    if (!allowance_.power_cut || !allowance_.relaxed) return true;
    return sequence <= std::max(last_, oracle_.firm_sequence.load());
  }

  std::string compare(std::uint32_t slot) {
    const SlotRecord& record = oracle_.slots[slot];
    const std::optional<Run>& run = runs_[slot];
    const std::uint64_t at = run ? run->sequence : 0;
    bool explained = !run;
    unsigned starts = 0;
    for (std::size_t i = 0; i < kStepCount; ++i) {
      const StepRecord& step = record.steps[i];
      const StepState state = step.state.load(std::memory_order_acquire);
      const bool is_start = i == 1 || i == 2;
      if (step.applied()) {
        if (is_start) ++starts;
        if (step.sequence > at) {
          if (must_be_there(step.sequence)) return "an acknowledged effect is lost";
          if (auto wrong = count_lost(step); !wrong.empty()) return wrong;
        }
        if (run && step.sequence == at) {
          if (digest(*run) != step.digest) return "differs from what was acknowledged";
          explained = true;
        }
      } else if (run && step.may_have_happened() && run->status == step.target) {
        explained = true;
      } else if (run && state == StepState::answered && step.outcome == OutcomeKind::unchanged &&
                 step.sequence == at) {
        // A repeat of a call whose fate was unknown: it had happened.
        if (digest(*run) != step.digest) return "differs from what was acknowledged";
        explained = true;
      }
      if (state != StepState::none && step.batch != 0) count_batch(step, run);
    }
    if (starts > 1) return "was started twice";
    if (!explained) return "is as nobody asked for";
    if (!(allowance_.power_cut && allowance_.relaxed) && record.seen > at) {
      return "is older than what a reader was shown";
    }
    return {};
  }

  std::string count_lost(const StepRecord& step) {
    lost_bytes_ += step.bytes;
    if (allowance_.age_max_ns != 0 && step.time_ns + allowance_.age_max_ns < oracle_.now_ns) {
      return "an effect acknowledged " +
             std::to_string((oracle_.now_ns - step.time_ns) / 1'000'000) +
             " ms before the power cut is lost";
    }
    return {};
  }

  void count_batch(const StepRecord& step, const std::optional<Run>& run) {
    if (step.state == StepState::not_done) return;
    if (step.state == StepState::answered && !step.applied()) return;
    BatchCount& count = batches_[step.batch];
    ++count.all;
    const bool there = run && (step.applied() ? run->sequence >= step.sequence
                                              : rank(run->status) >= rank(step.target));
    if (there) ++count.there;
  }

  void settle(std::uint32_t slot) {
    SlotRecord& record = oracle_.slots[slot];
    const std::optional<Run>& run = runs_[slot];
    bool known = false;
    for (const StepRecord& step : record.steps) {
      known = known || (step.applied() && run && step.sequence == run->sequence);
    }
    for (StepRecord& step : record.steps) {
      if (!step.may_have_happened()) continue;
      if (!run || known || run->status != step.target) {
        step.state = StepState::not_done;
        continue;
      }
      step.sequence = run->sequence;
      step.digest = digest(*run);
      step.outcome = OutcomeKind::applied;
      step.state = StepState::answered;
      known = true;
    }
  }

  const Tracker& tracker_;
  Oracle& oracle_;
  const Allowance& allowance_;
  bool settle_;
  std::vector<std::optional<Run>> runs_;
  std::map<std::uint32_t, BatchCount> batches_;
  std::uint64_t last_ = 0;
  std::uint64_t lost_bytes_ = 0;
};

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
    case NoteKind::step:
      break;
  }
  if (note.slot >= kSlotsMax) return;
  SlotRecord& slot = slots[note.slot];
  if (note.id_known != 0 && slot.id_known.load(std::memory_order_relaxed) == 0) {
    slot.run_id = note.run_id;
    slot.id_known.store(1, std::memory_order_release);
  }
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
  std::uint32_t used = slots_used.load(std::memory_order_relaxed);
  while (used < note.slot + 1 && !slots_used.compare_exchange_weak(used, note.slot + 1)) {
  }
}

void Oracle::fail(const std::string& text) {
  if (failure[0] != 0) return;
  std::snprintf(failure, sizeof failure, "%s", text.c_str());
}

Oracle* map_oracle(const std::string& path) {
  return static_cast<Oracle*>(map_shared(path, sizeof(Oracle)));
}

std::string judge(const Tracker& tracker, Oracle& oracle, const Allowance& allowance, bool settle) {
  return Judge(tracker, oracle, allowance, settle).run();
}

std::string error_text(std::uint64_t seed, std::uint32_t slot, std::size_t size_max) {
  const std::uint64_t number = mix(seed ^ slot);
  std::string text = "step " + std::to_string(slot) + " failed: ";
  text.resize(text.size() + static_cast<std::size_t>(number % (size_max + 1)),
              static_cast<char>('a' + number % 26));
  return text;
}

}  // namespace milepost::crash
