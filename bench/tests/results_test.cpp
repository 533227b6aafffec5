// SPDX-License-Identifier: Apache-2.0
//
// Results as lines and back, and what is made of several rounds.
#include "bench/results.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

#include "bench/engine.hpp"
#include "bench/plan.hpp"
#include "bench/report.hpp"
#include "bench/report_tables.hpp"
#include "bench/summary.hpp"
#include "bench/tests/catch.hpp"

namespace {

using namespace bench;

Result result(const char* engine, unsigned round, double ops) {
  Result r;
  r.workload = "lifecycle";
  r.engine = engine;
  r.durability = "durable";
  r.threads = 16;
  r.round = round;
  r.ops_per_s = ops;
  r.p50_us = 10;
  r.p99_us = 1e6 / ops;
  return r;
}

ResultFile sample() {
  ResultFile all;
  all.setup.mode = "default";
  all.setup.engines = {{"milepost", "1", "", "ours"},
                       {"slow", "1", "", "peer"},
                       {"fast", "1", "", "peer"},
                       {"grouped", "1", "", "helped"},
                       {"reckless", "1", "", "unsafe"}};
  for (const auto& [round, factor] : {std::pair{1u, 1.0}, {2u, 0.5}, {3u, 2.0}}) {
    all.results.push_back(result("milepost", round, 1000 * factor));
    all.results.push_back(result("slow", round, 100 * factor));
    all.results.push_back(result("fast", round, 250 * factor));
    all.results.push_back(result("grouped", round, 500 * factor));
    all.results.push_back(result("reckless", round, 5000 * factor));
  }
  return all;
}

std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a result survives its line of JSON", "[bench][results]") {
  const Folder folder;
  const std::string file = (folder.path() / "r.jsonl").string();
  Result r = result("milepost", 2, 123.5);
  r.runs = 10'000'000;
  r.extra["drain_s"] = 0.25;
  Result broken = result("slow", 1, 0);
  broken.error = "it \"died\"";
  ResultFile all = sample();
  std::ofstream(file) << to_line(all.setup) << '\n'
                      << to_line(r, all.setup, "1") << '\n'
                      << to_line(broken, all.setup, "1") << '\n';
  const ResultFile back = read_results(file);
  REQUIRE(back.setup.engines == all.setup.engines);
  REQUIRE(back.results.size() == 2);
  REQUIRE(back.results[0].ops_per_s == 123.5);
  REQUIRE(back.results[0].runs == 10'000'000);
  REQUIRE(back.results[0].extra.at("drain_s") == 0.25);
  REQUIRE(back.results[1].error == broken.error);
}

TEST_CASE("merged runs keep their rounds apart", "[bench][results]") {
  ResultFile all = sample();
  ResultFile other = sample();
  other.setup.engines.push_back({"late", "1", "", "peer"});
  for (Result& r : other.results) r.ops_per_s *= 4;
  other.results.push_back(result("late", 1, 1));
  merge(all, other);
  const Summary s(all);
  const Key key{"lifecycle", "durable", 16, 0};
  REQUIRE(s.spread(key, "milepost")->most == 8000);
  REQUIRE(s.spread(key, "milepost")->median == 2000);
  REQUIRE(s.ratio(key, "milepost", key, "fast")->most == 4);
  REQUIRE(s.ratio(key, "late", key, "milepost")->most == 0.00025);
  REQUIRE(all.setup.engines.size() == 6);
  REQUIRE(all.more.size() == 1);
  REQUIRE(s.claims_ratios());
  ResultFile quick = sample();
  quick.setup.mode = "quick";
  merge(all, quick);
  REQUIRE_FALSE(Summary(all).claims_ratios());
  other.setup.cpu = "another";
  REQUIRE_THROWS(merge(all, other));
}

