// SPDX-License-Identifier: Apache-2.0
//
// What the program's exit tells a script. The numbers are documented and never change.
#pragma once

#include "milepost/result.hpp"

namespace cli {

enum ExitCode : int {
  kDone = 0,
  kRefused = 1,    ///< Not applied: illegal, conflict, refused lines, a position that is gone.
  kUsage = 2,      ///< The command line cannot be used.
  kNotFound = 3,   ///< No such run, store, file or key.
  kBusy = 4,       ///< Somebody else holds the store, or the time given has passed.
  kDamaged = 5,    ///< The store fails its checks, or is none.
  kSystem = 6,     ///< The disk, the memory, a permission.
  kUnknown = 7,    ///< The effect may or may not survive: ask again.
  kInternal = 70,  ///< A fault of the program.
  kInterrupted = 130,
  kTerminated = 143,
};

/// The exit for an error of the library.
[[nodiscard]] int exit_code(milepost::Errc code) noexcept;

}  // namespace cli
