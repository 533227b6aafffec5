// SPDX-License-Identifier: Apache-2.0
//
// A process that opens one disk state after another, so that a crash is a finding.
#include "replay/checker.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace milepost::crash {
namespace {

constexpr int kChildSocket = 3;

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Where each thread of a process that hangs waits, and how much it ran: starved or stuck?
std::string describe_threads(pid_t process) {
  std::string text;
  std::error_code ignored;
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    text += " [" + first_line(task.path() / "wchan") + ", ran and waited (ns) " +
            first_line(task.path() / "schedstat") + ", syscall " +
            first_line(task.path() / "syscall").substr(0, 60) + "]";
  }
  return text;
}

}  // namespace

CheckerProcess::CheckerProcess(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)) {}

CheckerProcess::~CheckerProcess() { stop(); }

void CheckerProcess::start() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw std::runtime_error("cannot make a socket pair");
  }
  // Out of the way of the number the child expects: dup2 onto itself would keep close-on-exec.
  const int theirs = ::fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
  ::close(pair[1]);
  socket_ = pair[0];
  child_ = spawn_self(arguments_, {}, theirs);
  ::close(theirs);
}

void CheckerProcess::stop() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  if (child_ > 0) (void)wait_for(child_, std::chrono::seconds(kCheckSecondsMax));
  child_ = -1;
}

std::string CheckerProcess::check(const std::string& request) {
  if (child_ < 0) start();
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    throw std::runtime_error("the checker is gone");
  }
  pollfd waiting{socket_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, kCheckSecondsMax * 1000);
  } while (ready < 0 && errno == EINTR);
  std::array<char, kReplySizeMax> reply;
  const ssize_t size = ready > 0 ? ::recv(socket_, reply.data(), reply.size(), 0) : 0;
  if (size > 0) return std::string(reply.data() + 1, static_cast<std::size_t>(size - 1));
  ::close(socket_);
  socket_ = -1;
  if (const char* debugger = std::getenv("MILEPOST_CRASH_DEBUGGER"); debugger && ready == 0) {
    // For example "gdb -batch -ex 'thread apply all bt' -p": the process is still there to look at.
    static_cast<void>(!std::system((std::string(debugger) + " " + std::to_string(child_)).c_str()));
  }
  const std::string threads = ready == 0 ? describe_threads(child_) : std::string();
  const Exit exit =
      ready == 0 ? kill_child(child_) : wait_for(child_, std::chrono::seconds(kCheckSecondsMax));
  child_ = -1;
  return ready == 0 ? "the opener hangs:" + threads : "the opener " + exit.text();
}

int serve_checks(const std::function<std::string(const std::string&)>& check) {
  std::array<char, kReplySizeMax> request;
  for (;;) {
    const ssize_t size = ::recv(kChildSocket, request.data(), request.size(), 0);
    if (size <= 0) return 0;
    // One leading byte, so that an empty verdict is not an empty packet.
    std::string reply = "=" + check(std::string(request.data(), static_cast<std::size_t>(size)));
    reply.resize(std::min(reply.size(), kReplySizeMax));
    if (::send(kChildSocket, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return 1;
  }
}

}  // namespace milepost::crash
