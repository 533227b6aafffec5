// SPDX-License-Identifier: Apache-2.0
//
// The sizes of each mode, and the stages made of them.
#include "bench/plan.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace bench {
namespace {

constexpr std::array kQuestions{"list",   "list_profile", "list_status",
                                "counts", "counts_all",   "changes"};

struct Sizes {
  unsigned rounds;
  double seconds;
  std::uint64_t runs;
  std::uint64_t ingest;
  std::vector<unsigned> callers;
  std::vector<unsigned> relaxed_callers;
  std::vector<std::uint64_t> growth;
  double question_share;
};

Sizes sizes_of(const SuiteOptions& o) {
  Sizes s{3, 1, 1'000'000, 200'000, {1, 4, 16, 64}, {1, 16}, {10'000, 100'000}, 0.3};
  if (o.mode == "smoke") s = {1, 0.05, 4'000, 2'000, {1, 4}, {1}, {2'000}, 0.3};
  if (o.mode == "quick") s = {1, 0.3, 100'000, 30'000, {1, 16, 64}, {1}, {10'000}, 0.3};
  if (o.mode == "full") {
    s = {5, 3, 1'000'000, 1'000'000, {1, 4, 16, 64}, {1, 4, 16, 64}, {10'000, 100'000, 10'000'000},
         1};
  }
  if (o.rounds != 0) s.rounds = o.rounds;
  if (o.seconds > 0) s.seconds = o.seconds;
  if (o.runs != 0) {
    s.runs = o.runs;
    s.ingest = std::min(s.ingest, o.runs);
    std::erase_if(s.growth, [&](std::uint64_t n) { return n >= o.runs; });
  }
  return s;
}

std::vector<PlannedCell> lifecycles(const std::vector<unsigned>& callers) {
  std::vector<PlannedCell> cells;
  cells.reserve(callers.size());
  for (const unsigned n : callers) cells.push_back({"lifecycle", n});
  return cells;
}

// What --only asks for, with groups replaced by what they stand for.
std::set<std::string> wanted(const std::vector<std::string>& only) {
  std::set<std::string> names;
  for (const std::string& name : only) {
    if (name == "questions") {
      names.insert(kQuestions.begin(), kQuestions.end());
      names.insert("list_writing");
    } else if (name == "growth") {
      names.insert({"get", "step"});
    } else {
      names.insert(name);
    }
  }
  return names;
}

Stage growth_stage(std::uint64_t runs, const std::vector<PlannedCell>& questions) {
  Stage stage{.name = "growth" + std::to_string(runs), .runs = runs, .cells = {{"get"}}};
  // Questions come before steps, so that all engines are asked about the same runs.
  stage.cells.insert(stage.cells.end(), questions.begin(), questions.end());
  stage.cells.push_back({"step"});
  return stage;
}

Stage store_stage(std::uint64_t runs, const std::vector<PlannedCell>& questions) {
  Stage stage{.name = "store", .runs = runs, .cells = {{"get"}, {"get_recent"}, {"get_many"}}};
  stage.cells.insert(stage.cells.end(), questions.begin(), questions.end());
  const std::vector<PlannedCell> rest{{"step"},       {"mixed", 1},         {"mixed", 16},
                                      {"read_alone"}, {"read_writing", 16}, {"list_writing", 4}};
  stage.cells.insert(stage.cells.end(), rest.begin(), rest.end());
  return stage;
}

}  // namespace

std::vector<std::string> workload_names() {
  return {"lifecycle",    "ingest_v7",    "ingest_v4",   "get",          "get_recent", "get_many",
          "list",         "list_profile", "list_status", "counts",       "counts_all", "changes",
          "list_writing", "mixed",        "read_alone",  "read_writing", "step",       "recover"};
}

std::vector<std::string> workload_groups() { return {"questions", "growth"}; }

void fill_defaults(SuiteOptions& options, Setup& setup) {
  const Sizes sizes = sizes_of(options);
  options.rounds = setup.rounds = sizes.rounds;
  options.seconds = setup.seconds = sizes.seconds;
  setup.seed = options.seed;
  setup.mode = options.mode;
}

std::vector<Stage> make_plan(const SuiteOptions& options) {
  const Sizes s = sizes_of(options);
  std::vector<Stage> plan{
      {.name = "steps", .cells = lifecycles(s.callers)},
      {.name = "relaxed",
       .durability = Durability::relaxed,
       .cells = lifecycles(s.relaxed_callers)},
      {.name = "ingest_v7", .kind = StageKind::ingest, .runs = s.ingest, .cells = {{"ingest_v7"}}},
      {.name = "ingest_v4",
       .kind = StageKind::ingest,
       .ids = IdKind::v4,
       .runs = s.ingest,
       .cells = {{"ingest_v4"}}}};
  if (options.mode == "full" && options.runs == 0) {
    for (const IdKind ids : {IdKind::v7, IdKind::v4}) {
      const std::string name = ids == IdKind::v7 ? "ingest_v7" : "ingest_v4";
      plan.push_back({.name = name + "_10m",
                      .kind = StageKind::ingest,
                      .ids = ids,
                      .runs = 10'000'000,
                      .cells = {{name}}});
    }
  }
  std::vector<PlannedCell> questions;
  questions.reserve(kQuestions.size());
  for (const char* const name : kQuestions) questions.push_back({name, 1, s.question_share});
  for (const std::uint64_t n : s.growth) plan.push_back(growth_stage(n, questions));
  plan.push_back(store_stage(s.runs, questions));
  plan.push_back({.name = "recover", .kind = StageKind::recover, .cells = {{"recover"}}});
  const std::set<std::string> only = wanted(options.only);
  for (Stage& stage : plan) {
    std::erase_if(stage.cells, [&](const PlannedCell& cell) {
      return !only.empty() && !only.contains(cell.workload);
    });
  }
  std::erase_if(plan, [](const Stage& stage) { return stage.cells.empty(); });
  return plan;
}

bool takes_part(const EngineInfo& engine, const Stage& stage, const PlannedCell& cell) {
  const bool mode = stage.durability == Durability::durable ? engine.durable : engine.relaxed;
  if (!mode) return false;
  if (!engine.answers && cell.threads != 1) return false;
  if (!engine.lists && cell.workload.starts_with("list")) return false;
  if (!engine.counts && cell.workload.starts_with("counts")) return false;
  if (!engine.feed && cell.workload == "changes") return false;
  return engine.only.empty() ||
         std::find(engine.only.begin(), engine.only.end(), cell.workload) != engine.only.end();
}

}  // namespace bench
