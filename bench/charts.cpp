// SPDX-License-Identifier: Apache-2.0
//
// Charts as SVG, drawn by gnuplot from scripts that hold their data.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdlib.h>
#include <unistd.h>

#include "bench/engine.hpp"
#include "bench/report_tables.hpp"

namespace bench {
namespace {

constexpr const char* kOurs = "milepost";
constexpr const char* kTerminal =
    "set terminal svg size 840,460 noenhanced font 'sans-serif,13' background 'white'\n"
    "set grid ytics lc rgb '#dddddd'\nset border 3 lc rgb '#555555'\nset tics nomirror\n"
    "set key outside right top Left reverse samplen 2\nset datafile missing '-'\n";

// The same colour for an engine in every chart.
std::string colour(const std::string& engine) {
  if (engine == "milepost") return "#d62728";
  if (engine == "disk") return "#555555";
  if (engine == "lmdb_raw") return "#8c8c8c";
  if (engine == "sqlite_single" || engine == "sqlite_snapshot") return "#6aaed6";
  if (engine == "sqlite_off" || engine == "lmdb_nosync") return "#9a8f2f";
  if (engine.starts_with("lmdb")) return "#2ca02c";
  if (engine.starts_with("sqlite")) return "#1f77b4";
  if (engine.starts_with("rocksdb")) return "#ff7f0e";
  if (engine.starts_with("redis")) return "#9467bd";
  return "#17becf";
}

/// A chart is a file name, a caption and a gnuplot script without terminal and output.
struct Chart {
  std::string file;
  std::string caption;
  std::string script;
};

class Charts {
 public:
  explicit Charts(const Summary& s) : s_(s) {}

  [[nodiscard]] std::vector<Chart> all() {
    throughput("durable", "steps_durable.svg", "Durable steps per second by concurrent callers");
    throughput("relaxed", "steps_relaxed.svg", "Relaxed steps per second by concurrent callers");
    quantiles();
    growth("get", "growth_get.svg", "Time of one get against runs in the store");
    growth("step", "growth_step.svg", "Time of one durable step against runs in the store");
    growth("list", "growth_list.svg",
           "Time of a page of 100 runs of a journey and status against runs in the store");
    ratios();
    return std::move(charts_);
  }

 private:
  // Lines of one engine each: points are (x, y) pairs.
  using Lines = std::map<std::string, std::vector<std::pair<double, double>>>;

  static void add_lines(std::ostringstream& script, const Lines& lines) {
    int n = 0;
    for (const auto& [engine, points] : lines) {
      script << "$d" << n++ << " << EOD\n";
      for (const auto& [x, y] : points) script << x << ' ' << y << '\n';
      script << "EOD\n";
    }
    n = 0;
    for (const auto& [engine, points] : lines) {
      script << (n == 0 ? "plot " : ", ") << "$d" << n << " using 1:2 with linespoints lw "
             << (engine == kOurs ? 3 : 1.6) << " pt 7 ps 0.6 lc rgb '" << colour(engine)
             << "' title '" << engine << "'";
      ++n;
    }
    script << '\n';
  }

  void throughput(const std::string& durability, const char* file, const char* caption) {
    Lines lines;
    std::set<unsigned> callers;
    for (const Key& key : s_.keys("lifecycle")) {
      if (key.durability != durability) continue;
      callers.insert(key.threads);
      for (const std::string& engine : s_.engines(key)) {
        lines[engine].emplace_back(key.threads, s_.spread(key, engine)->median);
      }
    }
    if (callers.size() < 2) return;
    std::ostringstream script;
    script << "set logscale x 2\nset logscale y\nset xlabel 'callers'\nset ylabel 'steps per "
              "second'\nset format y '%.0s %c'\nset xrange [0.9:70]\n";
    add_lines(script, lines);
    charts_.push_back({file, caption, script.str()});
  }

  void quantiles() {
    const Key key{"lifecycle", "durable", 16, 0};
    const std::vector<std::string> engines = s_.engines(key);
    if (engines.empty()) return;
    std::ostringstream script;
    script << "set style data histogram\nset style histogram clustered gap 1\nset style fill solid "
              "0.85 noborder\nset logscale y\nset ylabel 'milliseconds'\nset format y '%g'\n";
    script << "$d << EOD\nq";
    for (const std::string& engine : engines) script << ' ' << engine;
    script << '\n';
    const std::pair<const char*, Metric> rows[] = {{"p50", &Result::p50_us},
                                                   {"p90", &Result::p90_us},
                                                   {"p99", &Result::p99_us},
                                                   {"p99.9", &Result::p999_us}};
    for (const auto& [name, metric] : rows) {
      script << name;
      for (const std::string& engine : engines) {
        script << ' ' << s_.spread(key, engine, metric)->median / 1000;
      }
      script << '\n';
    }
    script << "EOD\n";
    for (std::size_t i = 0; i < engines.size(); ++i) {
      script << (i == 0 ? "plot " : ", ") << "$d using " << i + 2 << (i == 0 ? ":xtic(1)" : "")
             << " lc rgb '" << colour(engines[i]) << "' title '" << engines[i] << "'";
    }
    script << '\n';
    charts_.push_back({"latency_durable_16.svg",
                       "Latency of a durable step with 16 concurrent callers", script.str()});
  }

