// SPDX-License-Identifier: Apache-2.0
//
// LMDB 0.9's data file as bytes (64-bit, native byte order). Pages of one size; each begins with a
// header of 16 bytes; pages 0 and 1 are meta pages; all others are branch or leaf pages of a tree,
// or belong to a run that holds one large value. Numbers are loaded by memcpy: nothing in a file
// that is not trusted is aligned, and nothing here is checked. Checking is everybody else's job.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace milepost::verify {

using Bytes = std::span<const std::byte>;

[[nodiscard]] inline std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline constexpr std::uint32_t kMagic = 0xBEEFC0DE;
inline constexpr std::uint32_t kDataVersion = 1;
inline constexpr std::uint64_t kNoPage = ~0ull;        ///< The root of an empty tree.
inline constexpr std::uint64_t kFirstPage = 2;         ///< The first after the meta pages.
inline constexpr std::uint64_t kPageSizeMin = 512;     ///< Powers of two from here ...
inline constexpr std::uint64_t kPageSizeMax = 65'536;  ///< ... to here.
inline constexpr std::uint64_t kDepthMax = 32;         ///< LMDB's cursors end here.
inline constexpr std::size_t kKeySizeMax = 511;        ///< Largest key; the smallest is 1.

inline constexpr std::size_t kPageHeaderSize = 16;
inline constexpr std::size_t kNodeHeaderSize = 8;
inline constexpr std::size_t kTableRecordSize = 48;
inline constexpr std::size_t kMetaSize = 152;  ///< Page header and meta.

inline constexpr std::uint16_t kPageBranch = 0x01;
inline constexpr std::uint16_t kPageLeaf = 0x02;
inline constexpr std::uint16_t kPageOverflow = 0x04;
inline constexpr std::uint16_t kPageMeta = 0x08;
inline constexpr std::uint16_t kPageLeaf2 = 0x20;    ///< Fixed-size duplicates.
inline constexpr std::uint16_t kPageSubPage = 0x40;  ///< Duplicates inside a node.

inline constexpr std::uint16_t kNodeBig = 0x01;         ///< The value is in an overflow run.
inline constexpr std::uint16_t kNodeTable = 0x02;       ///< The value is a table record.
inline constexpr std::uint16_t kNodeDuplicates = 0x04;  ///< The value is a set of values.

inline constexpr std::uint16_t kTableIntegerKey = 0x08;
inline constexpr std::uint16_t kEnvNoFolder = 0x4000;  ///< Opened by file name; harmless.

template <typename T>
[[nodiscard]] T load(Bytes bytes, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// What LMDB knows of one tree.
struct TableRecord {
  std::uint32_t pad = 0;
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = kNoPage;
};

/// `at` + 48 bytes must be there.
[[nodiscard]] inline TableRecord load_table_record(Bytes bytes, std::size_t at) noexcept {
  TableRecord record;
  record.pad = load<std::uint32_t>(bytes, at);
  record.flags = load<std::uint16_t>(bytes, at + 4);
  record.depth = load<std::uint16_t>(bytes, at + 6);
  record.branch_pages = load<std::uint64_t>(bytes, at + 8);
  record.leaf_pages = load<std::uint64_t>(bytes, at + 16);
  record.overflow_pages = load<std::uint64_t>(bytes, at + 24);
  record.entries = load<std::uint64_t>(bytes, at + 32);
  record.root = load<std::uint64_t>(bytes, at + 40);
  return record;
}

/// The first sixteen bytes of every page but the later ones of an overflow run.
struct PageHeader {
  std::uint64_t number = 0;
  std::uint16_t flags = 0;
  std::uint16_t lower = 0;       ///< End of the node offsets.
  std::uint16_t upper = 0;       ///< Begin of the nodes.
  std::uint32_t run_length = 0;  ///< Overflow: pages of the run; shares bytes with the bounds.
};

/// 16 bytes must be there.
[[nodiscard]] inline PageHeader load_page_header(Bytes bytes) noexcept {
  PageHeader header;
  header.number = load<std::uint64_t>(bytes, 0);
  header.flags = load<std::uint16_t>(bytes, 10);
  header.lower = load<std::uint16_t>(bytes, 12);
  header.upper = load<std::uint16_t>(bytes, 14);
  header.run_length = load<std::uint32_t>(bytes, 12);
  return header;
}

/// The number a node's first four bytes hold: two halves, the lower one first whatever the machine.
[[nodiscard]] inline std::uint32_t load_halves(Bytes bytes, std::size_t at) noexcept {
  const std::uint32_t first = load<std::uint16_t>(bytes, at);
  const std::uint32_t second = load<std::uint16_t>(bytes, at + 2);
  return std::endian::native == std::endian::little ? first | second << 16 : second | first << 16;
}

/// A node; on a branch page it leads to a child, on a leaf page it holds a value. Eight bytes must
/// be there.
struct Node {
  std::uint32_t value_size = 0;
  std::uint16_t flags = 0;
  std::uint16_t key_size = 0;
  std::uint64_t child = 0;
};

[[nodiscard]] inline Node load_node(Bytes bytes, std::size_t at) noexcept {
  Node node;
  node.value_size = load_halves(bytes, at);
  node.flags = load<std::uint16_t>(bytes, at + 4);
  node.key_size = load<std::uint16_t>(bytes, at + 6);
  node.child = node.value_size | static_cast<std::uint64_t>(node.flags) << 32;
  return node;
}

/// A meta page.
struct Meta {
  PageHeader header;
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t address = 0;
  std::uint64_t map_size = 0;
  std::uint64_t page_size = 0;  ///< Kept in the free list's record ...
  std::uint16_t env_flags = 0;  ///< ... as are these.
  TableRecord free_list;
  TableRecord main;
  std::uint64_t last_page = 0;
  std::uint64_t txn_id = 0;
};

/// 152 bytes must be there.
[[nodiscard]] inline Meta load_meta(Bytes bytes) noexcept {
  Meta meta;
  meta.header = load_page_header(bytes);
  meta.magic = load<std::uint32_t>(bytes, 16);
  meta.version = load<std::uint32_t>(bytes, 20);
  meta.address = load<std::uint64_t>(bytes, 24);
  meta.map_size = load<std::uint64_t>(bytes, 32);
  meta.free_list = load_table_record(bytes, 40);
  meta.main = load_table_record(bytes, 88);
  meta.last_page = load<std::uint64_t>(bytes, 136);
  meta.txn_id = load<std::uint64_t>(bytes, 144);
  meta.page_size = meta.free_list.pad;
  meta.env_flags = meta.free_list.flags;
  return meta;
}

}  // namespace milepost::verify
