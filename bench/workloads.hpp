// SPDX-License-Identifier: Apache-2.0
//
// The timed part: callers that do one kind of work on an open engine until time is up, check what
// they are told, and record how long each operation took.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "bench/data.hpp"
#include "bench/engine.hpp"
#include "bench/histogram.hpp"

namespace bench {

struct CellSpec {
  std::string workload;
  unsigned threads = 1;
  double seconds = 1;
  std::uint64_t cell = 0;   ///< Number of the cell on this store: no two share a run.
  std::uint64_t quota = 0;  ///< For `step`: how many old runs it may use up.
  bool verify = true;       ///< Look afterwards whether what was acknowledged is there.
};

struct Measured {
  std::uint64_t ops = 0;
  double seconds = 0;
  Histogram latency_ns{};
  std::map<std::string, double> extra{};
};

/// Runs in a batch of ingest, and ids in one get_many.
inline constexpr std::size_t kBatch = 1'000;
inline constexpr std::size_t kManyIds = 100;

/// Runs one cell of a loaded store. Throws when an answer is not what it must be.
[[nodiscard]] Measured run_cell(Engine& engine, const Data& data, const CellSpec& spec);

/// Every run of the data set in batches, and then everything drained, as one measurement.
[[nodiscard]] Measured run_ingest(Engine& engine, const Data& data);

/// Fills a store outside any measurement, as fast as it goes.
void load(Engine& engine, const Data& data);

/// Compares some answers with what they must be right after load().
void verify_loaded(Engine& engine, const Data& data);

}  // namespace bench
