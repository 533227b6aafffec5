// SPDX-License-Identifier: Apache-2.0
//
// LMDB 0.9's pages (64-bit, native byte order), as far as this room reads them itself: a header of
// 16 bytes with the page's number, its flags at byte 10, the end of the node offsets at byte 12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace milepost::lmdb {

inline constexpr std::size_t kPageHeaderSize = 16;
inline constexpr std::uint16_t kBranchPage = 0x01;
inline constexpr std::uint16_t kLeafPage = 0x02;
inline constexpr unsigned kTreeDepthMax = 32;  ///< CURSOR_STACK in LMDB.

/// A number, wherever it lies.
template <typename T>
[[nodiscard]] T load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace milepost::lmdb
