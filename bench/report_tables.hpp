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
[[nodiscard]] std::string questions_text(const Summary& summary);
[[nodiscard]] std::string instructions_text(const Summary& summary);
/// What README.md shows.
[[nodiscard]] std::string readme_text(const Summary& summary, const std::string& charts);

/// Whether a workload's figures stand in the table of questions.
[[nodiscard]] bool is_question(const std::string& workload);
/// An engine's name in Markdown that tells its kind: ours bold, floors and unsafe ones in italics.
[[nodiscard]] std::string marked(const Summary& summary, const std::string& engine);

/// Draws all charts the results allow into `directory`; yields the Markdown that shows them.
[[nodiscard]] std::string draw_charts(const Summary& summary, const std::string& directory);

}  // namespace bench
