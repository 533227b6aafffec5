// SPDX-License-Identifier: Apache-2.0
//
// Every number of a page is compared with its bounds before it is used. Nodes begin at even
// offsets and have even lengths, so one bit for two bytes tells whether two of them overlap; their
// lengths together fill the space behind `upper` exactly.
#include "verify/page_layout.hpp"

#include <algorithm>

namespace milepost::verify {
namespace {

bool found(Problem& problem, FindingKind kind, std::string text) {
  problem = {kind, std::move(text)};
  return false;
}

// LMDB sees to it that two nodes fit on any page: what is larger goes to a run of pages. Splitting
// a page relies on it.
std::size_t node_size_max(std::size_t page_size) {
  return (page_size - kPageHeaderSize) / 2 / 2 * 2 - 2;
}

std::string number_text(const char* before, std::uint64_t number) {
  return before + std::to_string(number);
}

}  // namespace

bool LayoutChecker::check_header(const PageHeader& header, std::uint64_t number,
                                 std::size_t page_size, Problem& problem) {
  if (header.number != number) {
    return found(problem, FindingKind::page_number,
                 number_text("the page says that it is page ", header.number));
  }
  if ((header.flags & (kPageLeaf2 | kPageSubPage)) != 0) {
    return found(problem, FindingKind::unsupported,
                 number_text("the page holds sorted duplicates, flags ", header.flags));
  }
  if (header.flags != kPageBranch && header.flags != kPageLeaf) {
    return found(problem, FindingKind::page_flags,
                 number_text("neither a branch nor a leaf, flags ", header.flags));
  }
  if (header.lower < kPageHeaderSize || header.lower % 2 != 0 || header.lower > header.upper ||
      header.upper > page_size || header.upper % 2 != 0) {
    return found(problem, FindingKind::page_bounds,
                 "its free space goes from " + std::to_string(header.lower) + " to " +
                     std::to_string(header.upper));
  }
  const std::size_t count = (header.lower - kPageHeaderSize) / 2;
  if (count < (header.flags == kPageBranch ? 2 : 1)) {
    return found(problem, FindingKind::key_count, number_text("too few keys: ", count));
  }
  return true;
}

bool LayoutChecker::occupy(std::size_t begin, std::size_t end) noexcept {
  for (std::size_t slot = begin / 2; slot < end / 2;) {
    const std::size_t word = slot / 64;
    const std::size_t stop = std::min(end / 2, (word + 1) * 64);
    std::uint64_t bits = ~std::uint64_t{0} << (slot % 64);
    if (stop % 64 != 0) bits &= (std::uint64_t{1} << (stop % 64)) - 1;
    if ((slots_[word] & bits) != 0) return false;
    slots_[word] |= bits;
    slot = stop;
  }
  return true;
}

bool LayoutChecker::check_nodes(Bytes page, const PageHeader& header, Problem& problem) {
  const bool branch = header.flags == kPageBranch;
  const std::size_t count = (header.lower - kPageHeaderSize) / 2;
  std::fill(slots_.begin(), slots_.end(), 0);
  std::size_t filled = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto which = [i] { return "node " + std::to_string(i); };
    const std::size_t begin = load<std::uint16_t>(page, kPageHeaderSize + 2 * i);
    if (begin < header.upper || begin % 2 != 0 || begin + kNodeHeaderSize > page.size()) {
      return found(problem, FindingKind::node_offset,
                   which() + number_text(" begins at byte ", begin));
    }
    const Node node = load_node(page, begin);
    if (node.key_size > kKeySizeMax || (node.key_size == 0 && !(branch && i == 0))) {
      return found(problem, FindingKind::key_size,
                   which() + number_text(" has a key of bytes: ", node.key_size));
    }
    const bool big = !branch && (node.flags & kNodeBig) != 0;
    const std::size_t content = branch ? 0 : big ? 8 : node.value_size;
    const std::size_t size = kNodeHeaderSize + node.key_size + content;
    if (size > node_size_max(page.size()) || size > page.size() - begin) {
      return found(
          problem, FindingKind::node_size,
          which() + " at byte " + std::to_string(begin) + number_text(" has bytes: ", size));
    }
    const std::size_t even = size + size % 2;
    if (!occupy(begin, begin + even)) {
      return found(problem, FindingKind::node_layout, which() + " overlaps another one");
    }
    filled += even;
  }
  if (filled != page.size() - header.upper) {
    return found(problem, FindingKind::node_layout, "there is unused room between the nodes");
  }
  return true;
}

bool LayoutChecker::check(Bytes page, std::uint64_t number, PageView& view, Problem& problem) {
  const PageHeader header = load_page_header(page);
  if (!check_header(header, number, page.size(), problem) || !check_nodes(page, header, problem)) {
    return false;
  }
  view = PageView(page, header.flags == kPageBranch, (header.lower - kPageHeaderSize) / 2);
  return true;
}

}  // namespace milepost::verify
