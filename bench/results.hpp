// SPDX-License-Identifier: Apache-2.0
//
// One measured cell as a value, and its form as one line of JSON. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// One engine in one workload in one round; or why there is no such thing.
struct Result {
  std::string workload;
  std::string engine;
  std::string durability;
  unsigned threads = 1;
  std::uint64_t runs = 0;  ///< In the store before the cell began.
  unsigned round = 0;
  std::string error;  ///< Not empty: not run, and this is why.

  double ops_per_s = 0;
  double p50_us = 0;
  double p90_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
  double bytes_per_run = 0;      ///< On disk; 0 where it was not measured.
  double peak_memory_mib = 0;    ///< Largest resident size of the process, mapped file included.
  double own_memory_mib = 0;     ///< Anonymous memory after the cell.
  double server_memory_mib = 0;  ///< Of server processes after the cell.
  std::map<std::string, double> extra{};  ///< What only this workload has.
};

/// The machine and the settings, once for each run of the suite.
struct Setup {
  std::string mode;
  std::string file_system;
  std::string cpu;
  unsigned cores = 0;
  double memory_gib = 0;
  std::string kernel;
  std::string compiler;
  std::string date;
  std::uint64_t seed = 0;
  unsigned rounds = 0;
  double seconds = 0;
  std::vector<std::vector<std::string>> engines{};  ///< name, version, settings, kind
};

/// Reads the machine; `directory` is where the stores will be.
[[nodiscard]] Setup read_setup(const std::string& directory);

[[nodiscard]] std::string to_line(const Setup& setup);
/// `setup` and `version` repeat what a single line needs to stand for itself.
[[nodiscard]] std::string to_line(const Result& result, const Setup& setup,
                                  const std::string& version);

struct ResultFile {
  Setup setup;
  std::vector<Result> results;
  std::vector<Setup> more{};  ///< Of further runs of the suite whose results were merged in.
};

/// Puts another run's results beside those that are there, its rounds apart from theirs: no ratio
/// is ever taken between two runs. Throws if they come from different machines.
void merge(ResultFile& all, ResultFile other);

/// Reads lines written by to_line; throws with the line's number if one makes no sense.
[[nodiscard]] ResultFile read_results(const std::string& file);

/// Name of the file system that holds a directory, e.g. `ext4`.
[[nodiscard]] std::string file_system_of(const std::string& directory);

}  // namespace bench
