// SPDX-License-Identifier: Apache-2.0
//
// What the user asked for on the command line, and the exit codes the program answers with.
// Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "milepost/run.hpp"

namespace sample {

// The exit codes, as `--help` explains them.
inline constexpr int kExitDone = 0;
inline constexpr int kExitStoreError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotAsAcknowledged = 3;
inline constexpr int kExitStopped = 130;

inline constexpr std::uint64_t kSampleCount = 20'000;
inline constexpr std::uint64_t kSampleSeed = 7;
inline constexpr std::uint64_t kSampleCountMax = 100'000'000;
inline constexpr unsigned kWorkers = 8;
inline constexpr unsigned kWorkersMax = 1'024;
inline constexpr std::size_t kBatch = 500;
inline constexpr unsigned kStepTimeMsMax = 60'000;

struct Options {
  std::string program = "journey_executor";  ///< As it was called; for the advice we print.
  std::string input{};                       ///< Empty: the built-in sample; "-": stdin.
  std::uint64_t count = kSampleCount;        ///< Triggers of the built-in sample.
  std::uint64_t seed = kSampleSeed;          ///< Seed of the built-in sample.
  std::string write_sample{};                ///< Only write the sample to this file.
  std::string directory{};                   ///< Empty: a temporary one.
  unsigned workers = kWorkers;
  std::size_t batch = kBatch;
  std::chrono::milliseconds step_time{0};  ///< How long each step of a journey takes.
  bool relaxed = false;
  std::vector<milepost::Uuid> organizations{};  ///< To serve beside those that the input names.
  bool crash = false;
  /// Set in the process that `--crash` kills: each acknowledged change is written here, and
  /// nothing but errors is shown.
  int acknowledgements_fd = -1;
};

/// The options, or the exit code when the command line is at fault or only asked for help.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv);

/// The arguments that make another process do the same work on the same store.
[[nodiscard]] std::vector<std::string> to_arguments(const Options& options);

/// A command a user can paste into a shell to continue where this process stopped.
[[nodiscard]] std::string continue_command(const Options& options);

}  // namespace sample
