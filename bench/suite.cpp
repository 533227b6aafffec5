// SPDX-License-Identifier: Apache-2.0
//
// Running the plan. An engine that fails in a stage is out for the rest of that stage; one that
// fails the check of answers is out of the suite. Either way the reason is a result, too.
#include "bench/suite.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <sys/stat.h>

#include "bench/cell.hpp"
#include "bench/plan.hpp"

namespace bench {
namespace {

using Seconds = std::chrono::seconds;
constexpr Seconds kOpenLimit{120};
constexpr double kWarmUpSeconds = 0.1;
constexpr double kFillSeconds = 2;

const char* name_of(Durability d) { return d == Durability::durable ? "durable" : "relaxed"; }

void print(const Result& r) {
  std::cout << std::left << std::setw(14) << r.workload << std::setw(16) << r.engine << std::right
            << std::setw(4) << r.threads << std::fixed;
  const auto load = r.extra.find("load_s");
  if (load != r.extra.end()) {
    std::cout << std::setprecision(1) << "  filled in " << load->second << " s, " << r.bytes_per_run
              << " bytes a run\n";
  } else if (r.workload == "recover") {
    std::cout << std::setprecision(1) << "  first answer after " << r.p50_us / 1e3 << " ms\n";
  } else {
    std::cout << std::setprecision(0) << std::setw(12) << r.ops_per_s << " /s"
              << std::setprecision(1) << "  p50 " << r.p50_us << "  p99 " << r.p99_us << "  p999 "
              << r.p999_us << " us\n";
  }
  std::cout << std::flush;
}

/// A directory that is there while this is.
class StoreDirectory {
 public:
  explicit StoreDirectory(std::string path) : path_(std::move(path)) {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
    if (::mkdir(path_.c_str(), 0755) != 0) {
      fail("cannot make " + path_ + ": " + std::strerror(errno));
    }
  }
  ~StoreDirectory() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  StoreDirectory(const StoreDirectory&) = delete;
  StoreDirectory& operator=(const StoreDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Suite {
 public:
  Suite(const SuiteOptions& options, const std::function<void(const Result&)>& sink)
      : options_(options), sink_(sink) {
    for (const EngineInfo& engine : registry()) {
      const auto& wanted = options.engines;
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), engine.name) != wanted.end()) {
        engines_.push_back(&engine);
      }
    }
  }

  bool run() {
    check_answers();
    for (const Stage& stage : make_plan(options_)) {
      std::cout << "# " << stage.name << " (" << name_of(stage.durability) << ", " << stage.runs
                << " runs)\n";
      if (stage.kind == StageKind::loaded) {
        run_loaded(stage);
      } else {
        run_fresh(stage);
      }
    }
    return all_ran_;
  }

 private:
  struct Seat {
    const EngineInfo* engine;
    std::unique_ptr<StoreDirectory> directory;
    std::unique_ptr<Cell> cell;
    std::uint64_t cells = 0;
  };

  [[nodiscard]] std::string directory_for(const EngineInfo& engine) const {
    return options_.directory + "/" + engine.name;
  }

  Result blank(const EngineInfo& engine, const Stage& stage, const PlannedCell& cell,
               unsigned round) const {
    Result r;
    r.workload = cell.workload;
    r.engine = engine.name;
    r.durability = name_of(stage.durability);
    r.threads = cell.threads;
    r.runs = stage.runs;
    r.round = round;
    return r;
  }

  void report(Result r, const Reply& reply) {
    Result full = reply.result;
    full.workload = r.workload;
    full.engine = r.engine;
    full.durability = r.durability;
    full.threads = r.threads;
    full.runs = r.runs;
    full.round = r.round;
    print(full);
    sink_(full);
  }

  void report_failure(Result r, const std::string& why) {
    all_ran_ = false;
    r.error = why;
    std::cout << std::left << std::setw(14) << r.workload << std::setw(16) << r.engine
              << " not run: " << why << '\n'
              << std::flush;
    sink_(r);
  }

  void check_answers() {
    std::cout << "# check: every engine's answers against the reference\n" << std::flush;
    std::string right;
    std::erase_if(engines_, [&](const EngineInfo* engine) {
      if (!engine->answers) return false;
      try {
        const StoreDirectory directory(directory_for(*engine));
        const bool durable = engine->durable;
        Cell cell(*engine, {.directory = directory.path(),
                            .durability = durable ? Durability::durable : Durability::relaxed});
        const std::string hash = cell.check(kOpenLimit).hash;
        if (right.empty()) right = hash;
        if (hash != right) fail("its answers differ from the first engine's");
        std::cout << engine->name << ": same answers (" << hash << ")\n" << std::flush;
        return false;
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& e) {
        report_failure(blank(*engine, {}, {"check", 1}, 0), e.what());
        return true;
      }
    });
  }

