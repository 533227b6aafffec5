// SPDX-License-Identifier: Apache-2.0
//
// A server that an engine starts for itself: in the store's directory, as an unprivileged user
// when we are root, stopped by its pid, and killed by the kernel should its engine die first.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// Kills what still runs.
  ~ServerProcess();

  /// Starts `argv`, output to `log`. `death_signal` reaches the server when this thread dies.
  void start(const std::vector<std::string>& argv, const std::string& directory,
             const std::string& log, int death_signal);
  /// Throws, with the end of the log, if the server is no longer there.
  void check_running();
  /// Sends the signal and waits for the end; kills after `seconds`.
  void stop(int signal, int seconds);
  /// SIGKILL to the server and all its children, as a power cut for processes.
  void kill_tree();
  /// Proportional memory of the server and its children, in bytes.
  [[nodiscard]] std::uint64_t memory() const;
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }

 private:
  pid_t pid_ = -1;
  std::string log_;
};

/// SIGKILL to a child of ours and to everything below it; returns when all of them are gone. The
/// caller must be a subreaper, so that those whose parent goes first become its own.
void kill_process_tree(pid_t pid);

/// Runs a program to its end as the servers' user; throws, with its output, unless it succeeds.
void run_as_server_user(const std::vector<std::string>& argv, const std::string& directory);

/// Hands a directory over to the servers' user (nothing to do unless root).
void give_to_server_user(const std::string& directory);

/// The name the servers run under.
[[nodiscard]] std::string server_user_name();

}  // namespace bench
