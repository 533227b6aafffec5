// SPDX-License-Identifier: Apache-2.0
//
// Leases by run and by end.
#include "store/lease_table.hpp"

#include <new>

namespace milepost::store {

void LeaseTable::begin(const Uuid& run_id, std::chrono::milliseconds lease) {
  const auto until = now_() + lease;
  const std::lock_guard lock(mutex_);
  // Whatever may run out of memory comes before the table says that there is a lease.
  const auto [place, inserted] = until_.try_emplace(run_id, until);
  try {
    by_end_.insert({until, run_id});
  } catch (const std::bad_alloc&) {
    if (inserted) until_.erase(place);
    throw;
  }
  if (const auto before = std::exchange(place->second, until); before != until) {
    by_end_.erase({before, run_id});
  }
  count_.store(until_.size(), std::memory_order_relaxed);
}

void LeaseTable::end(const Uuid& run_id) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(run_id);
  if (found == until_.end()) return;
  by_end_.erase({found->second, run_id});
  until_.erase(found);
  count_.store(until_.size(), std::memory_order_relaxed);
}

bool LeaseTable::expired(const Uuid& run_id) const {
  if (empty()) return false;
  const auto now = now_();
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(run_id);
  return found != until_.end() && found->second <= now;
}

std::vector<Uuid> LeaseTable::expired(std::size_t limit) const {
  const auto now = now_();
  std::vector<Uuid> runs;
  const std::lock_guard lock(mutex_);
  for (const auto& [until, run_id] : by_end_) {
    if (until > now || runs.size() == limit) break;
    runs.push_back(run_id);
  }
  return runs;
}

std::size_t LeaseTable::size() const { return count_.load(std::memory_order_relaxed); }

}  // namespace milepost::store
