// SPDX-License-Identifier: Apache-2.0
//
// Little-endian integers in byte buffers: the journal's files read the same on every machine.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace milepost::journal {

static_assert(std::endian::native == std::endian::little,
              "the journal stores integers as they are in memory; add byte swaps for this machine");

template <std::unsigned_integral T>
inline void put(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

template <std::unsigned_integral T>
[[nodiscard]] inline T take(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace milepost::journal
