// SPDX-License-Identifier: Apache-2.0
//
// The runs of a benchmark as a pure function of a seed and a number, so that every engine is given
// the same ids with the same contents in the same order and nothing need be kept in memory.
#pragma once

#include <cstdint>

#include "bench/engine.hpp"

namespace bench {

enum class IdKind : std::uint8_t { v7, v4 };

/// One step of SplitMix64: a good hash of its argument.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

/// A small generator of random numbers (xorshift64*). One thread at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed) | 1) {}
  [[nodiscard]] std::uint64_t next() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Dull;
  }
  /// Uniform in [0, bound), without a division.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

 private:
  std::uint64_t state_;
};

class Data {
 public:
  static constexpr std::uint64_t kJourneys = 64;
  static constexpr std::uint64_t kRunsPerProfile = 8;
  /// One run in so many belongs to a busy profile, of about so many runs.
  static constexpr std::uint64_t kBusyShare = 8;
  static constexpr std::uint64_t kRunsPerBusyProfile = 256;

  Data(std::uint64_t seed, IdKind kind, std::uint64_t runs);

  /// Run `i` of the data set; later runs are younger.
  [[nodiscard]] NewRun run(std::uint64_t i) const noexcept;
  [[nodiscard]] Uuid run_id(std::uint64_t i) const noexcept;
  /// The `k`th run that a caller makes while a cell is timed; younger than the whole data set.
  [[nodiscard]] NewRun live_run(std::uint64_t cell, std::uint64_t caller,
                                std::uint64_t k) const noexcept;
  [[nodiscard]] Uuid journey(std::uint64_t j) const noexcept;
  [[nodiscard]] std::uint64_t busy_profiles() const noexcept { return busy_profiles_; }
  [[nodiscard]] Uuid busy_profile(std::uint64_t p) const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept { return runs_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  [[nodiscard]] NewRun fill(const Uuid& id, std::uint64_t random, std::int64_t ms) const noexcept;

  std::uint64_t seed_;
  IdKind kind_;
  std::uint64_t runs_;
  std::uint64_t profiles_;
  std::uint64_t busy_profiles_;
};

}  // namespace bench
