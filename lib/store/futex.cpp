// SPDX-License-Identifier: Apache-2.0
//
// The three futex calls, on CLOCK_MONOTONIC (what steady_clock reads on Linux).
#include "store/futex.hpp"

#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace milepost::store {
namespace {

long futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* until) noexcept {
  // The kernel sees the atomic as the plain word it is.
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  return ::syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word),
                   operation | FUTEX_PRIVATE_FLAG, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::optional<Deadline> deadline) noexcept {
  if (!deadline) {
    futex(word, FUTEX_WAIT_BITSET, expected, nullptr);
    return;
  }
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  auto since_boot = deadline->time_since_epoch();
  if (since_boot < nanoseconds::zero()) since_boot = nanoseconds::zero();
  const auto whole = std::chrono::duration_cast<seconds>(since_boot);
  timespec until{};
  until.tv_sec = static_cast<time_t>(whole.count());
  until.tv_nsec = static_cast<long>(nanoseconds(since_boot - whole).count());
  futex(word, FUTEX_WAIT_BITSET, expected, &until);
}

void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept {
  futex(word, FUTEX_WAKE, 1, nullptr);
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  futex(word, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace milepost::store
