// SPDX-License-Identifier: Apache-2.0
//
// Buckets are made once a key and thread, then only counted in.
#include "rate_limiter.hpp"

#include <algorithm>

namespace milepost::http {

RateLimiter::Bucket& RateLimiter::bucket(const std::string& key_id) {
  const std::lock_guard lock(mutex_);
  auto& place = buckets_[key_id];
  if (!place) place = std::make_unique<Bucket>(0);
  return *place;
}

std::optional<std::int64_t> RateLimiter::refuse(Bucket& bucket,
                                                Clock::time_point now) const noexcept {
  if (step_ns_ == 0) return std::nullopt;
  const std::int64_t now_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  std::int64_t full = bucket.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t next = std::max(full, now_ns) + step_ns_;
    if (next - now_ns > room_ns_) {
      return std::max<std::int64_t>(1,
                                    (next - now_ns - room_ns_ + kNsPerSecond - 1) / kNsPerSecond);
    }
    if (bucket.compare_exchange_weak(full, next, std::memory_order_relaxed)) return std::nullopt;
  }
}

}  // namespace milepost::http
