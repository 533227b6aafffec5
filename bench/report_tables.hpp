// SPDX-License-Identifier: Apache-2.0
//
// The generated parts of RESULTS.md as text.
#pragma once

#include <string>

#include "bench/summary.hpp"

namespace bench {

[[nodiscard]] std::string setup_text(const Summary& summary);
/// What was aimed for and what was reached; says why not after a run that claims no ratios.
[[nodiscard]] std::string goals_text(const Summary& summary);
[[nodiscard]] std::string tables_text(const Summary& summary);

/// Draws all charts the results allow into `directory`; yields the Markdown that shows them.
[[nodiscard]] std::string draw_charts(const Summary& summary, const std::string& directory);

}  // namespace bench
