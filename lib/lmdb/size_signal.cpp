// SPDX-License-Identifier: Apache-2.0
//
// Blocks SIGXFSZ, takes back what came meanwhile, and restores the mask.
#include "lmdb/size_signal.hpp"

#include <cerrno>
#include <ctime>
#include <pthread.h>

namespace milepost::lmdb {
namespace {

sigset_t size_signal() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGXFSZ);
  return set;
}

}  // namespace

SizeSignalHeld::SizeSignalHeld() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  ::sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
  const sigset_t set = size_signal();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

SizeSignalHeld::~SizeSignalHeld() {
  if (!was_pending_) {
    const sigset_t set = size_signal();
    const timespec now{};
    while (::sigtimedwait(&set, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace milepost::lmdb
