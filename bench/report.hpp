// SPDX-License-Identifier: Apache-2.0
//
// From results to RESULTS.md: medians with least and most, ratios pair by pair, charts.
#pragma once

#include <string>

#include "bench/results.hpp"

namespace bench {

/// Rewrites what lies between `<!-- begin: NAME -->` and `<!-- end: NAME -->` in the file and
/// leaves everything else as its author wrote it. Makes the file if there is none. Charts go to
/// `charts/` beside it. Unless `readme` is empty or the run claims no ratios, two of the charts are
/// shown in that file, too, in its block `benchmark`.
void write_report(const ResultFile& all, const std::string& file, const std::string& readme = {});

}  // namespace bench
