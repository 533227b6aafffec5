// SPDX-License-Identifier: Apache-2.0
//
// Log-linear buckets: sixteen to each power of two, so that a value is known to one part in
// sixteen. What is longer than the last bucket counts there.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "milepost/stats.hpp"

namespace milepost::core {

inline constexpr unsigned kSubBucketBits = 4;
inline constexpr std::uint64_t kSubBuckets = 1u << kSubBucketBits;

[[nodiscard]] constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
  if (value < kSubBuckets) return static_cast<std::size_t>(value);
  const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBucketBits;
  const std::uint64_t bucket = (exponent + 1) * kSubBuckets + (value >> exponent) - kSubBuckets;
  return static_cast<std::size_t>(std::min<std::uint64_t>(bucket, LatencyHistogram::kBuckets - 1));
}

/// The smallest value that lies in a later bucket.
[[nodiscard]] constexpr std::uint64_t bucket_end(std::size_t bucket) noexcept {
  if (bucket < kSubBuckets) return bucket + 1;
  const std::uint64_t exponent = bucket / kSubBuckets - 1;
  return (kSubBuckets + bucket % kSubBuckets + 1) << exponent;
}

/// Filled by one thread at a time, read by any.
class LatencyRecorder {
 public:
  void record(std::uint64_t ns) noexcept {
    bump(buckets_[bucket_of(ns)], 1);
    bump(count_, 1);
    bump(sum_ns_, ns);
  }
  [[nodiscard]] LatencyHistogram read() const noexcept {
    LatencyHistogram histogram;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
      histogram.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
      histogram.count += histogram.buckets[i];
    }
    histogram.sum_ns = sum_ns_.load(std::memory_order_relaxed);
    return histogram;
  }
  [[nodiscard]] std::uint64_t count() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }

 private:
  using Counter = std::atomic<std::uint64_t>;
  /// One writer: no locked instruction is needed.
  static void bump(Counter& counter, std::uint64_t by) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<Counter, LatencyHistogram::kBuckets> buckets_{};
  Counter count_{0};
  Counter sum_ns_{0};
};

}  // namespace milepost::core
