// SPDX-License-Identifier: Apache-2.0
//
// The handler that notices forks, without a system call later on.
#include "capi/fork_stamp.hpp"

#include <new>
#include <pthread.h>

namespace milepost::capi {

ForkStamp::ForkStamp() {
  static const int watching = pthread_atfork(nullptr, nullptr, [] { ++forks_; });
  if (watching != 0) throw std::bad_alloc();
  generation_ = forks_.load(std::memory_order_relaxed);
}

Error forked_error() {
  return Error{.code = Errc::forked,
               .message = "It was made before this process was forked.",
               .advice = "Open the store anew in the child, or use it in the parent only."};
}

}  // namespace milepost::capi
