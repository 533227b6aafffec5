// SPDX-License-Identifier: Apache-2.0
//
// posix_spawn and a small pipe: small, so that the child is never far ahead of what we read.
#include "child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sample {
namespace {

constexpr const char* kThisProgram = "/proc/self/exe";
constexpr int kPipeSize = 4'096;

milepost::Error spawn_error(int number) {
  return {
      .code = milepost::Errc::io,
      .system = number,
      .subject = kThisProgram,
      .message = std::string("a second process cannot be started: ") + std::strerror(number) + ".",
      .advice = "Check the limits on processes and memory, and that /proc is mounted."};
}

}  // namespace

milepost::Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return spawn_error(errno);
  // Only a wish: with a larger pipe the demonstration is less sharp, not wrong.
  [[maybe_unused]] const int size = ::fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);

  std::vector<std::string> texts = arguments;
  texts.insert(texts.begin(), "journey_executor");
  std::vector<char*> argv;
  argv.reserve(texts.size() + 1);
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  int problem = ::posix_spawn_file_actions_init(&actions);
  pid_t pid = -1;
  if (problem == 0) {
    problem = ::posix_spawn_file_actions_adddup2(&actions, ends[1], kPipeFd);
    if (problem == 0) {
      problem = ::posix_spawn(&pid, kThisProgram, &actions, nullptr, argv.data(), ::environ);
    }
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ::close(ends[1]);
  if (problem != 0) {
    ::close(ends[0]);
    return spawn_error(problem);
  }
  return ChildProcess(pid, ends[0]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_),
      pipe_fd_(std::exchange(other.pipe_fd_, -1)),
      waited_(std::exchange(other.waited_, true)) {}

ChildProcess::~ChildProcess() {
  if (!waited_) {
    send(SIGKILL);
    [[maybe_unused]] const int status = wait();
  }
  if (pipe_fd_ >= 0) ::close(pipe_fd_);
}

void ChildProcess::send(int signal_number) const noexcept {
  if (!waited_) ::kill(pid_, signal_number);
}

int ChildProcess::wait() noexcept {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  waited_ = true;
  return status;
}

}  // namespace sample
