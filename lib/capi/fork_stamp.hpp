// SPDX-License-Identifier: Apache-2.0
//
// ForkStamp: which process of a line of forks made an object. What hangs on a tracker (a snapshot,
// a subscription, an operation) has locks and threads that a forked child has no share in: there it
// is neither used nor destroyed, only forgotten.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "milepost/result.hpp"

namespace milepost::capi {

class ForkStamp {
 public:
  /// This process's. Throws std::bad_alloc if the system takes no further fork handler.
  ForkStamp();
  [[nodiscard]] bool is_here() const noexcept {
    return generation_ == forks_.load(std::memory_order_relaxed);
  }

 private:
  static inline constinit std::atomic<std::uint64_t> forks_{0};
  std::uint64_t generation_;
};

[[nodiscard]] Error forked_error();

/// Deletes in the process that made the object.
struct DeleteHere {
  ForkStamp made{};
  template <typename T>
  void operator()(T* object) const noexcept {
    if (made.is_here()) delete object;
  }
};

template <typename T>
using OwnedHere = std::unique_ptr<T, DeleteHere>;

}  // namespace milepost::capi
