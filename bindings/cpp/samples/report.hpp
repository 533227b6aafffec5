// SPDX-License-Identifier: Apache-2.0
//
// The end of the story, on stdout: how many runs have which status, and whether that is what the
// store acknowledged; how fast it went; one run of each status as public JSON.
#pragma once

#include <string>
#include <vector>

#include "create_runs.hpp"
#include "execute_runs.hpp"
#include "options.hpp"

#include "milepost/list.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

/// The public JSON of a run in this status, the newest of the first organization that has one;
/// empty if there is none.
[[nodiscard]] milepost::Result<std::string> example_of(
    const milepost::Tracker& tracker, const std::vector<milepost::Uuid>& organizations,
    milepost::RunStatus status);

/// What the store must hold after all that it acknowledged, if it held `before`.
[[nodiscard]] milepost::Counts expected_counts(const milepost::Counts& before,
                                               const CreateTally& created,
                                               const ExecuteTally& executed);

/// The table of counts per status.
void print_counts(const milepost::Counts& counts, const milepost::Counts& expected);

/// What was done and how fast.
void print_rates(const Options& options, const CreateTally& created, const ExecuteTally& executed,
                 std::uint64_t repeats);

/// One run of each status; `queued_json` and `running_json` where there is none any more.
[[nodiscard]] milepost::Result<void> print_examples(
    const milepost::Tracker& tracker, const std::vector<milepost::Uuid>& organizations,
    const std::string& queued_json, const std::string& running_json);

}  // namespace sample
