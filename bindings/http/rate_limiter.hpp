// SPDX-License-Identifier: Apache-2.0
//
// RateLimiter: so many requests a second for each key, shared by all threads without a lock. One
// number a key: the instant at which its bucket will be full again (the generic cell rate
// algorithm), moved on by each request that is let through.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace milepost::http {

class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  using Bucket = std::atomic<std::int64_t>;

  /// `per_second` 0: everything passes.
  RateLimiter(std::uint32_t per_second, std::uint32_t burst) noexcept
      : step_ns_(per_second == 0 ? 0 : kNsPerSecond / per_second),
        room_ns_(step_ns_ * (burst == 0 ? 1 : std::int64_t{burst})) {}

  /// The bucket of a key; stays where it is as long as the limiter lives.
  [[nodiscard]] Bucket& bucket(const std::string& key_id);

  /// Nothing if the request passes, else after how many seconds another may be tried.
  [[nodiscard]] std::optional<std::int64_t> refuse(Bucket& bucket,
                                                   Clock::time_point now) const noexcept;

 private:
  static constexpr std::int64_t kNsPerSecond = 1'000'000'000;

  std::int64_t step_ns_;
  std::int64_t room_ns_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Bucket>> buckets_;
};

}  // namespace milepost::http
