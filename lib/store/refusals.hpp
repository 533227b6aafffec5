// SPDX-License-Identifier: Apache-2.0
//
// What every form of the store says once it cannot be used any more.
#pragma once

#include "milepost/result.hpp"

namespace milepost::store {

[[nodiscard]] inline Error forked_error() {
  return Error{.code = Errc::forked,
               .message = "The tracker was opened before this process was forked.",
               .advice = "Open the store anew in the child, or use it in the parent only."};
}

[[nodiscard]] inline Error closed_error() {
  return Error{
      .code = Errc::closed, .message = "The tracker is closed.", .advice = "Open the store again."};
}

}  // namespace milepost::store
