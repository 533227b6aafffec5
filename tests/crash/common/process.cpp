// SPDX-License-Identifier: Apache-2.0
//
// Starts, watches and kills the processes under test.
#include "common/process.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <random>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;  // NOLINT

namespace milepost::crash {
namespace {

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

Exit from_status(int status) {
  Exit result;
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  return result;
}

}  // namespace

Options::Options(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (!argument.starts_with("--")) throw std::runtime_error("not an option: " + argument);
    const std::size_t equals = argument.find('=');
    values_[argument.substr(2, equals == std::string::npos ? equals : equals - 2)] =
        equals == std::string::npos ? "1" : argument.substr(equals + 1);
  }
}

std::string Options::text(const std::string& name, const std::string& fallback) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  std::string variable = "MILEPOST_CRASH_";
  for (const char c : name) {
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  const std::string value = from_environment(variable);
  return value.empty() ? fallback : value;
}

bool Options::has(const std::string& name) const { return !text(name).empty(); }

std::uint64_t Options::number(const std::string& name, std::uint64_t fallback) const {
  const std::string value = text(name);
  return value.empty() ? fallback : std::strtoull(value.c_str(), nullptr, 0);
}

std::uint64_t Options::long_seconds() const {
  const std::string value = from_environment("MILEPOST_LONG_SECONDS");
  return number("seconds", value.empty() ? 0 : std::strtoull(value.c_str(), nullptr, 10));
}

std::uint64_t choose_seed(const Options& options, const char* program) {
  const std::string given = from_environment("MILEPOST_TEST_SEED");
  std::uint64_t seed =
      given.empty() ? std::random_device()() : std::strtoull(given.c_str(), nullptr, 0);
  seed = options.number("seed", seed);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // What a killed test found must not be lost.
  std::printf("%s: seed %llu\n", program, static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

std::uint64_t mix(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

Environment shim_environment(const std::string& hook, const std::string& root) {
  const std::string extra = ":verify_asan_link_order=0";
  return {{"LD_PRELOAD", MILEPOST_SHIM_PATH},
          {"MILEPOST_SHIM", hook},
          {"MILEPOST_SHIM_ROOT", root},
          {"ASAN_OPTIONS", from_environment("ASAN_OPTIONS") + extra}};
}

pid_t spawn_self(const std::vector<std::string>& arguments, const Environment& environment,
                 int pass_fd) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!environment.contains(text.substr(0, text.find('=')))) variables.push_back(text);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<std::string> all{"/proc/self/exe"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (pass_fd >= 0) ::posix_spawn_file_actions_adddup2(&actions, pass_fd, 3);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error(std::string("cannot start a child: ") + std::strerror(error));
  return child;
}

std::string Exit::text() const {
  if (timed_out) return "did not end in time";
  if (signal != 0) return std::string("ended by signal ") + std::to_string(signal);
  return "ended with code " + std::to_string(code);
}

Exit wait_for(pid_t child, std::chrono::milliseconds limit) {
  // A descriptor of the process lets us wait for its end with a limit.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  const auto until = std::chrono::steady_clock::now() + limit;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
  } while (ready < 0 && errno == EINTR);
  if (fd >= 0) ::close(fd);
  if (ready == 0) {
    Exit result = kill_child(child);
    result.timed_out = true;
    return result;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return from_status(status);
}

std::optional<Exit> poll_exit(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) == child) return from_status(status);
  return std::nullopt;
}

Exit kill_child(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return from_status(status);
}

TemporaryFolder::TemporaryFolder(const Options& options, const std::string& name, bool memory) {
  std::string base = from_environment("TMPDIR");
  if (base.empty()) base = "/tmp";
  if (memory && ::access("/dev/shm", W_OK) == 0) base = "/dev/shm";
  path_ = options.text("dir", base) + "/milepost-" + name + "-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  if (keep_) {
    std::printf("kept: %s\n", path_.c_str());
  } else {
    remove_tree(path_);
  }
}

void remove_tree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

void* map_shared(const std::string& path, std::size_t size) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot open " + path);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || (static_cast<std::size_t>(info.st_size) < size &&
                                  ::ftruncate(fd, static_cast<off_t>(size)) != 0)) {
    ::close(fd);
    throw std::runtime_error("cannot size " + path);
  }
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  return memory;
}

void unmap_shared(void* memory, std::size_t size) noexcept { ::munmap(memory, size); }

}  // namespace milepost::crash
