// SPDX-License-Identifier: Apache-2.0
//
// PageMap: who claims each page of a file, two bits a page: used by a tree, listed as free. The
// memory is zeroed by the kernel on first touch, so that a sparse file's map costs next to nothing.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace milepost::verify {

class PageMap {
 public:
  /// Memory a map of that many pages may take.
  [[nodiscard]] static constexpr std::uint64_t bytes_for(std::uint64_t pages) noexcept {
    return (pages / 64 + 1) * 16;
  }

  /// Nothing if there is no memory.
  [[nodiscard]] static std::optional<PageMap> make(std::uint64_t pages);

  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_; }

  // Pages at or behind pages() are never asked for.
  [[nodiscard]] bool used(std::uint64_t page) const noexcept { return bit(used_, page); }
  [[nodiscard]] bool free(std::uint64_t page) const noexcept { return bit(free_, page); }
  /// Of a page that is not used yet, or not free yet.
  void set_used(std::uint64_t page) noexcept {
    used_[page / 64] |= mask(page);
    ++used_count_;
  }
  void set_free(std::uint64_t page) noexcept {
    free_[page / 64] |= mask(page);
    ++free_count_;
  }
  [[nodiscard]] std::uint64_t used_count() const noexcept { return used_count_; }
  [[nodiscard]] std::uint64_t free_count() const noexcept { return free_count_; }

  struct Unclaimed {
    std::uint64_t count = 0;
    std::uint64_t first = 0;  ///< If there is one.
  };
  /// Pages of [first, end) that are neither used nor free.
  [[nodiscard]] Unclaimed unclaimed(std::uint64_t first, std::uint64_t end) const noexcept;

 private:
  struct Release {
    void operator()(std::uint64_t* words) const noexcept { std::free(words); }
  };
  using Words = std::unique_ptr<std::uint64_t[], Release>;

  PageMap(std::uint64_t pages, Words used, Words free) noexcept
      : pages_(pages), used_(std::move(used)), free_(std::move(free)) {}

  [[nodiscard]] static std::uint64_t mask(std::uint64_t page) noexcept {
    return std::uint64_t{1} << (page % 64);
  }
  [[nodiscard]] static bool bit(const Words& words, std::uint64_t page) noexcept {
    return (words[page / 64] & mask(page)) != 0;
  }

  std::uint64_t pages_;
  std::uint64_t used_count_ = 0;
  std::uint64_t free_count_ = 0;
  Words used_;
  Words free_;
};

}  // namespace milepost::verify
