// SPDX-License-Identifier: Apache-2.0
//
// The processes of the kill loop that get killed, and those beside them.
#pragma once

#include <string>

#include "common/process.hpp"

namespace milepost::crash {

/// Judges what is left, deals with it, works on.
int run_writer(const Options& options);
/// Reads on and on: no run may ever go back or return, none may be one nobody asked for.
int run_survivor(const Options& options);
/// A second writer, who must be refused.
int run_rival(const Options& options);
/// Restores `--copy` to `--to`, in the place of what is there.
int run_restorer(const Options& options);

}  // namespace milepost::crash
