// SPDX-License-Identifier: Apache-2.0
//
// The end of the story, on stdout: how many runs have which status, read back from the store and
// compared with what it acknowledged; how fast it went; one run of each status as public JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "create_runs.hpp"
#include "execute_runs.hpp"
#include "options.hpp"
#include "run_list.hpp"

#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

inline constexpr std::size_t kStatuses = 5;

/// What the store holds, by status.
struct Standing {
  std::array<std::uint64_t, kStatuses> runs{};
  std::array<std::string, kStatuses> json{};  ///< One run of each, as it is now.
  std::uint64_t total = 0;
  std::uint64_t not_as_acknowledged = 0;

  [[nodiscard]] std::uint64_t of(milepost::RunStatus status) const {
    return runs.at(static_cast<std::size_t>(status));
  }
  [[nodiscard]] std::uint64_t finished() const {
    return of(milepost::RunStatus::completed) + of(milepost::RunStatus::failed) +
           of(milepost::RunStatus::exited);
  }
};

/// Reads every listed run back. `runs` and `acknowledged_status` are those of execute_runs().
[[nodiscard]] milepost::Result<Standing> read_standing(
    const milepost::Tracker& tracker, const RunList& list, const std::vector<milepost::Run>& runs,
    const std::vector<milepost::RunStatus>& acknowledged_status);

/// The table of counts per status.
void print_counts(const Standing& standing);

/// What was done and how fast.
void print_rates(const Options& options, const CreateTally& created, const ExecuteTally& executed);

/// One run of each status. Those it had on the way are shown as they were then.
void print_examples(const Standing& standing, const ExecuteTally& executed);

}  // namespace sample
