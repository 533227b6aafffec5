// SPDX-License-Identifier: Apache-2.0
//
// --crash: what is acknowledged survives kill -9. One process executes runs and tells another of
// every acknowledged change through a pipe; the other kills it midway, opens the same store, looks
// for every change it was told of, and finishes the work.
#pragma once

#include "create_runs.hpp"
#include "options.hpp"
#include "progress.hpp"

namespace sample {

/// The part of the process that is not killed. Yields the exit code.
[[nodiscard]] int run_crash_demo(const Options& options, Console& console);

/// For the process that is killed: writes each acknowledged change to the pipe at `fd`.
[[nodiscard]] Acknowledged acknowledge_to(int fd);

}  // namespace sample
