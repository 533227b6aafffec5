// SPDX-License-Identifier: Apache-2.0
//
// ChildProcess: another program, spoken to line by line over its standard input and output. Made
// with posix_spawn: a test process never forks itself.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace milepost::test {

class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& arguments);
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void write_line(const std::string& line) const;
  /// The next line it writes, without the newline; nothing at the end.
  [[nodiscard]] std::optional<std::string> read_line();
  /// Ends its input.
  void close_input();
  void kill(int signal) const;
  /// Its exit code, or minus the signal that ended it.
  int wait();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffered_;
  std::optional<int> ended_;
};

}  // namespace milepost::test
