// SPDX-License-Identifier: Apache-2.0
//
// Latencies in log-linear buckets: exact below 128 ns, then 64 buckets for each doubling, so that a
// quantile is never off by more than 1/64 of itself. Recording is an increment; plain value.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 6;     ///< 64 buckets a doubling.
  static constexpr unsigned kValueBits = 40;  ///< About 18 minutes in nanoseconds.
  static constexpr std::uint64_t kValueMax = (1ull << kValueBits) - 1;

  void record(std::uint64_t value) noexcept {
    value = std::min(value, kValueMax);
    ++buckets_[index(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  void merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The value that a share `q` of all values does not exceed (nearest rank); 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double q) const noexcept {
    if (count_ == 0) return 0;
    const double exact = std::ceil(q * static_cast<double>(count_));
    const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank) return std::min(upper(i), max_);
    }
    return max_;
  }

  /// The bucket of a value: its top seven bits, the leading one among them, and its magnitude.
  [[nodiscard]] static constexpr std::size_t index(std::uint64_t value) noexcept {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kSubBits + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - (kSubBits + 1);
    return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
  }

  /// The largest value of a bucket.
  [[nodiscard]] static constexpr std::uint64_t upper(std::size_t bucket) noexcept {
    if (bucket < (2u << kSubBits)) return bucket;
    const auto shift = static_cast<unsigned>((bucket >> kSubBits) - 1);
    const std::uint64_t top = bucket - (static_cast<std::uint64_t>(shift) << kSubBits);
    return ((top + 1) << shift) - 1;
  }

 private:
  static constexpr std::size_t kBuckets = (kValueBits - kSubBits + 1) << kSubBits;
  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

static_assert(Histogram::index(127) == 127 && Histogram::index(128) == 128);
static_assert(Histogram::upper(Histogram::index(130)) == 131);

}  // namespace bench
