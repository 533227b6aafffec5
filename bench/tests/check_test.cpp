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

enum class Fault {
  none,
  forgets_on_close,
  early_time,
  repeats_start,
  drops_error,
  loses_step,
  repeats_position,
  miscounts,
  feed_gap
};

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
      if (!e_.runs_.emplace(run.run_id, Kept{make_record(run), {}}).second) return Answer::refused;
      ++e_.changes_;
      return Answer::done;
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
      ++e_.changes_;
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
    bool list_page(const ListQuery& query, Answers& out) override {
      // Index keys in order, as a key-value peer has them, and the page as one array.
      std::map<std::string, Uuid> index;
      for (const auto& [id, kept] : e_.runs_) {
        const IndexKey key = query.by == ListBy::profile  ? profile_key(id, kept.record)
                             : query.by == ListBy::status ? status_key(id, kept.record)
                                                          : journey_key(id, kept.record);
        index.emplace(key.view(), id);
      }
      const ListRange range = list_range(query);
      std::string from(range.from.view());
      if (e_.fault_ == Fault::repeats_position) from.pop_back();
      std::string array = "[";
      std::size_t count = 0;
      std::vector<char> room(milepost::kRunJsonSizeMax);
      for (auto it = index.lower_bound(from); it != index.end() && count < query.limit; ++it) {
        if (it->first.compare(0, range.prefix, from, 0, range.prefix) != 0) break;
        if (count++ > 0) array += ',';
        array.append(room.data(), get_json(it->second, room));
      }
      out.add_array(array + "]", count);
      return true;
    }
    bool count(const Uuid* journey_id, Counts& out) override {
      out.fill(0);
      for (const auto& [id, kept] : e_.runs_) {
        if (journey_id != nullptr && kept.record.journey_id != *journey_id) continue;
        ++out.at(static_cast<std::size_t>(kept.record.status));
      }
      if (e_.fault_ == Fault::miscounts) ++out[3];
      return true;
    }
    bool changes(std::uint64_t after, std::size_t limit, std::vector<std::uint64_t>& out) override {
      out.clear();
      while (out.size() < limit && after < e_.changes_) {
        ++after;
        if (e_.fault_ != Fault::feed_gap || after != 70) out.push_back(after);
      }
      return true;
    }
    std::uint64_t newest_change() override { return e_.changes_; }

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
  std::uint64_t changes_ = 0;
};

}  // namespace

TEST_CASE("a right engine passes the check, always with the same hash", "[bench][check]") {
  MapEngine one(Fault::none);
  MapEngine two(Fault::none);
  REQUIRE(check_engine(one, "unused") == check_engine(two, "unused"));
}

TEST_CASE("an engine with any one fault fails the check", "[bench][check]") {
  const Fault fault =
      GENERATE(Fault::forgets_on_close, Fault::early_time, Fault::repeats_start, Fault::drops_error,
               Fault::loses_step, Fault::repeats_position, Fault::miscounts, Fault::feed_gap);
  CAPTURE(static_cast<int>(fault));
  MapEngine engine(fault);
  REQUIRE_THROWS(check_engine(engine, "unused"));
  fix_clock(0);
}

TEST_CASE("every workload runs on a right engine and counts its operations", "[bench][workload]") {
  MapEngine engine(Fault::none);
  engine.open({});
  const Data data(5, IdKind::v7, 2'000);
  load(engine, data);
  verify_loaded(engine, data);
  std::uint64_t cell = 0;
  for (const char* const name :
       {"get", "get_recent", "get_many", "list", "list_profile", "list_status", "counts",
        "counts_all", "changes", "lifecycle", "mixed", "read_alone", "read_writing"}) {
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
