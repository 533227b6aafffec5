// SPDX-License-Identifier: Apache-2.0
//
// One branch or leaf page by itself: header, bounds, nodes. LMDB packs nodes without gaps from the
// page's end towards its front, so that a node whose size is wrong does not fit its neighbours;
// that is checked to the byte. Order of keys and what a page is good for are the walk's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "verify/findings.hpp"
#include "verify/format.hpp"

namespace milepost::verify {

/// A page whose layout is sound. Views into the page's bytes.
class PageView {
 public:
  PageView() = default;
  PageView(Bytes page, bool branch, std::size_t count) noexcept
      : page_(page), count_(count), branch_(branch) {}

  [[nodiscard]] bool branch() const noexcept { return branch_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] Node node(std::size_t index) const noexcept { return load_node(page_, at(index)); }
  /// The key; of a branch page's first node it means nothing.
  [[nodiscard]] Bytes key(std::size_t index) const noexcept {
    const std::size_t begin = at(index);
    return page_.subspan(begin + kNodeHeaderSize, load<std::uint16_t>(page_, begin + 6));
  }
  /// What stands behind the key on a leaf page: the value, or for a large one its first page.
  [[nodiscard]] Bytes content(std::size_t index) const noexcept {
    const std::size_t begin = at(index);
    const Node node = load_node(page_, begin);
    const std::size_t size = (node.flags & kNodeBig) != 0 ? 8 : node.value_size;
    return page_.subspan(begin + kNodeHeaderSize + node.key_size, size);
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t index) const noexcept {
    return load<std::uint16_t>(page_, kPageHeaderSize + 2 * index);
  }

  Bytes page_;
  std::size_t count_ = 0;
  bool branch_ = false;
};

/// What is wrong with a page.
struct Problem {
  FindingKind kind = FindingKind::page_flags;
  std::string text;
};

/// Checks pages, one after the other. One thread at a time.
class LayoutChecker {
 public:
  /// For pages of that size, 512 to 65,536.
  explicit LayoutChecker(std::size_t page_size) : slots_(page_size / 2 / 64) {}

  /// Whether the page is page `number`, a leaf or a branch, and sound; then `view` is set, else
  /// `problem` is. `page` has the page size given before.
  [[nodiscard]] bool check(Bytes page, std::uint64_t number, PageView& view, Problem& problem);

 private:
  [[nodiscard]] static bool check_header(const PageHeader& header, std::uint64_t number,
                                         std::size_t page_size, Problem& problem);
  [[nodiscard]] bool check_nodes(Bytes page, const PageHeader& header, Problem& problem);
  [[nodiscard]] bool occupy(std::size_t begin, std::size_t end) noexcept;

  std::vector<std::uint64_t> slots_;  // A bit for each two bytes of the page.
};

}  // namespace milepost::verify
