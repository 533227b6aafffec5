// SPDX-License-Identifier: Apache-2.0
//
// From queued runs to finished ones: worker threads that start a run, walk its journey, and tell
// the store how it ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "create_runs.hpp"
#include "progress.hpp"

#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

struct ExecuteTally {
  std::uint64_t steps = 0;     ///< Status changes acknowledged: starts and endings.
  std::uint64_t finished = 0;  ///< Runs that ended.
  std::uint64_t repeats = 0;   ///< Deliveries of a run that is delivered twice.
  std::uint64_t refused = 0;   ///< Deliveries that found their run taken.
  std::chrono::nanoseconds elapsed{0};
  std::string queued_json{};   ///< The public JSON of one run while it was queued,
  std::string running_json{};  ///< and of one while it was running; empty if there was none.
};

struct ExecuteOptions {
  unsigned workers = 1;
  std::chrono::milliseconds step_time{0};
};

/// Executes `runs`, which are queued or running, until all ended, a stop is requested or a call
/// fails. `acknowledged_status[i]` is the status last acknowledged for `runs[i]`. `tally` says how
/// far it got also when an error comes back.
[[nodiscard]] milepost::Result<void> execute_runs(
    milepost::Tracker& tracker, const std::vector<milepost::Run>& runs,
    const ExecuteOptions& options, Console& console, const Acknowledged& acknowledged,
    std::vector<milepost::RunStatus>& acknowledged_status, ExecuteTally& tally);

}  // namespace sample
