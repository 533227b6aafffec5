// SPDX-License-Identifier: Apache-2.0
//
// LeaseTable: until when the owner of a running run may stay silent. Leases live in the writing
// process only: after a restart every running run is an orphan anyway. A lease belongs to one
// fencing token; a run that is final or adopted has lost the old one.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "store/id_hash.hpp"

#include "milepost/run.hpp"

namespace milepost::store {

/// Thread-safe. Leaders change it in the order of decisions.
class LeaseTable {
 public:
  using Clock = std::chrono::steady_clock;
  /// `now`: a steady clock, given by tests.
  explicit LeaseTable(std::function<Clock::time_point()> now = Clock::now) : now_(std::move(now)) {}

  /// The run's lease begins now.
  void begin(const Uuid& run_id, std::chrono::milliseconds lease);
  /// The run has no lease any more.
  void end(const Uuid& run_id) noexcept;
  /// Whether the run has a lease and it has run out.
  [[nodiscard]] bool expired(const Uuid& run_id) const;
  /// Runs whose lease has run out, longest overdue first.
  [[nodiscard]] std::vector<Uuid> expired(std::size_t limit) const;
  [[nodiscard]] std::size_t size() const;
  /// Without a lock, for leaders: whoever fills the table is one.
  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  boost::unordered_flat_map<Uuid, Clock::time_point, IdHash> until_;
  std::set<std::pair<Clock::time_point, Uuid>> by_end_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace milepost::store
