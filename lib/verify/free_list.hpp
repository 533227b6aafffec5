// SPDX-License-Identifier: Apache-2.0
//
// The free list: a tree whose keys are commit numbers and whose values are the pages that commit
// left behind, a count and then that many numbers, largest first. Marks them in the map of pages.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "verify/check.hpp"
#include "verify/tree_walk.hpp"

namespace milepost::verify {

/// One thread at a time.
class FreeListReader final : public EntrySink {
 public:
  explicit FreeListReader(Check& check) : check_(check) {}

  /// Walks the free list. False if some of it had to be left out.
  bool read(TreeWalk& walk);

  void entry(const Entry& entry) override;

 private:
  bool check_shape(const Entry& entry);
  void numbers(const Entry& entry, Bytes bytes);
  void number(const Entry& entry, std::uint64_t page);

  Check& check_;
  std::vector<std::byte> buffer_;
  std::uint64_t previous_ = 0;  // Within a record; 0: none yet.
  bool intact_ = true;
};

}  // namespace milepost::verify
