// SPDX-License-Identifier: Apache-2.0
//
// CommitWatch: lets a process that only reads sleep until another one commits. Every commit of LMDB
// writes to the data file, and the kernel tells whoever watches it.
#pragma once

#include <memory>
#include <string>

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// One thread at a time, except for nudge().
class CommitWatch {
 public:
  /// Watches the file from now on. `io` where the system has no watch left for this user.
  [[nodiscard]] static Result<std::unique_ptr<CommitWatch>> open(const std::string& file);
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;
  ~CommitWatch();

  /// Sleeps until the file is written to or somebody nudges; false at the deadline.
  [[nodiscard]] Result<bool> wait(Deadline deadline);

  /// Ends the sleep under way, or the next one. Any thread.
  void nudge() noexcept;

 private:
  CommitWatch(int watch_fd, int nudge_fd) noexcept : watch_fd_(watch_fd), nudge_fd_(nudge_fd) {}
  const int watch_fd_;
  const int nudge_fd_;
};

}  // namespace milepost::store
