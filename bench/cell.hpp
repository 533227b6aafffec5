// SPDX-License-Identifier: Apache-2.0
//
// Each engine lives in a child process of its own, so that memory is measured apart and a peer
// that crashes, hangs or fails spoils only its own cells. The parent asks, the child answers, one
// line of JSON each.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <sys/types.h>

#include "bench/data.hpp"
#include "bench/engine.hpp"
#include "bench/results.hpp"
#include "bench/workloads.hpp"

namespace bench {

/// Thrown when the user asked the suite to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

/// What an engine is opened on for a stage.
struct StoreSpec {
  std::string directory;
  Durability durability = Durability::durable;
  IdKind ids = IdKind::v7;
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
};

/// What came back: numbers for a Result, and texts where there are any.
struct Reply {
  Result result;
  std::string hash;  ///< Of `check`: of all answers, to be compared between engines.
};

/// The parent's end of one child. Destroying it kills a child that was not closed.
class Cell {
 public:
  /// Forks. The parent must have no threads.
  Cell(const EngineInfo& engine, StoreSpec store);
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  /// Each throws std::runtime_error with the reason if the child failed, died, or took too long.
  Reply check(std::chrono::seconds limit);
  /// Opens, fills with the store's runs and verifies them; bytes on disk come back.
  Reply load(std::chrono::seconds limit);
  Reply measure(const CellSpec& spec, std::chrono::seconds limit);
  /// Opens an empty store and measures ingest of the store's runs, backlog included.
  Reply ingest(std::chrono::seconds limit);
  /// Steps for a while with as much log as the engine keeps, then dies; `recover` of a new cell
  /// on the same directory measures the time from opening to the first answer.
  Reply fill_and_crash(double seconds, std::chrono::seconds limit);
  Reply recover(std::chrono::seconds limit);
  void close(std::chrono::seconds limit);
  [[nodiscard]] bool alive() const noexcept { return pid_ > 0; }

 private:
  Reply ask(const std::string& line, std::chrono::seconds limit);
  [[nodiscard]] std::string how_it_died();

  pid_t pid_ = -1;
  int fd_ = -1;
};

/// Asks a running suite to stop at its next wait (for signal handlers).
void interrupt() noexcept;

}  // namespace bench
