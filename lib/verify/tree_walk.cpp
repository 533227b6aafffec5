// SPDX-License-Identifier: Apache-2.0
//
// The keys of a branch bound what hangs below them: child i holds keys from key i, included, to
// key i + 1, excluded; a branch's first key means nothing, its bound is the one from above. The
// bounds are views into the pages above, which stay where they are until their subtree is done.
#include "verify/tree_walk.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace milepost::verify {
namespace {}  // namespace

int TreeWalk::compare(Bytes left, Bytes right) const noexcept {
  if (order_ == KeyOrder::numbers) {
    const auto a = load<std::uint64_t>(left, 0);
    const auto b = load<std::uint64_t>(right, 0);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const int difference =
      std::memcmp(left.data(), right.data(), std::min(left.size(), right.size()));
  if (difference != 0) return difference;
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

bool TreeWalk::right_size(Bytes key) const noexcept {
  return order_ == KeyOrder::bytes || key.size() == sizeof(std::uint64_t);
}

bool TreeWalk::check_record(const TableRecord& record, std::uint64_t home) {
  if (record.root == kNoPage) {
    const std::uint64_t any = record.depth | record.branch_pages | record.leaf_pages |
                              record.overflow_pages | record.entries;
    if (any != 0) {
      check_.add(FindingKind::table_record, home, table_,
                 [] { return std::string("it has no root but pages, depth or entries"); });
    }
    return false;
  }
  if (record.depth < 1 || record.depth > kDepthMax) {
    check_.add(FindingKind::table_depth, home, table_,
               [&] { return "its depth is " + std::to_string(record.depth); });
    intact_ = false;
    return false;
  }
  return true;
}

void TreeWalk::check_counts(const TableRecord& record, std::uint64_t home) {
  if (record.entries != entries_) {
    check_.add(FindingKind::entry_count, home, table_, [&] {
      return "its record says " + std::to_string(record.entries) + " entries, there are " +
             std::to_string(entries_);
    });
  }
  const auto count = [&](const char* what, std::uint64_t said, std::uint64_t is) {
    if (said == is) return;
    check_.add(FindingKind::page_count, home, table_, [&] {
      return "its record says " + std::to_string(said) + " " + what + " pages, there are " +
             std::to_string(is);
    });
  };
  count("branch", record.branch_pages, branch_pages_);
  count("leaf", record.leaf_pages, leaf_pages_);
  count("overflow", record.overflow_pages, overflow_pages_);
}

bool TreeWalk::walk(const TableRecord& record, KeyOrder order, std::string_view table,
                    std::uint64_t home, EntrySink& sink) {
  table_ = table;
  order_ = order;
  sink_ = &sink;
  intact_ = true;
  levels_ = 0;
  branch_pages_ = leaf_pages_ = overflow_pages_ = entries_ = 0;
  if (!check_record(record, home)) return intact_;
  depth_ = record.depth;
  enter(record.root, {}, {});
  while (levels_ > 0 && check_.go_on()) descend();
  if (check_.stopped() != StopReason::none) intact_ = false;
  if (intact_) check_counts(record, home);
  return intact_;
}

void TreeWalk::descend() {
  Frame& frame = frames_[levels_ - 1];
  if (frame.next == frame.view.count()) {
    --levels_;
    return;
  }
  const std::size_t index = frame.next++;
  const Bytes low = index == 0 ? frame.low : frame.view.key(index);
  const Bytes high = index + 1 == frame.view.count() ? frame.high : frame.view.key(index + 1);
  enter(frame.view.node(index).child, low, high);
}

void TreeWalk::enter(std::uint64_t page, Bytes low, Bytes high) {
  if (!check_.claim(page, table_)) {
    intact_ = false;
    return;
  }
  Frame& frame = frames_[levels_];
  const std::size_t size = check_.page_size();
  if (!frame.page) frame.page = std::make_unique<std::byte[]>(size);
  const std::span<std::byte> bytes(frame.page.get(), size);
  Problem problem;
  if (!check_.read_page(page, bytes, table_)) {
    intact_ = false;
    return;
  }
  if (!layout_.check(bytes, page, frame.view, problem)) {
    check_.add(problem.kind, page, table_, [&] { return std::move(problem.text); });
    intact_ = false;
    return;
  }
  const std::size_t level = levels_ + 1;
  if (frame.view.branch() != (level < depth_)) {
    check_.add(FindingKind::page_depth, page, table_, [&] {
      return std::string(frame.view.branch() ? "a branch" : "a leaf") + " at level " +
             std::to_string(level) + " of " + std::to_string(depth_);
    });
    intact_ = false;
    return;
  }
  frame.next = 0;
  frame.low = low;
  frame.high = high;
  if (!check_keys(frame, page)) {
    intact_ = false;
    return;
  }
  if (frame.view.branch()) {
    ++branch_pages_;
    ++levels_;
    prefetch_children(frame);
    return;
  }
  ++leaf_pages_;
  visit_leaf(frame, page, *sink_);
}

// The children lie anywhere in the file; asked for one by one, a disk would be read at its slowest.
void TreeWalk::prefetch_children(const Frame& frame) {
  children_.clear();
  for (std::size_t i = 0; i < frame.view.count(); ++i) {
    children_.push_back(frame.view.node(i).child);
  }
  check_.prefetch(children_);
}

// False if the keys cannot even be compared. Keys out of order are findings, one a page.
bool TreeWalk::check_keys(const Frame& frame, std::uint64_t page) {
  const PageView& view = frame.view;
  const std::size_t first = view.branch() ? 1 : 0;
  for (std::size_t i = first; i < view.count(); ++i) {
    if (right_size(view.key(i))) continue;
    check_.add(FindingKind::key_size, page, table_, [&] {
      return "key " + std::to_string(i) +
             " of the free list has bytes: " + std::to_string(view.key(i).size());
    });
    return false;
  }
  for (std::size_t i = first + 1; i < view.count(); ++i) {
    if (compare(view.key(i - 1), view.key(i)) < 0) continue;
    check_.add(FindingKind::key_order, page, table_, [&] {
      return "key " + std::to_string(i) +
             " is not above the one before it: " + shown(text_of(view.key(i)));
    });
    return true;
  }
  // The keys are in order: only the outermost need be held against the bounds. A branch's own keys
  // lie strictly between them, for there are keys on both sides of each.
  const Bytes lowest = view.key(first);
  const Bytes highest = view.key(view.count() - 1);
  const bool low_fine = frame.low.empty() || (view.branch() ? compare(frame.low, lowest) < 0
                                                            : compare(frame.low, lowest) <= 0);
  const bool high_fine = frame.high.empty() || compare(highest, frame.high) < 0;
  if (!low_fine || !high_fine) {
    check_.add(FindingKind::key_range, page, table_, [&] {
      return std::string("a key is ") + (low_fine ? "above" : "below") +
             " what belongs here: " + shown(text_of(low_fine ? highest : lowest));
    });
  }
  return true;
}

// Fills `entry`. False after a finding: then it is left out.
bool TreeWalk::check_entry(const PageView& view, std::size_t index, Entry& entry) {
  const Node node = view.node(index);
  entry.key = view.key(index);
  entry.flags = node.flags;
  entry.value_size = node.value_size;
  entry.value = {};
  if ((node.flags & kNodeDuplicates) != 0) {
    check_.add(FindingKind::unsupported, entry.page, table_,
               [&] { return "node " + std::to_string(index) + " holds sorted duplicates"; });
    return false;
  }
  if (node.flags != 0 && node.flags != kNodeBig && node.flags != kNodeTable) {
    check_.add(FindingKind::node_flags, entry.page, table_, [&] {
      return "node " + std::to_string(index) + " has flags " + std::to_string(node.flags);
    });
    return false;
  }
  const Bytes content = view.content(index);
  if (!entry.big()) {
    entry.value = content;
    return true;
  }
  if (!claim_run(check_, load<std::uint64_t>(content, 0), node.value_size, table_, entry.run)) {
    return false;
  }
  overflow_pages_ += entry.run.pages;
  return true;
}

void TreeWalk::visit_leaf(const Frame& frame, std::uint64_t page, EntrySink& sink) {
  Entry entry;
  entry.page = page;
  entry.table = table_;
  entries_ += frame.view.count();
  for (std::size_t i = 0; i < frame.view.count() && check_.go_on(); ++i) {
    if (check_entry(frame.view, i, entry)) {
      sink.entry(entry);
    } else {
      intact_ = false;
    }
  }
}

}  // namespace milepost::verify
