// SPDX-License-Identifier: Apache-2.0
//
// From triggers to queued runs: batches, each one durable commit with one outcome per command.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "progress.hpp"
#include "trigger_reader.hpp"

#include "milepost/result.hpp"
#include "milepost/tracker.hpp"

namespace sample {

/// Told of every acknowledged change, after the store acknowledged it. From any thread.
using Acknowledged = std::function<void(const milepost::Run&)>;

struct CreateTally {
  std::uint64_t created = 0;
  std::uint64_t there_before = 0;  ///< Answered `unchanged`: an earlier run of this program's.
  std::uint64_t refused = 0;       ///< Answered `conflict`; each is reported.
  std::uint64_t skipped = 0;       ///< Lines that are no triggers; each is reported.
  std::chrono::nanoseconds elapsed{0};
};

/// Reads triggers until the end or until a stop is requested, and creates their runs. `tally`
/// says how far it got also when an error comes back.
[[nodiscard]] milepost::Result<void> create_runs(milepost::Tracker& tracker, TriggerReader& reader,
                                                 std::size_t batch, Console& console,
                                                 const Acknowledged& acknowledged,
                                                 CreateTally& tally);

}  // namespace sample
