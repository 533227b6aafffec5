// SPDX-License-Identifier: Apache-2.0
//
// The check of answers must catch an engine that answers wrongly, or it is no check.
#include "bench/check.hpp"

#include <map>
#include <mutex>
#include <string>

#include "bench/data.hpp"
#include "bench/record.hpp"
#include "bench/tests/catch.hpp"
#include "bench/workloads.hpp"

namespace {

using namespace bench;

enum class Fault { none, forgets_on_close, early_time, repeats_start, drops_error, loses_step };

/// A store in memory with one fault.
class MapEngine final : public Engine {
 public:
  explicit MapEngine(Fault fault) : fault_(fault) {}

  struct Kept {
    Record record;
    std::string error;
  };

  class MapSession final : public Session {
   public:
    explicit MapSession(MapEngine& engine) : e_(engine) {}
    Answer create(const NewRun& run) override {
      const std::lock_guard lock(e_.mutex_);
      return e_.runs_.emplace(run.run_id, Kept{make_record(run), {}}).second ? Answer::done
                                                                             : Answer::refused;
    }
    Answer step(const Uuid& id, Step step, std::string_view error) override {
      const std::lock_guard lock(e_.mutex_);
      const auto found = e_.runs_.find(id);
      if (found == e_.runs_.end()) return Answer::missing;
      Kept& kept = found->second;
      if (e_.fault_ == Fault::repeats_start && step == Step::start &&
          kept.record.status == RunStatus::running) {
        return Answer::done;
      }
      if (e_.fault_ == Fault::loses_step && ++e_.steps_ == 50) return Answer::done;
      // A failed run's record points into its text, which no later step may touch.
      if (kept.record.status != RunStatus::failed) kept.error = error;
      Record after = kept.record;
      const Answer answer = apply_step(after, step, now_us(), kept.error);
      if (answer != Answer::done) return answer;
      if (e_.fault_ == Fault::early_time && after.completed_us != kNoTime) {
        after.completed_us = now_us();
      }
      if (e_.fault_ == Fault::drops_error) after.error = {};
      kept.record = after;
      return answer;
    }
    void ingest(std::span<const NewRun> runs) override {
      for (const NewRun& run : runs) (void)create(run);
    }
    std::size_t get_json(const Uuid& id, std::span<char> out) override {
      const std::lock_guard lock(e_.mutex_);
      const auto found = e_.runs_.find(id);
      return found == e_.runs_.end() ? 0 : render(id, found->second.record, out);
    }
    void get_many(std::span<const Uuid> ids, Answers& out) override {
      for (const Uuid& id : ids) out.add(get_json(id, out.room()));
    }

   private:
    MapEngine& e_;
  };

  void open(const OpenSpec& spec) override { spec_ = spec; }
  std::unique_ptr<Session> session() override { return std::make_unique<MapSession>(*this); }
  void drain() override {}
  void close() override {
    if (fault_ == Fault::forgets_on_close) runs_.erase(runs_.begin());
  }

 private:
  const Fault fault_;
  std::mutex mutex_;
  std::map<Uuid, Kept> runs_;
  int steps_ = 0;
};

}  // namespace

TEST_CASE("a right engine passes the check, always with the same hash", "[bench][check]") {
  MapEngine one(Fault::none);
  MapEngine two(Fault::none);
  REQUIRE(check_engine(one, "unused") == check_engine(two, "unused"));
}

TEST_CASE("an engine with any one fault fails the check", "[bench][check]") {
  const Fault fault = GENERATE(Fault::forgets_on_close, Fault::early_time, Fault::repeats_start,
                               Fault::drops_error, Fault::loses_step);
  CAPTURE(static_cast<int>(fault));
  MapEngine engine(fault);
  REQUIRE_THROWS(check_engine(engine, "unused"));
  fix_clock(0);
}

TEST_CASE("every workload runs on a right engine and counts its operations", "[bench][workload]") {
  MapEngine engine(Fault::none);
  engine.open({});
  const Data data(5, IdKind::v7, 500);
  load(engine, data);
  verify_loaded(engine, data);
  std::uint64_t cell = 0;
  for (const char* const name :
       {"get", "get_recent", "get_many", "lifecycle", "mixed", "read_alone", "read_writing"}) {
    CAPTURE(name);
    const Measured m =
        run_cell(engine, data, {.workload = name, .threads = 2, .seconds = 0.01, .cell = ++cell});
    REQUIRE(m.ops > 0);
  }
  const Measured steps = run_cell(
      engine, data, {.workload = "step", .threads = 1, .seconds = 5, .cell = 1, .quota = 100});
  REQUIRE(steps.ops == 200);
  REQUIRE(steps.latency_ns.count() == 200);
}

TEST_CASE("a workload on an engine that loses runs throws", "[bench][workload]") {
  MapEngine engine(Fault::none);
  engine.open({});
  const Data data(5, IdKind::v7, 500);
  REQUIRE_THROWS(verify_loaded(engine, data));
  REQUIRE_THROWS(run_cell(engine, data, {.workload = "get", .seconds = 0.01}));
  REQUIRE_THROWS(run_cell(engine, data, {.workload = "no such", .seconds = 0.01}));
}
