// SPDX-License-Identifier: Apache-2.0
//
// Words of 64 pages. calloc hands out large blocks untouched.
#include "verify/page_map.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace milepost::verify {

std::optional<PageMap> PageMap::make(std::uint64_t pages) {
  const std::uint64_t words = pages / 64 + 1;
  Words used(static_cast<std::uint64_t*>(std::calloc(words, sizeof(std::uint64_t))));
  Words free(static_cast<std::uint64_t*>(std::calloc(words, sizeof(std::uint64_t))));
  if (!used || !free) return std::nullopt;
  return PageMap(pages, std::move(used), std::move(free));
}

PageMap::Unclaimed PageMap::unclaimed(std::uint64_t first, std::uint64_t end) const noexcept {
  Unclaimed found;
  for (std::uint64_t page = first; page < end;) {
    const std::uint64_t word = page / 64;
    const std::uint64_t stop = std::min<std::uint64_t>(end, (word + 1) * 64);
    std::uint64_t open = ~(used_[word] | free_[word]) & (~std::uint64_t{0} << (page % 64));
    if (stop % 64 != 0) open &= (std::uint64_t{1} << (stop % 64)) - 1;
    if (open != 0 && found.count == 0) {
      found.first = word * 64 + static_cast<std::uint64_t>(std::countr_zero(open));
    }
    found.count += static_cast<std::uint64_t>(std::popcount(open));
    page = stop;
  }
  return found;
}

}  // namespace milepost::verify
