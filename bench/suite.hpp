// SPDX-License-Identifier: Apache-2.0
//
// What is run in which order: stages, each with a store of its own for every engine, and in each
// stage all engines taking turns round by round.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/results.hpp"

namespace bench {

struct SuiteOptions {
  std::string mode = "default";  ///< smoke, quick, default or full
  std::string directory;         ///< Stores go below it; each is removed after its stage.
  std::vector<std::string> only{};
  std::vector<std::string> engines{};
  std::uint64_t seed = 20'240'101;
  unsigned rounds = 0;  ///< 0: as the mode has it. The same for the next two.
  double seconds = 0;
  std::uint64_t runs = 0;
};

/// Names of all workloads, and of groups of them, for `--only`.
[[nodiscard]] std::vector<std::string> workload_names();
[[nodiscard]] std::vector<std::string> workload_groups();

/// Rounds and seconds a mode stands for, after options were taken into account.
void fill_defaults(SuiteOptions& options, Setup& setup);

/// Runs everything; `sink` gets each result as soon as it is known. True if every engine did
/// everything it takes part in.
bool run_suite(const SuiteOptions& options, const std::function<void(const Result&)>& sink);

}  // namespace bench
