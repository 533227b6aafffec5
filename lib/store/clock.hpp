// SPDX-License-Identifier: Apache-2.0
//
// The engine's clock: the host's or the system's, cut to milliseconds, within what has a text form.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/text.hpp"

#include "milepost/options.hpp"
#include "milepost/run.hpp"

namespace milepost::store {

/// `clock`, or the system's where it is empty, as the engine reads it.
[[nodiscard]] inline std::function<Instant()> engine_clock(std::function<Instant()> clock) {
  return [clock = std::move(clock)]() -> Instant {
    using std::chrono::milliseconds;
    const Instant now = clock ? clock()
                              : std::chrono::time_point_cast<std::chrono::microseconds>(
                                    std::chrono::system_clock::now());
    return std::chrono::floor<milliseconds>(std::clamp(now, core::kInstantMin, core::kInstantMax));
  };
}

/// The clock that ages of leases and snapshots are measured with: the host's or the system's.
[[nodiscard]] inline std::function<std::chrono::steady_clock::time_point()> steady_clock(
    const OpenOptions& options) {
  if (options.steady_clock) return options.steady_clock;
  return [] { return std::chrono::steady_clock::now(); };
}

}  // namespace milepost::store
