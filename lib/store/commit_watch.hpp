// SPDX-License-Identifier: Apache-2.0
//
// CommitWatch: lets the threads of a process that only reads sleep until another one commits. The
// writer touches the data file after each commit, and the kernel tells whoever watches it. (The
// commit's own writes would come too early: readers see it only a moment after the last of them.)
// However many threads wait, one of them sleeps in the kernel's queue and the others on it, so that
// a process has one watch of the few that a user may have.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Thread-safe.
class CommitWatch {
 public:
  /// Watches the file from now on. `io` where the system has no watch left for this user.
  [[nodiscard]] static Result<std::unique_ptr<CommitWatch>> open(const std::string& file);
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;
  ~CommitWatch();

  /// Where wait() goes on from. Whoever takes it, then looks, and then waits from it misses
  /// nothing.
  [[nodiscard]] std::uint64_t told() const;

  /// Sleeps until something was told behind `told`: a commit, or a nudge, or, rarely, nothing.
  /// False at the deadline.
  [[nodiscard]] Result<bool> wait(std::uint64_t told, Deadline deadline);

  /// Wakes everybody who waits, or the next one.
  void nudge() noexcept;

 private:
  CommitWatch() = default;
  [[nodiscard]] Result<bool> sleep(Deadline deadline) const;

  int watch_fd_ = -1;
  int nudge_fd_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::uint64_t told_ = 0;
  bool sleeping_ = false;  ///< Somebody sleeps in the kernel's queue, for all.
};

}  // namespace milepost::store
