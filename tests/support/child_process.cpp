// SPDX-License-Identifier: Apache-2.0
//
// Pipes and posix_spawn.
#include "support/child_process.hpp"

#include <array>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace milepost::test {
namespace {

[[noreturn]] void fail(const char* what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2", errno);
  return ends;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  const auto in = make_pipe();
  const auto out = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const int error = ::posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  if (error == 0) return;
  ::close(input_);
  ::close(output_);
  fail(words[0], error);
}

ChildProcess::~ChildProcess() {
  if (!ended_) {
    kill(SIGKILL);
    wait();
  }
  close_input();
  ::close(output_);
}

void ChildProcess::write_line(const std::string& line) const {
  const std::string whole = line + "\n";
  if (::write(input_, whole.data(), whole.size()) < 0) fail("write to child", errno);
}

std::optional<std::string> ChildProcess::read_line() {
  for (;;) {
    const std::size_t end = buffered_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> chunk;  // NOLINT: written before it is read
    const ssize_t size = ::read(output_, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    buffered_.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

void ChildProcess::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void ChildProcess::kill(int signal) const { ::kill(pid_, signal); }

int ChildProcess::wait() {
  if (ended_) return *ended_;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid", errno);
  }
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return *ended_;
}

}  // namespace milepost::test
