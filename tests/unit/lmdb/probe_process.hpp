// SPDX-License-Identifier: Apache-2.0
//
// Starts the probe program by posix_spawn and talks with it over pipes, line by line. Waiting for
// a line has a limit, so that a hanging probe fails a test instead of stopping the suite.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support/catch.hpp"

extern char** environ;

namespace milepost::lmdb::test {

class Probe {
 public:
  explicit Probe(std::vector<std::string> arguments) {
    int to[2];
    int from[2];
    REQUIRE(::pipe2(to, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(from, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    arguments.insert(arguments.begin(), MILEPOST_LMDB_PROBE);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int rc = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    to_ = to[1];
    from_ = from[0];
    REQUIRE(rc == 0);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(from_);
    if (to_ >= 0) ::close(to_);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// The next line it prints; empty when it has ended or said nothing for a minute.
  std::string line() {
    for (;;) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string text = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return text;
      }
      pollfd ready{from_, POLLIN, 0};
      if (::poll(&ready, 1, 60'000) != 1) return {};
      char chunk[4096];
      const ssize_t got = ::read(from_, chunk, sizeof chunk);
      if (got <= 0) return std::exchange(buffer_, {});
      buffer_.append(chunk, static_cast<std::size_t>(got));
    }
  }

  void tell(const std::string& text) {
    const std::string all = text + "\n";
    REQUIRE(::write(to_, all.data(), all.size()) == static_cast<ssize_t>(all.size()));
  }

  void kill() { ::kill(pid_, SIGKILL); }

  /// Its exit code, or minus the signal that ended it.
  int wait() {
    ::close(std::exchange(to_, -1));
    return wait_and_keep_talking();
  }

  /// The same without the end of its input, which its children may be waiting for.
  int wait_and_keep_talking() {
    int status = 0;
    REQUIRE(::waitpid(std::exchange(pid_, -1), &status, 0) > 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string buffer_;
};

}  // namespace milepost::lmdb::test