  // Loading is outside any measurement but takes the time of the slowest peer.
  [[nodiscard]] static Seconds load_limit(const Stage& stage) {
    return kOpenLimit + Seconds(static_cast<long>(stage.runs / 2'000));
  }

  std::vector<Seat> open_seats(const Stage& stage) {
    std::vector<Seat> seats;
    for (const EngineInfo* const engine : engines_) {
      const bool any = std::any_of(stage.cells.begin(), stage.cells.end(), [&](const auto& cell) {
        return takes_part(*engine, stage, cell);
      });
      if (!any) continue;
      try {
        Seat seat{engine, std::make_unique<StoreDirectory>(directory_for(*engine)), nullptr};
        seat.cell = std::make_unique<Cell>(*engine, store_of(seat, stage));
        const Reply loaded = seat.cell->load(load_limit(stage));
        if (stage.runs > 0) report(blank(*engine, stage, {"load", 1}, 0), loaded);
        seats.push_back(std::move(seat));
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& e) {
        report_failure(blank(*engine, stage, {stage.name, 1}, 0), e.what());
      }
    }
    return seats;
  }

  [[nodiscard]] StoreSpec store_of(const Seat& seat, const Stage& stage) const {
    return {.directory = seat.directory->path(),
            .durability = stage.durability,
            .ids = stage.ids,
            .runs = stage.runs,
            .seed = options_.seed};
  }

  void run_loaded(const Stage& stage) {
    std::vector<Seat> seats = open_seats(stage);
    for (const PlannedCell& cell : stage.cells) {
      // Round 0 is the warm-up and not reported.
      for (unsigned round = 0; round <= options_.rounds; ++round) {
        for (std::size_t i = 0; i < seats.size(); ++i) {
          // Each round begins with another engine, so that none always follows the same one.
          measure(stage, cell, round, seats[(i + round) % seats.size()]);
        }
      }
    }
    for (Seat& seat : seats) close(seat);
  }

  void measure(const Stage& stage, const PlannedCell& cell, unsigned round, Seat& seat) {
    if (seat.cell == nullptr || !takes_part(*seat.engine, stage, cell)) return;
    const bool warm_up = round == 0;
    const double all = options_.seconds * cell.share;
    const double seconds = warm_up ? std::min(kWarmUpSeconds, all) : all;
    const CellSpec spec{.workload = cell.workload,
                        .threads = cell.threads,
                        .seconds = seconds,
                        .cell = cell.workload == "step" ? round : 100 + seat.cells++,
                        .quota = stage.runs / (options_.rounds + 2)};
    try {
      const Seconds limit = kOpenLimit + Seconds(static_cast<long>(10 * seconds));
      const Reply reply = seat.cell->measure(spec, limit);
      if (!warm_up) report(blank(*seat.engine, stage, cell, round), reply);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& e) {
      report_failure(blank(*seat.engine, stage, cell, round), e.what());
      // A process that answered is still good for the next workload.
      if (!seat.cell->alive()) seat.cell.reset();
    }
  }

  void close(Seat& seat) {
    try {
      if (seat.cell) seat.cell->close(kOpenLimit);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& e) {
      report_failure(blank(*seat.engine, {}, {"close", 1}, 0), e.what());
    }
    seat.cell.reset();
    seat.directory.reset();
  }

  void run_fresh(const Stage& stage) {
    const PlannedCell& cell = stage.cells.front();
    for (unsigned round = 1; round <= options_.rounds; ++round) {
      for (std::size_t i = 0; i < engines_.size(); ++i) {
        const EngineInfo& engine = *engines_[(i + round) % engines_.size()];
        if (!takes_part(engine, stage, cell)) continue;
        try {
          Seat seat{&engine, std::make_unique<StoreDirectory>(directory_for(engine)), nullptr};
          const StoreSpec store = store_of(seat, stage);
          const Reply reply = stage.kind == StageKind::ingest ? ingest(engine, store, stage)
                                                              : recover(engine, store);
          report(blank(engine, stage, cell, round), reply);
        } catch (const Interrupted&) {
          throw;
        } catch (const std::exception& e) {
          report_failure(blank(engine, stage, cell, round), e.what());
        }
      }
    }
  }

  static Reply ingest(const EngineInfo& engine, const StoreSpec& store, const Stage& stage) {
    Cell cell(engine, store);
    const Reply reply = cell.ingest(load_limit(stage));
    cell.close(kOpenLimit);
    return reply;
  }

  [[nodiscard]] Reply recover(const EngineInfo& engine, const StoreSpec& store) const {
    const double seconds = std::min(kFillSeconds, 3 * options_.seconds);
    Reply filled = Cell(engine, store).fill_and_crash(seconds, kOpenLimit);
    Cell cell(engine, store);
    Reply reply = cell.recover(kOpenLimit);
    reply.result.extra = filled.result.extra;
    cell.close(kOpenLimit);
    return reply;
  }

  const SuiteOptions& options_;
  const std::function<void(const Result&)>& sink_;
  std::vector<const EngineInfo*> engines_;
  bool all_ran_ = true;
};

}  // namespace

bool run_suite(const SuiteOptions& options, const std::function<void(const Result&)>& sink) {
  return Suite(options, sink).run();
}

}  // namespace bench
