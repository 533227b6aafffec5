// SPDX-License-Identifier: Apache-2.0
//
// The inside of a Subscription: a position in a store's feed.
#pragma once

#include <atomic>
#include <cstdint>

#include "store/store.hpp"

#include "milepost/changes.hpp"

namespace milepost {

class Subscription::Impl {
 public:
  Impl(const store::Store& store, std::uint64_t position) : store_(store), position_(position) {}

  [[nodiscard]] Result<std::vector<Change>> next(Deadline deadline, std::size_t limit);
  void stop() noexcept;
  [[nodiscard]] std::uint64_t position() const noexcept {
    return position_.load(std::memory_order_relaxed);
  }
  /// Everything up to here was delivered.
  void delivered(std::uint64_t sequence) noexcept {
    position_.store(sequence, std::memory_order_relaxed);
  }
  /// What is published behind the position, at most `limit`; `busy` if nothing came in time.
  [[nodiscard]] Result<std::vector<Change>> fetch(Deadline deadline, std::size_t limit);

 private:
  const store::Store& store_;
  std::atomic<std::uint64_t> position_;
  std::atomic<bool> stopped_{false};
};

}  // namespace milepost
