// SPDX-License-Identifier: Apache-2.0
//
// How an Error gets into the caller's milepost_error: without allocating, and without throwing.
#pragma once

#include <string>
#include <utility>

#include "milepost/milepost.h"
#include "milepost/result.hpp"

namespace milepost::capi {

/// All of `err` says that there was no error. `err` may be NULL.
milepost_status succeed(milepost_error* err) noexcept;

/// All of `err` says what went wrong. `err` may be NULL.
milepost_status fail(milepost_error* err, const Error& error) noexcept;

/// The same for what is no Error yet; `message` is one line.
milepost_status fail(milepost_error* err, Errc code, Applied applied, const char* message) noexcept;

[[nodiscard]] inline Error invalid(std::string subject, std::string message, std::string advice) {
  return Error{.code = Errc::invalid_argument,
               .subject = std::move(subject),
               .message = std::move(message),
               .advice = std::move(advice)};
}

/// For a pointer that must not be NULL.
[[nodiscard]] inline Error null_argument(const char* name) {
  return invalid(name, "The pointer is NULL.", "Give the address of what the call is to use.");
}

}  // namespace milepost::capi
