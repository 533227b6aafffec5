// SPDX-License-Identifier: Apache-2.0
//
// Cohorts: a dozen runs of one organization and one journey that one thread takes through all that
// the engine does beside plain lifecycles: idempotency keys, imports, leases, adoption and fencing,
// bulk steps, purges, the erasure of a profile, backups, pages of the feed. Since nobody else
// touches the organization, it is known before each such call which runs it must change. Ids and
// requests follow from a seed and a slot number, as in workload.hpp.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/workload.hpp"

namespace milepost::crash {

inline constexpr std::uint32_t kCohortSize = 12;
/// The first few are created with keys, the others imported; of the first ones the erased profile.
inline constexpr std::uint32_t kCohortKeyed = 8;
inline constexpr std::uint32_t kCohortErased = 4;

Uuid cohort_organization(std::uint64_t seed, std::uint32_t slot);

/// The keyed create of a slot: the command and the texts it views.
struct KeyedCreate {
  CreateCommand command;
  std::string key;

  KeyedCreate(std::uint64_t seed, std::uint32_t slot);
  KeyedCreate(const KeyedCreate&) = delete;
  KeyedCreate& operator=(const KeyedCreate&) = delete;
};

class Cohort {
 public:
  /// `first` is a multiple of kCohortSize.
  Cohort(Workload& work, std::uint32_t first, unsigned index);

  /// Ends early if something is wrong, which the workload is told.
  void run();

 private:
  struct Member {
    bool there = false;
    Run run{};
  };
  using Call = std::function<Result<Outcome>()>;

  void make(std::uint32_t member);
  void import_lines();
  void live();
  void live_adopted(std::uint32_t member);
  void look_after();
  void purge();
  void bulk();
  void erase();
  void make_last();
  void copy_store();
  void read_feed();
  /// Notes the call on a member's run, makes it, notes its answer.
  std::optional<Outcome> call(std::uint32_t member, Step step, RunStatus target, std::size_t bytes,
                              const Call& make_call);
  void expect(const std::optional<Outcome>& outcome, OutcomeKind kind, const char* what);
  [[nodiscard]] Note note_of(std::uint32_t member, Step step, RunStatus target,
                             std::size_t bytes) const;
  void note_all(const std::vector<std::uint32_t>& members, Step step, StepState state,
                std::uint64_t sequence);
  void note_failed(const std::vector<std::uint32_t>& members, Step step, const Error& error);
  void note_gone(const std::vector<std::uint32_t>& members, std::uint64_t sequence);
  /// Reads what became of members by a call that answers for all of them.
  void read_members(const std::vector<std::uint32_t>& members, Step step, OutcomeKind outcome);
  [[nodiscard]] std::string lines() const;
  [[nodiscard]] Run imported(std::uint32_t member) const;
  [[nodiscard]] bool stopped() const { return work_.stopped(); }

  Workload& work_;
  const WorkloadOptions& options_;
  Tracker& tracker_;
  std::uint32_t first_;
  unsigned index_;
  std::uint64_t random_;
  Uuid organization_;
  std::array<Member, kCohortSize> members_{};
  RunStatus bulk_target_ = RunStatus::exited;
  std::vector<std::uint32_t> unplaced_{};  ///< Removed before a sequence that is not known yet.
};

/// Repeats keyed creates of a store that was judged: a run that is there answers for its key, a key
/// whose run is gone makes a new one. Yields what is wrong. The oracle is not told of new runs.
std::string probe_keys(Tracker& tracker, const Oracle& oracle, std::uint64_t seed,
                       std::uint64_t turn);

}  // namespace milepost::crash
