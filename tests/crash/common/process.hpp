// SPDX-License-Identifier: Apache-2.0
//
// What every crash program needs of the operating system: options, child processes with a shim in
// front, folders that go away again.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace milepost::crash {

/// `--name=value` and `--name`; an environment variable MILEPOST_CRASH_NAME stands in for an
/// option that is absent.
class Options {
 public:
  Options(int argc, char** argv);
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name, const std::string& fallback = {}) const;
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t fallback) const;
  /// MILEPOST_LONG_SECONDS or `--seconds`: run on until then. 0: the counts decide.
  [[nodiscard]] std::uint64_t long_seconds() const;

 private:
  std::map<std::string, std::string> values_;
};

/// `--seed`, MILEPOST_TEST_SEED or a fresh one. Prints it.
std::uint64_t choose_seed(const Options& options, const char* program);

/// One number from another, evenly spread.
std::uint64_t mix(std::uint64_t value) noexcept;

using Environment = std::map<std::string, std::string>;

/// The environment that puts the shim in front of a child. `hook` as in shim/hooks.hpp.
Environment shim_environment(const std::string& hook, const std::string& root);

/// Starts this very program with other arguments. `pass_fd` >= 0 becomes descriptor 3.
pid_t spawn_self(const std::vector<std::string>& arguments, const Environment& environment = {},
                 int pass_fd = -1);

struct Exit {
  bool timed_out = false;  ///< It was killed by wait_for.
  int signal = 0;
  int code = 0;

  [[nodiscard]] bool clean() const noexcept { return !timed_out && signal == 0 && code == 0; }
  [[nodiscard]] std::string text() const;
};

/// Waits for the child; kills it after `limit`.
Exit wait_for(pid_t child, std::chrono::milliseconds limit);

/// The exit if the child has ended.
std::optional<Exit> poll_exit(pid_t child);

/// Ends the child by SIGKILL and collects it.
Exit kill_child(pid_t child);

/// A fresh folder under `--dir`, TMPDIR or /tmp (`memory`: under /dev/shm if there is one), removed
/// with its contents unless keep() was called.
class TemporaryFolder {
 public:
  TemporaryFolder(const Options& options, const std::string& name, bool memory);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void keep() noexcept { keep_ = true; }

 private:
  std::string path_;
  bool keep_ = false;
};

void remove_tree(const std::string& path);

/// A file of `size` zero bytes mapped for sharing between processes. Throws on failure.
void* map_shared(const std::string& path, std::size_t size);

}  // namespace milepost::crash
