// SPDX-License-Identifier: Apache-2.0
//
// CommitTimes: when this process's last commits to LMDB were made. LMDB tells how many commits ago
// a reader began; this makes a time of it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace milepost::store {

/// Thread-safe.
class CommitTimes {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kKept = 4'096;

  void note(Clock::time_point at) {
    const std::lock_guard lock(mutex_);
    times_[count_++ % kKept] = at;
  }

  /// How long ago the commit was made with which what a reader sees, `lag` commits behind, was out
  /// of date; zero if it is not. At least, where that was before the first commit kept.
  [[nodiscard]] Clock::duration age(std::uint64_t lag, Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    const std::uint64_t kept = std::min<std::uint64_t>(count_, kKept);
    if (lag == 0 || kept == 0) return {};
    return now - times_[(count_ - std::min(lag, kept)) % kKept];
  }

 private:
  mutable std::mutex mutex_;
  std::array<Clock::time_point, kKept> times_{};
  std::uint64_t count_ = 0;
};

}  // namespace milepost::store
