// SPDX-License-Identifier: Apache-2.0
//
// What must not grow: memory, descriptors, reader slots, files. Sampled again and again; judged by
// medians, so that neither a backup nor a reopening under way counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "milepost/stats.hpp"

namespace milepost::soak {

/// One look at everything.
struct Sample {
  std::uint64_t memory = 0;  ///< Bytes that are this process's own: the map is not among them.
  std::uint64_t descriptors = 0;
  std::uint64_t readers = 0;
  std::uint64_t data = 0;
  std::uint64_t journal = 0;
};

/// What this process uses, and what the store says.
[[nodiscard]] Sample look(const Stats& stats);

/// A gauge's median early on and late, and what it may be.
struct Growth {
  std::string name;
  std::uint64_t early = 0;
  std::uint64_t late = 0;
  std::uint64_t allowed = 0;

  [[nodiscard]] bool flat() const noexcept { return late <= allowed; }
};

/// Leaves out the first third, to warm up; compares the first and the last third of the rest.
[[nodiscard]] std::vector<Growth> growths(const std::vector<Sample>& samples);

}  // namespace milepost::soak
