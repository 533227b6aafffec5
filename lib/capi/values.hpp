// SPDX-License-Identifier: Apache-2.0
//
// Values of the C++ API as those of the C ABI, and results that hold many of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/input.hpp"
#include "capi/objects.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {

[[nodiscard]] inline milepost_text to_text(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// The run in C; its texts are the C++ run's.
[[nodiscard]] milepost_run to_run(const Run& run) noexcept;
/// The same with its texts moved to the caller's buffer as far as they find room there.
[[nodiscard]] milepost_run to_run(const Run& run, char* text, std::size_t capacity) noexcept;
/// What stands for a run that is not there.
[[nodiscard]] milepost_run no_run() noexcept;

/// The outcome in C, `text` being its run's.
[[nodiscard]] milepost_outcome to_outcome(OutcomeKind kind, const milepost_run& run) noexcept;

/// Fills the caller's struct, the size of the run in it adjusted to what the caller knows.
void write_outcome(milepost_outcome* out, milepost_outcome outcome) noexcept;
void write_change(milepost_change* out, milepost_change change) noexcept;

void write_counts(milepost_counts* out, const Counts& counts) noexcept;

/// Results. The C structs point into the C++ values beside them, which do not move any more.
[[nodiscard]] std::unique_ptr<RunsObject> make_runs(std::vector<Run> runs, std::string next);
[[nodiscard]] std::unique_ptr<RunsObject> make_runs(std::vector<std::optional<Run>> runs);
[[nodiscard]] std::unique_ptr<OutcomesObject> make_outcomes(std::vector<Outcome> outcomes);
[[nodiscard]] std::unique_ptr<ChangesObject> make_changes(ChangesPage page);
/// Makes the C structs of what is in `values`.
void fill_items(ChangesObject& changes);

/// A cursor in a report's fixed room.
[[nodiscard]] Result<void> put_cursor(std::string_view cursor, char (&room)[256],
                                      std::uint32_t& size);

}  // namespace milepost::capi
