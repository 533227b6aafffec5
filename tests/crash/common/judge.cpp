// SPDX-License-Identifier: Apache-2.0
//
// Holds a recovered store, and the copies beside it, against the notes.
#include <algorithm>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <vector>

#include "common/oracle.hpp"
#include "common/store_check.hpp"

namespace milepost::crash {
namespace {

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
    const auto stats = tracker_.stats();
    if (!stats) return "has no stats: " + to_string(stats.error());
    last_ = allowance_.last.value_or(stats->sequence);
    if (last_ < oracle_.firm_sequence) {
      return "it ends with sequence " + std::to_string(last_) +
             ", before what was firm: " + std::to_string(oracle_.firm_sequence.load());
    }
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
    return total();
  }

 private:
  struct BatchCount {
    std::uint32_t all = 0;
    std::uint32_t there = 0;
  };

  /// No run is there but those that were asked for, each once.
  std::string total() const {
    const auto counts = tracker_.counts();
    if (!counts) return "has no counts: " + to_string(counts.error());
    std::uint64_t found = 0;
    std::uint64_t unknown = 0;  // made, perhaps, under an id that nobody was told
    for (std::uint32_t slot = 0; slot < runs_.size(); ++slot) {
      const SlotRecord& record = oracle_.slots[slot];
      if (runs_[slot]) ++found;
      if (record.id_known == 0 && record.step(Step::create).may_have_happened()) ++unknown;
    }
    const std::uint64_t all = counts->total();
    if (all >= found + allowance_.strangers && all <= found + allowance_.strangers + unknown) {
      return {};
    }
    return std::to_string(all) + " runs are there, but " + std::to_string(found) +
           " of those that were asked for, " + std::to_string(allowance_.strangers) +
           " others and perhaps " + std::to_string(unknown) + " more";
  }

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
    const GetOptions where{.organization_id = record.organization_id};
    auto got = tracker_.get(record.run_id, where);
    if (!got) return "cannot be read: " + to_string(got.error());
    runs_[slot] = *got;
    if (!*got) return {};
    if ((*got)->sequence > last_) return "is newer than the store";
    if (slot % 16 == 0) {
      const auto json = tracker_.get_json(record.run_id, where);
      if (!json) return "has no JSON: " + to_string(json.error());
    }
    return shape(**got);
  }

  /// Whether an effect at `sequence` must be there.
  bool must_be_there(std::uint64_t sequence) const {
    if (!allowance_.power_cut || !allowance_.relaxed) return true;
    return sequence <= std::max(last_, oracle_.firm_sequence.load());
  }

  /// A removal whose place in the order of effects is not known says nothing of a suffix.
  std::string compare_removal(const StepRecord& removal) {
    if (!removal.applied()) return {};
    const bool cut = allowance_.power_cut && allowance_.relaxed;
    if (!cut || (removal.sequence != 0 && must_be_there(removal.sequence))) {
      return "is back after its removal was acknowledged";
    }
    return count_lost(removal);
  }

  std::string compare(std::uint32_t slot) {
    const SlotRecord& record = oracle_.slots[slot];
    const std::optional<Run>& run = runs_[slot];
    const StepRecord& removal = record.step(Step::remove);
    if (run) {
      if (auto wrong = compare_removal(removal); !wrong.empty()) return wrong;
    } else if (removal.applied() || removal.may_have_happened()) {
      return {};
    }
    return compare_steps(record, run);
  }

  std::string compare_steps(const SlotRecord& record, const std::optional<Run>& run) {
    const std::uint64_t at = run ? run->sequence : 0;
    bool explained = !run;
    unsigned starts = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(Step::remove); ++i) {
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
    // Whether the run was made only a repeat of the create can tell.
    if (record.id_known == 0) return;
    settle_removal(record.steps[static_cast<std::size_t>(Step::remove)], run.has_value());
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

  static void settle_removal(StepRecord& removal, bool there) {
    if (!removal.may_have_happened()) return;
    removal.sequence = 0;
    removal.outcome = OutcomeKind::applied;
    removal.state = there ? StepState::not_done : StepState::answered;
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

std::string judge_copy(const std::string& path, const CopyRecord& copy, bool answered) {
  const auto verified = verify_directory(path);
  if (!verified) return "cannot be verified: " + to_string(verified.error());
  if (!verified->sound()) return "is damaged: " + verified->findings.front().text;
  if (verified->sequence < copy.at_least) {
    return "ends with sequence " + std::to_string(verified->sequence) + ", but " +
           std::to_string(copy.at_least) + " was acknowledged before";
  }
  if (answered && verified->sequence != copy.sequence) return "is not what was acknowledged";
  return check_tables(path);
}

}  // namespace

std::string judge(const Tracker& tracker, Oracle& oracle, const Allowance& allowance, bool settle) {
  return Judge(tracker, oracle, allowance, settle).run();
}

std::string judge_copies(const std::string& store, Oracle& oracle, bool once) {
  const std::size_t used = std::min<std::size_t>(oracle.copies_used, kCopiesMax);
  for (std::size_t i = 0; i < used; ++i) {
    CopyRecord& copy = oracle.copies[i];
    if (once && copy.judged != 0) continue;
    const bool answered = copy.state.load(std::memory_order_acquire) == StepState::answered;
    const std::string path = copy_path(store, i);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      if (answered) return "copy " + std::to_string(i) + " was acknowledged and is not there";
      continue;
    }
    std::string wrong = judge_copy(path, copy, answered);
    if (!wrong.empty()) return "copy " + std::to_string(i) + ": " + wrong;
    copy.judged = 1;
  }
  return {};
}

}  // namespace milepost::crash
