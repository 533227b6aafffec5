// SPDX-License-Identifier: Apache-2.0
//
// ManualClock: a clock that tests set. The wall clock shows what it was set to; the steady clock
// beside it goes forward by what forward settings add up to.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "capi/input.hpp"

namespace milepost::capi {

/// Thread-safe.
class ManualClock {
 public:
  explicit ManualClock(std::int64_t micros) noexcept : micros_(micros) {}

  [[nodiscard]] Instant now() const noexcept {
    const std::lock_guard lock(mutex_);
    return to_instant(micros_);
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const noexcept {
    const std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(steady_micros_));
  }
  void set(std::int64_t micros) noexcept {
    const std::lock_guard lock(mutex_);
    // Far apart settings saturate: a steady clock counts nanoseconds in 64 bits.
    const auto step = static_cast<std::uint64_t>(micros) - static_cast<std::uint64_t>(micros_);
    if (micros > micros_) {
      const std::uint64_t room = static_cast<std::uint64_t>(kSteadyMicrosMax - steady_micros_);
      steady_micros_ += static_cast<std::int64_t>(std::min(step, room));
    }
    micros_ = micros;
  }

 private:
  static constexpr std::int64_t kSteadyMicrosMax = std::int64_t{1} << 52;
  mutable std::mutex mutex_;
  std::int64_t micros_;
  std::int64_t steady_micros_ = 0;
};

}  // namespace milepost::capi
