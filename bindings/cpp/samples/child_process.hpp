// SPDX-License-Identifier: Apache-2.0
//
// This program once more, as a child with a pipe back to us. One thread at a time.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "milepost/result.hpp"

namespace sample {

class ChildProcess {
 public:
  /// Starts this program's own file with these arguments; `kPipeFd` is the child's end of the pipe.
  [[nodiscard]] static milepost::Result<ChildProcess> start(
      const std::vector<std::string>& arguments);
  static constexpr int kPipeFd = 3;

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Kills the child if it still runs, and waits for it.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pipe_fd() const noexcept { return pipe_fd_; }
  void send(int signal_number) const noexcept;
  /// Waits for the end and yields the wait status.
  [[nodiscard]] int wait() noexcept;

 private:
  ChildProcess(pid_t pid, int pipe_fd) : pid_(pid), pipe_fd_(pipe_fd) {}

  pid_t pid_;
  int pipe_fd_;
  bool waited_ = false;
};

}  // namespace sample
