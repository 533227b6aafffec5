// SPDX-License-Identifier: Apache-2.0
//
// A quicker way to a value than LMDB's own, for tables of 16-byte keys: down the tree without
// LMDB's cursors, and for many keys side by side, so that their loads overlap instead of each
// waiting for the one before it.
//
// It may be wrong in one direction only: what it does not find, LMDB must be asked for; and what it
// finds must prove itself, as a record does by its checksum over key and value. It follows a tree
// within a read transaction, which holds the tree still, and believes nothing it reads there:
// every number is held against the bounds of the map and of the page.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lmdb/types.hpp"

namespace milepost::lmdb {

inline constexpr std::size_t kQuickKeySize = 16;   ///< Of all keys of such a table.
inline constexpr std::size_t kSideBySideMax = 64;  ///< Keys of one call.

/// Where a tree begins. Plain value.
struct TreePlace {
  const std::byte* map = nullptr;
  std::uint64_t pages = 0;    ///< Of the map, as far as the file may be written.
  std::size_t page_size = 0;  ///< A power of two.
  std::uint64_t root = 0;
  unsigned depth = 0;  ///< 0: an empty tree, or one that is not known.
};

/// The tree that a table's record in the main tree speaks of, where LMDB gave that record out.
[[nodiscard]] TreePlace place_of_tree(Bytes record, std::size_t page_size,
                                      std::uint64_t pages) noexcept;

/// The value under a key of kQuickKeySize bytes; empty if it was not found.
[[nodiscard]] Bytes find_in_tree(const TreePlace& tree, Bytes key) noexcept;

/// The same for up to kSideBySideMax keys; `values` has as many places.
void find_in_tree(const TreePlace& tree, std::span<const Bytes> keys,
                  std::span<Bytes> values) noexcept;

}  // namespace milepost::lmdb
