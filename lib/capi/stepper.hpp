// SPDX-License-Identifier: Apache-2.0
//
// Stepper: makes steps of a call that reports through callbacks. The call runs on a thread of its
// own, which sleeps whenever nobody steps: it is a coroutine whose stack is a thread's. The long
// calls of the C++ API (export, verify, backup, restore, repair) push; callers of the C ABI pull.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "capi/fork_stamp.hpp"

#include "milepost/result.hpp"

namespace milepost::capi {

/// One thread at a time.
class Stepper {
 public:
  /// For the call: hands a step to the caller and waits for the next one; false cancels.
  using Yield = std::function<bool()>;
  using Call = std::function<Result<void>(const Yield&)>;

  explicit Stepper(Call call);
  /// Cancels and waits until the call has returned; in a forked child, where its thread is not,
  /// leaves everything as it is.
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  /// Lets the call go on until it yields (true) or has returned well (false). Its error comes back
  /// now and from every later step.
  [[nodiscard]] Result<bool> step();

 private:
  struct Shared;
  OwnedHere<Shared> shared_;
};

}  // namespace milepost::capi
