// SPDX-License-Identifier: Apache-2.0
//
// Texts of strangers made fit to be shown: a run's error must neither move the cursor nor turn the
// direction of what stands beside it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

/// With control characters, bidirectional controls, invisible characters and bytes that are no
/// UTF-8 written as escapes, e.g. `\x1b` or `\u{202e}`. One line; printable text stays as it is.
[[nodiscard]] std::string for_terminal(std::string_view text);

/// With U+FFFD in the place of bytes that are no UTF-8, for JSON.
[[nodiscard]] std::string well_formed(std::string_view text);

/// Columns that text takes on a terminal; the text is one that for_terminal yielded.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// At most `columns` wide, closed with an ellipsis if something was left out.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);

}  // namespace cli
