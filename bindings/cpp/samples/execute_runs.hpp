// SPDX-License-Identifier: Apache-2.0
//
// From queued runs to finished ones: worker threads that claim a run, walk its journey, and tell
// the store how it ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "create_runs.hpp"
#include "progress.hpp"
#include "work_queue.hpp"

#include "milepost/result.hpp"
#include "milepost/tracker.hpp"

namespace sample {

/// What the store acknowledged.
struct ExecuteTally {
  std::uint64_t started = 0;
  std::uint64_t adopted = 0;  ///< Runs taken over from a process that is gone.
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t exited = 0;
  std::uint64_t refused = 0;  ///< Claims that came too late: somebody else had the run.
  std::chrono::nanoseconds elapsed{0};
  std::string running_json{};  ///< The public JSON of a run while it was running.

  [[nodiscard]] std::uint64_t finished() const { return completed + failed + exited; }
  [[nodiscard]] std::uint64_t steps() const { return started + adopted + finished(); }
};

struct ExecuteOptions {
  unsigned workers = 1;
  std::chrono::milliseconds step_time{0};
  std::uint64_t runs = 0;  ///< How many there are to do; for the progress bar.
};

/// Executes what the queue hands out until it is empty, a stop is requested or a call fails.
/// `tally` says how far it got also when an error comes back.
[[nodiscard]] milepost::Result<void> execute_runs(milepost::Tracker& tracker, WorkQueue& queue,
                                                  const ExecuteOptions& options, Console& console,
                                                  const Acknowledged& acknowledged,
                                                  ExecuteTally& tally);

}  // namespace sample
