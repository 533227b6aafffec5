// SPDX-License-Identifier: Apache-2.0
//
// Results as lines and back, and what is made of several rounds.
#include "bench/results.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "bench/report.hpp"
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
                       {"reckless", "1", "", "unsafe"}};
  for (const auto& [round, factor] : {std::pair{1u, 1.0}, {2u, 0.5}, {3u, 2.0}}) {
    all.results.push_back(result("milepost", round, 1000 * factor));
    all.results.push_back(result("slow", round, 100 * factor));
    all.results.push_back(result("fast", round, 250 * factor));
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
  REQUIRE(s.engines(key).front() == "reckless");
  REQUIRE_FALSE(s.ratio(key, "milepost", key, "absent").has_value());
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
  write_report(sample(), file);
  REQUIRE(read_all(file) == once);
}
