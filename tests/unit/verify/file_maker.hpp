// SPDX-License-Identifier: Apache-2.0
//
// FileMaker: data files put together by hand, so that a test can make whatever LMDB never would.
// It knows the format by itself and shares no code with the page reader. No test framework here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::verify::test {

inline constexpr std::uint64_t kNone = ~0ull;

/// The record of a tree, 48 bytes.
struct MadeTable {
  std::uint32_t pad = 0;
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = kNone;
};
static_assert(sizeof(MadeTable) == 48);

/// A node of a leaf page.
struct MadeEntry {
  std::string key;
  std::string value;
  std::uint16_t flags = 0;
  std::uint32_t said_size = 0;  ///< If not 0, the size the node names instead of its value's.
};

/// A node of a branch page.
struct MadeChild {
  std::string key;
  std::uint64_t page = 0;
};

class FileMaker {
 public:
  explicit FileMaker(std::size_t page_size = 4096) : page_size_(page_size) {}

  [[nodiscard]] std::size_t page_size() const noexcept { return page_size_; }
  [[nodiscard]] std::string& bytes() noexcept { return bytes_; }

  void leaf(std::uint64_t page, const std::vector<MadeEntry>& entries);
  void branch(std::uint64_t page, const std::vector<MadeChild>& children);
  void overflow(std::uint64_t page, std::uint32_t pages, std::string_view value);
  void metas(const MadeTable& free_list, const MadeTable& main, std::uint64_t last_page,
             std::uint64_t txn_id);

  /// Where a node of a branch or leaf page begins in the file.
  [[nodiscard]] std::size_t node_at(std::uint64_t page, std::size_t index) const;

  template <typename T>
  void poke(std::size_t at, T value) {
    if (bytes_.size() < at + sizeof value) bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  template <typename T>
  [[nodiscard]] T peek(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  [[nodiscard]] std::size_t at(std::uint64_t page, std::size_t offset = 0) const {
    return page * page_size_ + offset;
  }

 private:
  void header(std::uint64_t page, std::uint16_t flags, std::size_t lower, std::size_t upper);
  void meta(std::uint64_t page, const MadeTable& free_list, const MadeTable& main,
            std::uint64_t last_page, std::uint64_t txn_id);
  void grow(std::uint64_t pages);

  std::size_t page_size_;
  std::string bytes_;
};

/// The bytes of a number, of a list of numbers, of a table's record.
[[nodiscard]] std::string raw(std::uint64_t number);
[[nodiscard]] std::string raw(const MadeTable& table);
/// A record of the free list: the count, then the numbers.
[[nodiscard]] std::string free_pages(const std::vector<std::uint64_t>& numbers);

// A sound file with a bit of everything, 14 pages:
//   0, 1   meta pages; commit 7, so page 1 is the newer one
//   2      free list: commit 5 freed 9 and 8, commit 7 freed 10 and 7
//   3      main table: "alpha", a table; "beta", an empty one; "plain", a plain record
//   4      alpha's root, a branch to 5 and 6
//   5, 6   its leaves: k01 to k04, and k05 to k09, of which k07 is large
//   7..10  free
//   11..13 the value of k07
inline constexpr std::uint64_t kFreeLeaf = 2;
inline constexpr std::uint64_t kMainLeaf = 3;
inline constexpr std::uint64_t kAlphaRoot = 4;
inline constexpr std::uint64_t kAlphaLow = 5;
inline constexpr std::uint64_t kAlphaHigh = 6;
inline constexpr std::uint64_t kRun = 11;
inline constexpr std::uint64_t kLast = 13;
[[nodiscard]] FileMaker sample_file(std::size_t page_size = 4096);
[[nodiscard]] MadeTable sample_alpha();
[[nodiscard]] MadeTable sample_free();
[[nodiscard]] MadeTable sample_main();

// Where things are in a meta page and in a table's record.
inline constexpr std::size_t kMetaMagic = 16;
inline constexpr std::size_t kMetaVersion = 20;
inline constexpr std::size_t kMetaAddress = 24;
inline constexpr std::size_t kMetaMapSize = 32;
inline constexpr std::size_t kMetaFree = 40;  // Also the page size, four bytes.
inline constexpr std::size_t kMetaMain = 88;
inline constexpr std::size_t kMetaLastPage = 136;
inline constexpr std::size_t kMetaTxn = 144;
inline constexpr std::size_t kTableFlags = 4;
inline constexpr std::size_t kTableDepth = 6;
inline constexpr std::size_t kTableBranches = 8;
inline constexpr std::size_t kTableLeaves = 16;
inline constexpr std::size_t kTableOverflows = 24;
inline constexpr std::size_t kTableEntries = 32;
inline constexpr std::size_t kTableRoot = 40;

}  // namespace milepost::verify::test
