// SPDX-License-Identifier: Apache-2.0
//
// The handler only sets an atomic and writes to an eventfd, both allowed in a signal handler.
#include "stop.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sample {
namespace {

std::atomic<int> g_signal{0};
std::atomic<int> g_event_fd{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  const int saved_errno = errno;
  g_signal.store(number);
  const std::uint64_t one = 1;
  // Nothing can be done here should it fail; the atomic is enough for all but a blocked read.
  [[maybe_unused]] const auto written = ::write(g_event_fd.load(), &one, sizeof one);
  errno = saved_errno;
}

}  // namespace

bool install_stop_handlers() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return false;
  g_event_fd.store(fd);
  struct sigaction action {};
  action.sa_handler = on_signal;
  // The second signal of a kind gets the default action; system calls under way go on.
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  ::sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (::sigaction(number, nullptr, &before) != 0) return false;
    const bool nohup = number == SIGHUP && before.sa_handler == SIG_IGN;
    if (!nohup && ::sigaction(number, &action, nullptr) != 0) return false;
  }
  // A reader of our output that goes away (`| head`) must not keep us from cleaning up.
  return std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

bool stop_requested() noexcept { return g_signal.load(std::memory_order_relaxed) != 0; }

int stop_fd() noexcept { return g_event_fd.load(); }

std::optional<std::string> stop_reason() {
  switch (g_signal.load()) {
    case 0:
      return std::nullopt;
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "SIGINT";
  }
}

}  // namespace sample
