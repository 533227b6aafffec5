// SPDX-License-Identifier: Apache-2.0
//
// What there is to do, asked from the store: first the runs that a process which is gone left
// running, then the queued ones, oldest first. The queue remembers no runs but the page it is
// handing out, so nothing is lost with it. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

class WorkQueue {
 public:
  /// A list of runs is an organization's: these are asked for queued ones.
  WorkQueue(const milepost::Tracker& tracker, std::vector<milepost::Uuid> organizations);

  /// A run that was queued or an orphan a moment ago, or nothing when there are none left. Like
  /// many queues this one delivers at least once: now and then a run comes twice, and two workers
  /// race for it.
  [[nodiscard]] milepost::Result<std::optional<milepost::Run>> next();

  [[nodiscard]] std::uint64_t repeats() const;

 private:
  [[nodiscard]] milepost::Result<milepost::Page> next_page() const;

  const milepost::Tracker& tracker_;
  const std::vector<milepost::Uuid> organizations_;

  mutable std::mutex mutex_;
  std::deque<milepost::Run> page_;
  std::size_t list_ = 0;  ///< 0: the orphans; then one list for each organization.
  std::string cursor_;    ///< Where that list goes on; empty: at its beginning.
  std::uint64_t delivered_ = 0;
  std::uint64_t repeats_ = 0;
  bool repeated_ = false;
};

}  // namespace sample
