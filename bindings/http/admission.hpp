// SPDX-License-Identifier: Apache-2.0
//
// Admission: how many connections there are, of everybody and of each address.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "counters.hpp"

namespace milepost::http {

class Admission {
 public:
  Admission(Counters& counters, std::uint32_t all_max, std::uint32_t address_max)
      : counters_(counters), all_max_(all_max), address_max_(address_max) {}

  [[nodiscard]] bool enter(const std::string& address) {
    const std::lock_guard lock(mutex_);
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    if (counters_.connections.load(std::memory_order_relaxed) < all_max_) {
      std::uint32_t& here = by_address_[address];
      if (here < address_max_) {
        ++here;
        counters_.connections.fetch_add(1, std::memory_order_relaxed);
        return true;
      }
    }
    counters_.turned_away.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  void leave(const std::string& address) noexcept {
    const std::lock_guard lock(mutex_);
    counters_.connections.fetch_sub(1, std::memory_order_relaxed);
    const auto found = by_address_.find(address);
    if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
  }

 private:
  Counters& counters_;
  const std::uint32_t all_max_;
  const std::uint32_t address_max_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> by_address_;
};

}  // namespace milepost::http
