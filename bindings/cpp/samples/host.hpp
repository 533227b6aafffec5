// SPDX-License-Identifier: Apache-2.0
//
// The host itself, start to end: open the store, create runs, execute what is unfinished, report,
// close.
#pragma once

#include "create_runs.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "workspace.hpp"

#include "milepost/result.hpp"
#include "milepost/tracker.hpp"

namespace sample {

/// Opens the store of a workspace as the options ask for it.
[[nodiscard]] milepost::Result<milepost::Tracker> open_store(const Options& options,
                                                             const Workspace& workspace,
                                                             Console& console);

/// Does everything and yields the exit code. `acknowledged` may be empty. On a stop or an error
/// the workspace is kept, and the user told how to go on.
[[nodiscard]] int run_host(const Options& options, Workspace& workspace, Console& console,
                           const Acknowledged& acknowledged);

}  // namespace sample
