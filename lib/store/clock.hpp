// SPDX-License-Identifier: Apache-2.0
//
// The engine's clock: the host's or the system's, cut to milliseconds, within what has a text form.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/text.hpp"

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

}  // namespace milepost::store
