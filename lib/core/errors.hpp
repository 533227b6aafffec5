// SPDX-License-Identifier: Apache-2.0
//
// How the core words its errors: caller-given values are shown escaped and cut, so that no input
// can forge a log line or blow one up.
#pragma once

#include <string>
#include <string_view>

#include "milepost/result.hpp"

namespace milepost::core {

/// Longest part of a caller's value that an error shows, in bytes of the value.
inline constexpr std::size_t kShownBytesMax = 64;

/// The value for people: printable ASCII as it is, every other byte as \xNN, cut with "...".
[[nodiscard]] std::string shown(std::string_view value);

/// An `invalid_argument`: nothing was read or written, and the same call fails again.
[[nodiscard]] Error invalid_argument(std::string subject, std::string message, std::string advice);

}  // namespace milepost::core