  void growth(const std::string& workload, const char* file, const char* caption) {
    Lines lines;
    std::set<std::uint64_t> sizes;
    for (const Key& key : s_.keys(workload)) {
      if (key.threads != 1) continue;
      sizes.insert(key.runs);
      for (const std::string& engine : s_.engines(key)) {
        lines[engine].emplace_back(static_cast<double>(key.runs),
                                   1e6 / s_.spread(key, engine)->median);
      }
    }
    if (sizes.size() < 2) return;
    std::ostringstream script;
    script << "set logscale xy\nset xlabel 'runs in the store'\nset ylabel 'microseconds'\n"
              "set format x '%.0s %c'\nset format y '%g'\n";
    add_lines(script, lines);
    charts_.push_back({file, caption, script.str()});
  }

  void ratios() {
    if (!s_.claims_ratios()) return;
    std::ostringstream rows;
    int count = 0;
    std::uint64_t store = 0;
    for (const Key& key : s_.keys("get_recent")) store = std::max(store, key.runs);
    for (const Key& key : s_.keys()) {
      const auto peer = s_.best_peer(key);
      if (!peer || key.workload == "load" || key.workload == "recover") continue;
      if (is_question(key.workload) && key.runs != store) continue;
      const auto ratio = s_.ratio(key, kOurs, key, *peer);
      if (!ratio) continue;
      rows << "\"" << key.workload << ' ' << (key.durability == "relaxed" ? "relaxed " : "")
           << (key.threads > 1 ? "x" + std::to_string(key.threads) + " " : "");
      if (key.runs > 0) rows << short_number(static_cast<double>(key.runs)) << ' ';
      rows << "/ " << *peer << "\" " << ratio->median << ' ' << ratio->least << ' ' << ratio->most
           << '\n';
      ++count;
    }
    if (count == 0) return;
    std::ostringstream script;
    script
        << "set terminal svg size 840," << 90 + 24 * count
        << " noenhanced font 'sans-serif,13' background 'white'\n$d << EOD\n"
        << rows.str() << "EOD\n"
        << "set logscale x 2\nset format x '%g x'\nset yrange [" << count << ":-1]\n"
        << "set style fill solid 0.85 noborder\nset grid xtics\nunset key\nset arrow from 1,-1 to "
           "1,"
        << count << " nohead lc rgb '#333333' lw 1.5\n"
        << "plot $d using (0.5*($2+1)):0:(1):2:($0-0.35):($0+0.35):yticlabels(1) with boxxyerror "
           "lc rgb '#d62728', $d using 2:0:3:4 with xerrorbars pt 0 lc rgb '#333333'\n";
    charts_.push_back({"ratios.svg",
                       "Milepost against the best peer of each workload (median; bars: least and "
                       "most of all rounds; right of 1 is ahead)",
                       script.str()});
  }

  const Summary& s_;
  std::vector<Chart> charts_;
};

bool draw(const Chart& chart, const std::string& directory) {
  std::string script = "/tmp/milepost-chart-XXXXXX";
  const int fd = ::mkstemp(script.data());
  if (fd < 0) return false;
  ::close(fd);
  const std::string out = directory + "/" + chart.file;
  std::ofstream(script) << kTerminal << "set output '" << out << "'\n" << chart.script;
  const bool drawn = std::system(("gnuplot " + script).c_str()) == 0;
  std::filesystem::remove(script);
  return drawn;
}

}  // namespace

std::string draw_charts(const Summary& summary, const std::string& directory) {
  std::filesystem::create_directories(directory);
  std::string markdown;
  for (const Chart& chart : Charts(summary).all()) {
    if (!draw(chart, directory)) {
      std::cerr << "gnuplot could not draw " << chart.file << "; is gnuplot-nox installed?\n";
      continue;
    }
    markdown +=
        "![" + chart.caption + "](charts/" + chart.file + ")\n\n*" + chart.caption + ".*\n\n";
  }
  return markdown.empty() ? "No charts: too few results.\n" : markdown;
}

}  // namespace bench
