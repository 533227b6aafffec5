// SPDX-License-Identifier: Apache-2.0
//
// Fixed-width integers in stored bytes: little-endian whatever the machine, at any alignment.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace milepost::core {

/// Reverses nothing on the little-endian machines we meet daily; the others pay a byte swap.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T little_endian(T value) noexcept {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  T swapped = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    swapped = static_cast<T>(static_cast<T>(swapped << 8) | static_cast<T>(value & 0xff));
    value = static_cast<T>(value >> 8);
  }
  return swapped;
#else
  return value;
#endif
}

template <std::unsigned_integral T>
[[nodiscard]] inline T load_le(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return little_endian(value);
}

template <std::unsigned_integral T>
inline void store_le(std::byte* to, T value) noexcept {
  value = little_endian(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace milepost::core
