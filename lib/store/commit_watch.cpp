// SPDX-License-Identifier: Apache-2.0
//
// inotify on the data file, an eventfd for nudges, poll for both.
#include "store/commit_watch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace milepost::store {
namespace {

Error watch_error(int system, const std::string& file) {
  return Error{.code = Errc::io,
               .system = system,
               .retry_safe = true,
               .subject = file,
               .message = std::string("The file cannot be watched: ") + std::strerror(system) + ".",
               .advice = "Raise fs.inotify.max_user_instances, or wait in fewer places at once."};
}

int milliseconds_until(Deadline deadline) noexcept {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  constexpr milliseconds kFar{std::numeric_limits<int>::max()};
  if (deadline == Deadline::max()) return -1;
  const auto now = std::chrono::steady_clock::now();
  if (deadline <= now) return 0;
  // Far deadlines are reached in several sleeps.
  if (deadline - now > kFar) return static_cast<int>(kFar.count());
  return static_cast<int>(ceil<milliseconds>(deadline - now).count());
}

}  // namespace

Result<std::unique_ptr<CommitWatch>> CommitWatch::open(const std::string& file) {
  std::unique_ptr<CommitWatch> watch(new CommitWatch);
  watch->watch_fd_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (watch->watch_fd_ < 0) return watch_error(errno, file);
  watch->nudge_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (watch->nudge_fd_ < 0 || ::inotify_add_watch(watch->watch_fd_, file.c_str(), IN_ATTRIB) < 0) {
    return watch_error(errno, file);
  }
  return watch;
}

CommitWatch::~CommitWatch() {
  if (watch_fd_ >= 0) ::close(watch_fd_);
  if (nudge_fd_ >= 0) ::close(nudge_fd_);
}

void CommitWatch::nudge() noexcept {
  const std::uint64_t one = 1;
  // Only a full counter refuses, and then it is readable anyway.
  [[maybe_unused]] const auto written = ::write(nudge_fd_, &one, sizeof one);
}

std::uint64_t CommitWatch::told() const {
  const std::lock_guard lock(mutex_);
  return told_;
}

Result<bool> CommitWatch::wait(std::uint64_t told, Deadline deadline) {
  std::unique_lock lock(mutex_);
  Result<bool> result = true;
  while (result && told_ == told) {
    if (sleeping_) {
      // Awake again, also to take the sleeper's place.
      if (moved_.wait_until(lock, deadline) == std::cv_status::no_timeout) continue;
      result = told_ != told;
      break;
    }
    sleeping_ = true;
    lock.unlock();
    result = sleep(deadline);
    lock.lock();
    sleeping_ = false;
    if (!result || !*result) break;
    ++told_;
    moved_.notify_all();
  }
  // Whoever leaves sees to it that somebody sleeps for those who stay.
  if (!sleeping_) moved_.notify_one();
  return result;
}

/// In the kernel: whether there was anything before the deadline.
Result<bool> CommitWatch::sleep(Deadline deadline) const {
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{watch_fd_, POLLIN, 0}, pollfd{nudge_fd_, POLLIN, 0}};
    const int ready = ::poll(waits.data(), waits.size(), milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) return watch_error(errno, "poll");
    if (ready > 0) {
      std::array<char, 4096> events;  // NOLINT: written before it is read
      for (const int fd : {watch_fd_, nudge_fd_}) {
        while (::read(fd, events.data(), events.size()) > 0) {
        }
      }
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
  }
}

}  // namespace milepost::store
