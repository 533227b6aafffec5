// SPDX-License-Identifier: Apache-2.0
//
// The command line of the benchmark suite.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <signal.h>
#include <stdlib.h>

#include "bench/cell.hpp"
#include "bench/report.hpp"
#include "bench/suite.hpp"

namespace bench {
namespace {

struct Options {
  SuiteOptions suite;
  std::string json;
  std::string report;
  std::string readme;
  std::vector<std::string> from;
  bool quick = false;
  bool full = false;
  bool smoke = false;
  bool list = false;
};

void declare(CLI::App& app, Options& o) {
  auto* const quick = app.add_flag("--quick", o.quick, "one short round, about two minutes");
  auto* const full = app.add_flag("--full", o.full, "five rounds of 3 s, up to 10,000,000 runs");
  auto* const smoke = app.add_flag("--smoke", o.smoke, "only see that everything runs");
  quick->excludes(full)->excludes(smoke);
  full->excludes(smoke);
  app.add_option("--json", o.json, "write one line of JSON per result to this file");
  std::vector<std::string> workloads = workload_names();
  for (std::string& group : workload_groups()) workloads.push_back(std::move(group));
  app.add_option("--only", o.suite.only, "only these workloads, or groups of them")
      ->check(CLI::IsMember(workloads));
  std::vector<std::string> names;
  for (const EngineInfo& engine : registry()) names.push_back(engine.name);
  app.add_option("--engine", o.suite.engines, "only these engines")->check(CLI::IsMember(names));
  app.add_option("--seed", o.suite.seed, "seed of all ids and of every order");
  app.add_option("--rounds", o.suite.rounds, "rounds, instead of the mode's");
  app.add_option("--seconds", o.suite.seconds, "seconds a cell, instead of the mode's");
  app.add_option("--runs", o.suite.runs, "runs in the large store, instead of the mode's");
  app.add_option("--dir", o.suite.directory,
                 "where stores are made; default: a new folder in /var/tmp");
  app.add_option("--report", o.report, "write tables into this RESULTS.md and charts beside it");
  app.add_option("--readme", o.readme, "put two of the charts into this README.md, too");
  app.add_option("--from", o.from, "run nothing, report what these JSON files hold together")
      ->check(CLI::ExistingFile);
  app.add_flag("--list", o.list, "name engines and workloads, and stop");
}

void print_lists() {
  for (const EngineInfo& engine : registry()) {
    std::cout << engine.name << " (" << engine.version << "): " << engine.settings << '\n';
  }
  std::cout << "workloads:";
  for (const std::string& name : workload_names()) std::cout << ' ' << name;
  std::cout << "\ngroups:";
  for (const std::string& name : workload_groups()) std::cout << ' ' << name;
  std::cout << '\n';
}

/// A folder of our own below the one given, open to the servers' user; gone in the end.
class Folder {
 public:
  explicit Folder(const std::string& given)
      : path_((given.empty() ? "/var/tmp" : given) + "/milepost-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      fail("cannot make a folder like " + path_ + ": " + std::strerror(errno));
    }
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
  }
  ~Folder() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
    if (ec) std::cerr << "could not remove " << path_ << ": " << ec.message() << '\n';
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool run(Options& o) {
  o.suite.mode = o.smoke ? "smoke" : o.quick ? "quick" : o.full ? "full" : "default";
  const Folder folder(o.suite.directory);
  o.suite.directory = folder.path();
  ResultFile all;
  all.setup = read_setup(o.suite.directory);
  fill_defaults(o.suite, all.setup);
  std::ofstream lines;
  if (!o.json.empty()) {
    lines.open(o.json);
    if (!lines) fail("cannot write " + o.json);
  }
  lines << to_line(all.setup) << '\n' << std::flush;
  const auto version = [](const std::string& name) {
    for (const EngineInfo& e : registry()) {
      if (e.name == name) return e.version;
    }
    return std::string();
  };
  if (all.setup.file_system == "tmpfs") {
    std::cout << "note: " << o.suite.directory << " is in memory; durable figures mean nothing\n";
  }
  const bool good = run_suite(o.suite, [&](const Result& r) {
    all.results.push_back(r);
    lines << to_line(r, all.setup, version(r.engine)) << '\n' << std::flush;
  });
  if (!o.report.empty()) write_report(all, o.report, o.readme);
  return good;
}

void report_from(const Options& o) {
  if (o.report.empty()) fail("--from needs --report");
  ResultFile all = read_results(o.from.front());
  for (std::size_t i = 1; i < o.from.size(); ++i) merge(all, read_results(o.from[i]));
  write_report(all, o.report, o.readme);
}

int main_checked(int argc, char** argv) {
  CLI::App app{"Milepost's benchmarks: the same work, side by side with its peers"};
  Options o;
  declare(app, o);
  CLI11_PARSE(app, argc, argv);
  if (o.list) {
    print_lists();
    return 0;
  }
  if (!o.from.empty()) {
    report_from(o);
    return 0;
  }
  const auto stop = [](int) { interrupt(); };
  ::signal(SIGINT, stop);
  ::signal(SIGTERM, stop);
  ::signal(SIGHUP, stop);
  ::signal(SIGPIPE, SIG_IGN);
  // A smoke run is a test, so there a peer that fails is red; elsewhere it is a line in a table.
  return run(o) || !o.smoke ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::main_checked(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "milepost_bench: " << e.what() << '\n';
    return 2;
  }
}
