// SPDX-License-Identifier: Apache-2.0
//
// Texts for people: numbers with separators, and foreign text made safe to show.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sample {

/// 1234567 -> "1,234,567".
[[nodiscard]] std::string with_separators(std::uint64_t number);

/// "1 run", "2 runs", "20,000 runs".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view singular);

/// "4.51 s".
[[nodiscard]] std::string seconds_text(std::chrono::nanoseconds duration);

/// "8,869/s", or "-" when nothing was measured.
[[nodiscard]] std::string rate_text(std::uint64_t number, std::chrono::nanoseconds duration);

/// Control characters as \xNN, so that no input can drive the terminal; long text is cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t size_max = 400);

}  // namespace sample
