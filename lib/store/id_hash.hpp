// SPDX-License-Identifier: Apache-2.0
//
// IdHash: a hash of run ids with a seed of the process, since ids may be chosen from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

#include "milepost/run.hpp"

namespace milepost::store {

/// A number nobody outside can guess, the same for the life of the process.
[[nodiscard]] inline std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) ^ device();
  }();
  return seed;
}

struct IdHash {
  using is_avalanching = void;  ///< Tells the table that every bit is well mixed.
  std::uint64_t seed = process_seed();

  [[nodiscard]] std::size_t operator()(const Uuid& id) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, id.data, 8);
    std::memcpy(&low, id.data + 8, 8);
    return static_cast<std::size_t>(
        mix(mix(high ^ seed, 0x9e3779b97f4a7c15u) ^ low, 0xd6e8feb86659fd93u ^ seed));
  }

 private:
  [[nodiscard]] static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
};

}  // namespace milepost::store
