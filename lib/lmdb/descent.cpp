// SPDX-License-Identifier: Apache-2.0
//
// What a way down a tree needs of LMDB's pages beside page_layout.hpp: the offsets of nodes in the
// order of keys, nodes of 8 bytes with key and value behind them. A branch node's first six bytes
// are the number of the page below it; the first one stands for all lesser keys and has none of its
// own.
#include "lmdb/descent.hpp"

#include <algorithm>
#include <bit>

#include "lmdb/page_layout.hpp"

namespace milepost::lmdb {
namespace {

constexpr std::size_t kNodeHeaderSize = 8;
constexpr std::size_t kTableRecordSize = 48;
constexpr std::size_t kLine = 64;

/// A key as two numbers in the order of its bytes.
struct Number {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  explicit Number(const std::byte* at) noexcept : high(big(at)), low(big(at + 8)) {}
  Number() = default;

  static std::uint64_t big(const std::byte* at) noexcept {
    const auto value = load<std::uint64_t>(at);
    return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
  }
  /// Without a branch.
  [[nodiscard]] bool is_at_most(const Number& other) const noexcept {
    return static_cast<bool>(
        static_cast<unsigned>(high < other.high) |
        (static_cast<unsigned>(high == other.high) & static_cast<unsigned>(low <= other.low)));
  }
  friend bool operator==(const Number&, const Number&) = default;
};

/// A search within one page: the node is among `count` from `low` on. Null: nothing to be found.
struct Search {
  const std::byte* page = nullptr;
  std::size_t low = 0;
  std::size_t count = 0;
};

const std::byte* page_at(const TreePlace& tree, std::uint64_t number) noexcept {
  return number < tree.pages ? tree.map + number * tree.page_size : nullptr;
}

void begin(const TreePlace& tree, std::uint16_t kind, Search& search) noexcept {
  if (search.page == nullptr) return;
  const auto lower = load<std::uint16_t>(search.page + 12);
  const bool fits = load<std::uint16_t>(search.page + 10) == kind &&
                    lower >= kPageHeaderSize + sizeof(std::uint16_t) && lower <= tree.page_size;
  if (!fits) {
    search.page = nullptr;
    return;
  }
  search.low = 0;
  search.count = (lower - kPageHeaderSize) / sizeof(std::uint16_t);
}

/// A node, if it lies in its page with `bytes` bytes of its own.
const std::byte* node_at(const TreePlace& tree, const Search& search, std::size_t index,
                         std::size_t bytes) noexcept {
  const std::size_t at = load<std::uint16_t>(search.page + kPageHeaderSize + 2 * index);
  return at + bytes <= tree.page_size ? search.page + at : nullptr;
}

/// Where a node with a whole key lies.
const std::byte* keyed_node_at(const TreePlace& tree, const Search& search,
                               std::size_t index) noexcept {
  const std::byte* const node = node_at(tree, search, index, kNodeHeaderSize + kQuickKeySize);
  return node != nullptr && load<std::uint16_t>(node + 6) == kQuickKeySize ? node : nullptr;
}

/// Asks for the node that the next comparison is with.
void ask(const TreePlace& tree, const Search& search) noexcept {
  const std::size_t at =
      load<std::uint16_t>(search.page + kPageHeaderSize + 2 * (search.low + search.count / 2));
  __builtin_prefetch(search.page + std::min(at, tree.page_size - 1));
}

/// One comparison, without a branch: which way to go is a coin toss, and there are other keys to go
/// on with while this one's load is under way. `count` is above 1.
void halve(const TreePlace& tree, const Number& key, Search& search) noexcept {
  const std::size_t half = search.count / 2;
  const std::byte* const node = keyed_node_at(tree, search, search.low + half);
  if (node == nullptr) [[unlikely]] {
    search.page = nullptr;
    search.count = 0;
    return;
  }
  search.low += half * static_cast<std::size_t>(Number(node + kNodeHeaderSize).is_at_most(key));
  search.count -= half;
}

/// All of a search for one key alone. With branches: while one load is under way, the processor
/// goes on with what it guesses.
void finish(const TreePlace& tree, const Number& key, Search& search) noexcept {
  while (search.count > 1) {
    const std::size_t half = search.count / 2;
    const std::byte* const node = keyed_node_at(tree, search, search.low + half);
    if (node == nullptr) [[unlikely]] {
      search.page = nullptr;
      return;
    }
    if (Number(node + kNodeHeaderSize).is_at_most(key)) {
      search.low += half;
      asm volatile("");  // Keeps the compiler from making it a conditional move.
    }
    search.count -= half;
  }
}

/// From a branch page whose node was found to the page below it.
void go_down(const TreePlace& tree, Search& search) noexcept {
  const std::byte* const node = node_at(tree, search, search.low, kNodeHeaderSize);
  search.page =
      node == nullptr ? nullptr : page_at(tree, load<std::uint64_t>(node) & 0x0000'ffff'ffff'ffffu);
  if (search.page == nullptr) return;
  // The header, and the offsets, of which a leaf of small records has few.
  __builtin_prefetch(search.page);
  __builtin_prefetch(search.page + kLine);
}

/// The value of the leaf node that was found, if the key is its own.
Bytes value_at(const TreePlace& tree, const Number& key, const Search& search) noexcept {
  if (search.page == nullptr) return {};
  const std::byte* const node = keyed_node_at(tree, search, search.low);
  if (node == nullptr || Number(node + kNodeHeaderSize) != key) return {};
  // Flags mean that the value lies elsewhere.
  if (load<std::uint16_t>(node + 4) != 0) return {};
  const std::size_t size = load<std::uint32_t>(node);
  const std::byte* const value = node + kNodeHeaderSize + kQuickKeySize;
  if (size > static_cast<std::size_t>(search.page + tree.page_size - value)) return {};
  return {value, size};
}

bool is_known(const TreePlace& tree) noexcept { return tree.depth - 1 < kTreeDepthMax; }

}  // namespace

TreePlace place_of_tree(Bytes record, std::size_t page_size, std::uint64_t pages) noexcept {
  if (record.size() != kTableRecordSize || !std::has_single_bit(page_size)) return {};
  // The record lies in a page, which says its number and thereby where the map begins.
  const auto address = reinterpret_cast<std::uintptr_t>(record.data());
  const std::byte* const page = record.data() - address % page_size;
  const auto number = load<std::uint64_t>(page);
  if (number >= pages) return {};
  TreePlace tree;
  tree.map = page - number * page_size;
  tree.pages = pages;
  tree.page_size = page_size;
  tree.root = load<std::uint64_t>(record.data() + 40);
  tree.depth = load<std::uint16_t>(record.data() + 6);
  return tree;
}

Bytes find_in_tree(const TreePlace& tree, Bytes key) noexcept {
  if (!is_known(tree) || key.size() != kQuickKeySize) return {};
  const Number wanted(key.data());
  Search search{.page = page_at(tree, tree.root)};
  for (unsigned level = 1; level < tree.depth; ++level) {
    begin(tree, kBranchPage, search);
    if (search.page == nullptr) return {};
    finish(tree, wanted, search);
    if (search.page == nullptr) return {};
    go_down(tree, search);
  }
  begin(tree, kLeafPage, search);
  if (search.page == nullptr) return {};
  finish(tree, wanted, search);
  return value_at(tree, wanted, search);
}

void find_in_tree(const TreePlace& tree, std::span<const Bytes> keys,
                  std::span<Bytes> values) noexcept {
  std::fill(values.begin(), values.end(), Bytes());
  if (!is_known(tree) || keys.size() > kSideBySideMax) return;
  std::array<Number, kSideBySideMax> wanted;
  std::array<Search, kSideBySideMax> searches;
  const std::size_t count = keys.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (keys[i].size() != kQuickKeySize) continue;
    wanted[i] = Number(keys[i].data());
    searches[i].page = page_at(tree, tree.root);
  }
  const auto search_level = [&](std::uint16_t kind) {
    std::size_t rounds = 0;
    for (std::size_t i = 0; i < count; ++i) {
      begin(tree, kind, searches[i]);
      if (searches[i].page == nullptr) continue;
      rounds = std::max<std::size_t>(rounds, std::bit_width(searches[i].count - 1));
      ask(tree, searches[i]);
    }
    for (; rounds > 0; --rounds) {
      for (std::size_t i = 0; i < count; ++i) {
        if (searches[i].page == nullptr || searches[i].count < 2) continue;
        halve(tree, wanted[i], searches[i]);
        if (searches[i].page != nullptr) ask(tree, searches[i]);
      }
    }
  };
  for (unsigned level = 1; level < tree.depth; ++level) {
    search_level(kBranchPage);
    for (std::size_t i = 0; i < count; ++i) {
      if (searches[i].page != nullptr) go_down(tree, searches[i]);
    }
  }
  search_level(kLeafPage);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = value_at(tree, wanted[i], searches[i]);
    for (std::size_t at = 0; at < values[i].size(); at += kLine) {
      __builtin_prefetch(values[i].data() + at);
    }
  }
}

}  // namespace milepost::lmdb
