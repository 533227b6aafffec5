// SPDX-License-Identifier: Apache-2.0
//
// Walks one tree from its root, in key order, without recursion: a page for each level is kept,
// at most 32. Checks every page it meets and that together they are what the tree's record says.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "verify/check.hpp"
#include "verify/page_layout.hpp"

namespace milepost::verify {

/// An entry of a leaf, valid during the call only.
struct Entry {
  std::uint64_t page = 0;
  std::string_view table;
  Bytes key;
  std::uint16_t flags = 0;
  std::uint64_t value_size = 0;
  Bytes value;      ///< Unless `big`.
  OverflowRun run;  ///< If `big`.

  [[nodiscard]] bool big() const noexcept { return (flags & kNodeBig) != 0; }
};

/// Receives the entries of a tree. To end early, stop the check.
class EntrySink {
 public:
  virtual void entry(const Entry& entry) = 0;

 protected:
  EntrySink() = default;
  EntrySink(const EntrySink&) = default;
  EntrySink& operator=(const EntrySink&) = default;
  ~EntrySink() = default;
};

enum class KeyOrder : std::uint8_t {
  bytes,    ///< As bytes; a key that begins another one comes first.
  numbers,  ///< The free list's: eight bytes, a number.
};

/// May be used for one tree after the other. One thread at a time.
class TreeWalk {
 public:
  explicit TreeWalk(Check& check) : check_(check), layout_(check.page_size()) {}
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  /// True if nothing had to be left out; wrong order or counts leave nothing out. `table` is the
  /// tree's name in findings, `home` the page that its record is on.
  bool walk(const TableRecord& record, KeyOrder order, std::string_view table, std::uint64_t home,
            EntrySink& sink);

 private:
  struct Frame {
    std::unique_ptr<std::byte[]> page;
    PageView view;
    std::size_t next = 0;  // The child to go to next.
    Bytes low;             // All keys are at or above this; empty: no bound.
    Bytes high;            // All keys are below this.
  };

  bool check_record(const TableRecord& record, std::uint64_t home);
  void check_counts(const TableRecord& record, std::uint64_t home);
  void descend();
  void enter(std::uint64_t page, Bytes low, Bytes high);
  void prefetch_children(const Frame& frame);
  bool check_keys(const Frame& frame, std::uint64_t page);
  void visit_leaf(const Frame& frame, std::uint64_t page, EntrySink& sink);
  bool check_entry(const PageView& view, std::size_t index, Entry& entry);
  [[nodiscard]] int compare(Bytes left, Bytes right) const noexcept;
  [[nodiscard]] bool right_size(Bytes key) const noexcept;

  Check& check_;
  LayoutChecker layout_;
  std::array<Frame, kDepthMax> frames_{};
  std::size_t levels_ = 0;  // Frames in use.
  std::vector<std::uint64_t> children_;

  // Of the tree under way.
  std::string_view table_;
  KeyOrder order_ = KeyOrder::bytes;
  std::size_t depth_ = 0;
  EntrySink* sink_ = nullptr;
  bool intact_ = true;
  std::uint64_t branch_pages_ = 0;
  std::uint64_t leaf_pages_ = 0;
  std::uint64_t overflow_pages_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace milepost::verify
