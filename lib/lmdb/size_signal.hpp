// SPDX-License-Identifier: Apache-2.0
//
// SizeSignalHeld: while it lives, a write of this thread past the process's file-size limit fails
// with EFBIG; without it the kernel's SIGXFSZ would by default end the host. The kernel sends it
// to the writing thread, so holding it back there concerns nobody else.
#pragma once

#include <signal.h>

namespace milepost::lmdb {

/// Created and destroyed on one thread.
class SizeSignalHeld {
 public:
  SizeSignalHeld() noexcept;
  ~SizeSignalHeld();
  SizeSignalHeld(const SizeSignalHeld&) = delete;
  SizeSignalHeld& operator=(const SizeSignalHeld&) = delete;

 private:
  sigset_t before_{};
  bool was_pending_ = false;  ///< The host's own; it stays.
};

}  // namespace milepost::lmdb
