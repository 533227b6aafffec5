// SPDX-License-Identifier: Apache-2.0
//
// Turns LMDB's and the system's numbers into the library's errors: which code, what happened in a
// sentence, what to do about it, and whether anything may have been applied.
#pragma once

#include <string>
#include <string_view>

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// What was being done when a number came back; the same number means different things.
enum class Phase { open, begin_read, begin_write, read, write, commit };

[[nodiscard]] Error make_error(Errc code, std::string subject, std::string message,
                               std::string advice, int system = 0);

/// For a system call on the file or folder `subject`; `doing` completes "could not ...".
[[nodiscard]] Error from_errno(int number, std::string subject, std::string_view doing);

/// For LMDB's result `rc` (an errno or one of its own numbers) on the store in `directory`. At
/// commit the result says `Applied::no`: only the caller knows whether the meta page was reached.
[[nodiscard]] Error from_lmdb(int rc, Phase phase, const std::string& directory);

/// The opener's process id is not the caller's.
[[nodiscard]] Error forked_error(const std::string& directory);

/// A full disk hides behind EIO: true if the file system of `directory` has next to nothing left,
/// or the data file has reached the process's file-size limit.
[[nodiscard]] bool out_of_space(const std::string& directory) noexcept;

}  // namespace milepost::lmdb
