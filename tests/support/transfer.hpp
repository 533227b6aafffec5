// SPDX-License-Identifier: Apache-2.0
//
// Exports into strings and imports out of them, and lines as somebody else would write them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/steps.hpp"

#include "milepost/milepost.hpp"

namespace milepost::test {

/// A sink that keeps everything.
[[nodiscard]] inline ExportSink into(std::string& text) {
  return [&text](std::string_view lines) -> Result<void> {
    text += lines;
    return {};
  };
}

/// Everything the tracker exports.
[[nodiscard]] inline std::string exported(const Tracker& tracker,
                                          const ExportOptions& options = {}) {
  std::string text;
  (void)tracker.export_runs(into(text), options).value();
  return text;
}

/// A source that yields the text, at most `piece` bytes at a time.
[[nodiscard]] inline ImportSource from(std::string_view text, std::size_t piece = SIZE_MAX) {
  return [text, piece](char* buffer, std::size_t room) mutable -> Result<std::size_t> {
    const std::size_t size = std::min({text.size(), room, piece});
    std::copy_n(text.data(), size, buffer);
    text.remove_prefix(size);
    return size;
  };
}

/// What an import said of its lines.
struct Told {
  ImportReport report;
  std::vector<std::string> problems;  ///< "3: reason"
};

[[nodiscard]] inline std::function<void(const ImportProblem&)> note_in(Told& told) {
  return [&told](const ImportProblem& problem) {
    told.problems.push_back(std::to_string(problem.line) + ": " + problem.reason);
  };
}

[[nodiscard]] inline Told imported(Tracker& tracker, std::string_view text,
                                   std::size_t piece = SIZE_MAX) {
  Told told;
  told.report = tracker.import_runs(from(text, piece), {.problem = note_in(told)}).value();
  return told;
}

/// A run's line, put together by hand. `error` is the JSON of that member.
[[nodiscard]] inline std::string line_of(const Run& run, std::string_view error) {
  std::string line = expected_json(run, error);
  line.pop_back();
  return line + ",\"organizationId\":\"" + to_string(run.organization_id) + "\"}\n";
}

/// The line of a queued run.
[[nodiscard]] inline std::string queued_line(const Uuid& run_id, const Uuid& organization = {}) {
  Run run;
  run.run_id = run_id;
  run.journey_id = kJourney;
  run.profile_id = kProfile;
  run.organization_id = organization;
  run.triggered_at = at("2023-11-07T05:31:56Z");
  return line_of(run, "null");
}

}  // namespace milepost::test
