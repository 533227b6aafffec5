// SPDX-License-Identifier: Apache-2.0
//
// The plan of a suite as plain values: which stages, and which cells in each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/data.hpp"
#include "bench/engine.hpp"
#include "bench/suite.hpp"

namespace bench {

struct PlannedCell {
  std::string workload;
  unsigned threads = 1;
  double share = 1;  ///< Of the seconds of a cell: of many small questions each gets less.
};

enum class StageKind : std::uint8_t {
  loaded,   ///< One store an engine, filled once; its cells are interleaved on it.
  ingest,   ///< A fresh store for every round.
  recover,  ///< A fresh store for every round, filled, killed and opened again.
};

struct Stage {
  std::string name;
  StageKind kind = StageKind::loaded;
  Durability durability = Durability::durable;
  IdKind ids = IdKind::v7;
  std::uint64_t runs = 0;
  std::vector<PlannedCell> cells;
};

/// Stages of a mode, without the cells that `only` leaves out and without empty stages.
[[nodiscard]] std::vector<Stage> make_plan(const SuiteOptions& options);

/// Whether an engine takes part in a cell.
[[nodiscard]] bool takes_part(const EngineInfo& engine, const Stage& stage,
                              const PlannedCell& cell);

}  // namespace bench
