// SPDX-License-Identifier: Apache-2.0
//
// Structs that grow. Each begins with `struct_size`, which says how much of it its writer knew.
// Three kinds of sizes are taken: that of the present form; that of an earlier released form, whose
// missing members then have their defaults; and a larger one, of a newer header, if everything we
// do not know is zero, that is, nothing of it is asked for. All other sizes are memory nobody set
// or a struct of something else, and are refused.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "capi/errors.hpp"

#include "milepost/result.hpp"

namespace milepost::capi {

/// The sizes of a struct's released forms, oldest first. Whoever appends a member specializes this
/// for the struct and lists the size it had before.
template <typename T>
inline constexpr std::array<std::uint32_t, 1> kReleasedSizes{sizeof(T)};

/// No form of any struct will be larger: bounds what is read of one that claims to be.
inline constexpr std::uint32_t kStructSizeMax = 4096;

template <typename T>
[[nodiscard]] constexpr bool is_released(std::uint32_t size) noexcept {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
  static_assert(sizeof(T) <= kStructSizeMax && kReleasedSizes<T>.back() == sizeof(T));
  if (size == sizeof(T)) return true;
  if (size > sizeof(T)) return size <= kStructSizeMax;
  const auto& sizes = kReleasedSizes<T>;
  return std::find(sizes.begin(), sizes.end(), size) != sizes.end();
}

[[nodiscard]] inline Error wrong_size(const char* name, std::uint32_t size) {
  return invalid(std::string(name) + ".struct_size " + std::to_string(size),
                 "No version of the library has this struct at this size.",
                 "Set it by the struct's _init function, or to sizeof the struct.");
}

/// The struct's size as its writer gave it. `p` is not NULL.
[[nodiscard]] inline std::uint32_t claimed_size(const void* p) noexcept {
  std::uint32_t size = 0;
  std::memcpy(&size, p, sizeof size);
  return size;
}

/// Takes a struct that goes in: what its writer knew of it, and `defaults` for the rest.
template <typename T>
[[nodiscard]] Result<T> read_sized(const T* p, const T& defaults, const char* name) {
  if (p == nullptr) return null_argument(name);
  const std::uint32_t size = claimed_size(p);
  if (!is_released<T>(size)) return wrong_size(name, size);
  const auto* bytes = reinterpret_cast<const unsigned char*>(p);
  for (std::size_t i = sizeof(T); i < size; ++i) {
    if (bytes[i] == 0) continue;
    return invalid(std::string(name) + " of " + std::to_string(size) + " bytes",
                   "A member that this version of the library does not know is set.",
                   "Load the library that belongs to the header, or leave the member alone.");
  }
  T value = defaults;
  std::memcpy(static_cast<void*>(&value), p, std::min<std::size_t>(size, sizeof(T)));
  value.struct_size = sizeof(T);
  return value;
}

/// Before anything is done: whether a struct that comes out can be filled.
template <typename T>
[[nodiscard]] Result<void> check_out(const T* out, const char* name) {
  if (out == nullptr) return null_argument(name);
  if (!is_released<T>(claimed_size(out))) return wrong_size(name, claimed_size(out));
  return {};
}

/// Fills a struct that comes out as far as its reader knows it, the rest with zero. It has passed
/// check_out.
template <typename T>
void write_sized(T* out, const T& value) noexcept {
  const std::uint32_t size = claimed_size(out);
  auto* bytes = reinterpret_cast<unsigned char*>(out);
  std::memcpy(bytes, &value, std::min<std::size_t>(size, sizeof(T)));
  if (size > sizeof(T)) std::memset(bytes + sizeof(T), 0, size - sizeof(T));
  std::memcpy(bytes, &size, sizeof size);
}

/// What an _init function does.
template <typename T>
[[nodiscard]] milepost_status init_sized(T* p, std::size_t size, const T& defaults) noexcept {
  if (p == nullptr || size > kStructSizeMax || !is_released<T>(static_cast<std::uint32_t>(size))) {
    return MILEPOST_E_INVALID_ARGUMENT;
  }
  const auto claimed = static_cast<std::uint32_t>(size);
  std::memcpy(static_cast<void*>(p), &claimed, sizeof claimed);
  write_sized(p, defaults);
  return MILEPOST_OK;
}

}  // namespace milepost::capi
