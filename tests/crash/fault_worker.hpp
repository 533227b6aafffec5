// SPDX-License-Identifier: Apache-2.0
//
// The process that meets the faults: it makes every kind of call the engine has, tries again what
// failed, and notes truthfully what it was told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/oracle.hpp"

namespace milepost::crash {

/// What the worker tells the parent beside the oracle.
struct WorkerReport {
  std::atomic<std::uint32_t> reopened;   ///< Because of needs_reopen.
  std::atomic<std::uint32_t> completed;  ///< Every step was done in the end.
  char last_error[512];
};

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error();
}

class FaultWorker {
 public:
  FaultWorker(std::string store, Oracle& oracle, WorkerReport& report);

  int run();

 private:
  void note_error(const char* what, const Error& error);
  bool open();
  bool reopen_refused();
  bool reopen_cleanly();
  /// A fault that stays makes every call wait for its deadline; a few of them show it.
  [[nodiscard]] bool gave_up() const;

  /// Makes a call; yields its error.
  using Attempt = std::function<std::optional<Error>()>;
  bool try_often(const char* what, const Attempt& attempt);
  bool step(const Note& note, const std::function<Result<Outcome>()>& call);
  [[nodiscard]] Note note_of(std::uint32_t slot, Step step, RunStatus target,
                             std::uint32_t batch = 0) const;
  void note_answer(Note note, const Outcome& outcome);
  /// `was_unknown`: a first try's fate is; that a second one did nothing does not change it.
  void note_refusal(Note note, const Error& error, bool was_unknown);

  bool lifecycle(std::uint32_t slot);
  bool batch(std::uint32_t slot);
  void read_back();

  // In fault_upkeep.cpp: a cohort (common/upkeep_work.hpp) and the calls on many runs.
  using Members = std::vector<std::uint32_t>;
  bool look_after();
  bool make_keyed(std::uint32_t member);
  bool live();
  bool import_lines();
  bool bulk();
  bool purge();
  bool erase();
  bool remove(const char* what, const Members& members, const Attempt& attempt);
  bool follow_feed();
  bool copy_and_restore();
  /// Tries to make a copy that holds at least this sequence, under a new number each time.
  bool copy(std::uint32_t first_number, std::uint64_t at_least,
            const std::function<Result<std::uint64_t>(const std::string& to)>& make);
  bool verify_all();
  [[nodiscard]] Note cohort_note(std::uint32_t member, Step step, RunStatus target) const;
  /// Tries a call that is about these members: its fate is theirs.
  bool on_many(const char* what, const std::vector<Note>& notes, const Attempt& attempt);
  bool read_members(const std::vector<Note>& notes, OutcomeKind outcome);

  std::string directory_;
  Oracle& oracle_;
  WorkerReport& report_;
  std::optional<Tracker> tracker_{};
  std::optional<Uuid> known_{};
  std::uint32_t copied_ = 0;  ///< The number of the last copy that was acknowledged.
  int refusals_ = 0;
  bool sticky_;
};

}  // namespace milepost::crash