TEST_CASE("questions stand in one table by engine and size", "[bench][report]") {
  ResultFile all = sample();
  for (const std::uint64_t runs : {10'000u, 1'000'000u}) {
    Result r = result("milepost", 1, 1000);
    r.workload = "list";
    r.threads = 1;
    r.runs = runs;
    r.p50_us = runs == 10'000 ? 11 : 22;
    r.p99_us = 33;
    all.results.push_back(r);
  }
  const std::string text = questions_text(Summary(all));
  REQUIRE(text.find("| 10.0 k runs | 1.00 M runs |") != std::string::npos);
  REQUIRE(text.find("| **milepost** | 11.0 us / 33.0 us | 22.0 us / 33.0 us |") !=
          std::string::npos);
  REQUIRE(tables_text(Summary(all)).find("list") == std::string::npos);
  REQUIRE(questions_text(Summary(sample())) == "Not measured in this run.\n");
}

TEST_CASE("answers in one array are split between runs only", "[bench][engine]") {
  Answers answers;
  const std::string first = R"({"runId":"1","error":"},{\"runId\":"})";
  const std::string second = R"({"runId":"2","error":null})";
  answers.add_array("[" + first + "," + second + "]", 2);
  REQUIRE(answers.size() == 2);
  REQUIRE(answers[1] == second);
  REQUIRE(answers[0] == first);
  answers.add_array("[]", 0);
  REQUIRE(answers.size() == 0);
}

TEST_CASE("a group of workloads stands for its members", "[bench][plan]") {
  SuiteOptions options;
  options.only = {"growth"};
  options.runs = 500'000;
  std::set<std::uint64_t> sizes;
  for (const Stage& stage : make_plan(options)) {
    sizes.insert(stage.runs);
    for (const PlannedCell& cell : stage.cells) {
      REQUIRE((cell.workload == "get" || cell.workload == "step"));
    }
  }
  REQUIRE(sizes == std::set<std::uint64_t>{10'000, 100'000, 500'000});
}

TEST_CASE("a line that makes no sense is named", "[bench][results]") {
  const Folder folder;
  const std::string file = (folder.path() / "r.jsonl").string();
  std::ofstream(file) << to_line(sample().setup) << "\n{\"workload\":\n";
  REQUIRE_THROWS_WITH(read_results(file), Catch::Matchers::Contains("line 2"));
}

TEST_CASE("medians, ratios by rounds, and the best honest peer", "[bench][summary]") {
  const ResultFile all = sample();
  const Summary s(all);
  const Key key{"lifecycle", "durable", 16, 0};
  const Spread spread = *s.spread(key, "milepost");
  REQUIRE(spread.median == 1000);
  REQUIRE(spread.least == 500);
  REQUIRE(spread.most == 2000);
  // Rounds differ by a factor of four, ratios do not at all: they are taken round by round.
  const Spread ratio = *s.ratio(key, "milepost", key, "fast");
  REQUIRE(ratio.least == 4);
  REQUIRE(ratio.most == 4);
  REQUIRE(s.best_peer(key) == "fast");
  REQUIRE(s.best_helped(key) == "grouped");
  REQUIRE(s.engines(key).front() == "reckless");
  REQUIRE_FALSE(s.ratio(key, "milepost", key, "absent").has_value());
}

TEST_CASE("help with sharing commits is none for a single caller", "[bench][summary]") {
  ResultFile all = sample();
  for (Result& r : all.results) r.threads = 1;
  const Summary s(all);
  const Key key{"lifecycle", "durable", 1, 0};
  REQUIRE(s.best_peer(key) == "grouped");
  REQUIRE_FALSE(s.best_helped(key).has_value());
}

TEST_CASE("the median of an even number of values lies between the middle two", "[bench]") {
  REQUIRE(spread_of({4, 1, 3, 2}).median == 2.5);
  REQUIRE_THROWS(spread_of({}));
}

TEST_CASE("a report keeps what people wrote and replaces what it wrote itself", "[bench][report]") {
  const Folder folder;
  const std::string file = (folder.path() / "RESULTS.md").string();
  std::ofstream(file)
      << "# Mine\n\n<!-- begin: tables -->\nold\n<!-- end: tables -->\n\nBy hand.\n";
  write_report(sample(), file);
  const std::string once = read_all(file);
  REQUIRE(once.starts_with("# Mine\n"));
  REQUIRE(once.find("By hand.") != std::string::npos);
  REQUIRE(once.find("old") == std::string::npos);
  REQUIRE(once.find("**milepost**") != std::string::npos);
  REQUIRE(once.find("2.5") != std::string::npos);
  const std::string readme = (folder.path() / "README.md").string();
  std::ofstream(readme) << "# Ours\n\n<!-- begin: benchmark -->\nold\n<!-- end: benchmark -->\n";
  write_report(sample(), file, readme);
  REQUIRE(read_all(file) == once);
  REQUIRE(read_all(readme).find("](charts/steps_durable.svg)") != std::string::npos);
  ResultFile quick = sample();
  quick.setup.mode = "quick";
  const std::string shown = read_all(readme);
  write_report(quick, file, readme);
  REQUIRE(read_all(readme) == shown);
}
