// SPDX-License-Identifier: Apache-2.0
//
// Tables of RESULTS.md.
#include "bench/report_tables.hpp"

#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>

namespace bench {
namespace {

constexpr const char* kOurs = "milepost";

const std::map<std::string, std::string>& titles() {
  static const std::map<std::string, std::string> all{
      {"lifecycle", "Steps: create, start, complete, each acknowledged"},
      {"ingest_v7", "Ingest, time-ordered ids (batches of 1,000, backlog drained)"},
      {"ingest_v4", "Ingest, random ids (batches of 1,000, backlog drained)"},
      {"get", "Get to JSON, uniform"},
      {"get_recent", "Get to JSON, 90% on the newest 1%"},
      {"get_many", "Get 100 runs at once, runs per second (latency: the whole call)"},
      {"list_writing", "Pages of 100 of a journey's queued runs while 4 callers write"},
      {"mixed", "95% get, 5% step"},
      {"read_alone", "One reader alone"},
      {"read_writing", "One reader while 16 callers write"},
      {"step", "Steps on old runs, scattered"},
      {"recover", "Recovery after a kill: time from open to the first answer"}};
  return all;
}

std::string range(const Spread& s, std::string (*form)(double)) {
  if (s.least == s.most) return form(s.median);
  return form(s.median) + " (" + form(s.least) + " - " + form(s.most) + ")";
}

std::string fixed2(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << value;
  return out.str();
}

void row(std::ostream& out, const Summary& s, const Key& key, const std::string& engine) {
  const auto time = [&](Metric m) { return short_time(s.spread(key, engine, m)->median); };
  out << "| " << key.threads << " | " << marked(s, engine) << " | "
      << range(*s.spread(key, engine), short_number) << " | " << time(&Result::p50_us) << " | "
      << time(&Result::p99_us) << " | " << time(&Result::p999_us) << " | ";
  const auto ratio = s.ratio(key, kOurs, key, engine);
  out << (ratio && engine != kOurs && s.claims_ratios() ? range(*ratio, fixed2) : "") << " |\n";
}

void table(std::ostream& out, const Summary& s, const std::vector<Key>& keys) {
  out << "| callers | engine | per second, median (least - most) | p50 | p99 | p99.9 | milepost is "
         "x times |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n";
  for (const Key& key : keys) {
    for (const std::string& engine : s.engines(key)) row(out, s, key, engine);
  }
  out << '\n';
}

void recover_table(std::ostream& out, const Summary& s, const Key& key) {
  out << "| engine | time to the first answer, median (least - most) | on disk at the kill | steps "
         "before it |\n| --- | ---: | ---: | ---: |\n";
  for (const std::string& engine : s.engines(key)) {
    out << "| " << marked(s, engine) << " | "
        << range(*s.spread(key, engine, &Result::p50_us), short_time) << " | "
        << short_number(s.extra(key, engine, "log_mib").value_or(0)) << " MiB | "
        << short_number(s.extra(key, engine, "steps").value_or(0)) << " |\n";
  }
  out << '\n';
}

void storage_table(std::ostream& out, const Summary& s) {
  const std::vector<Key> loads = s.keys("load");
  if (loads.empty()) return;
  const Key key = *std::max_element(loads.begin(), loads.end(),
                                    [](const Key& a, const Key& b) { return a.runs < b.runs; });
  Key get = key;
  get.workload = "get";
  out << "### Space and memory at " << key.runs << " runs\n\n"
      << "| engine | bytes per run on disk | own memory after reads | largest resident size | "
         "server |\n| --- | ---: | ---: | ---: | ---: |\n";
  for (const std::string& engine : s.engines(key)) {
    const Key& source = s.spread(get, engine) ? get : key;
    const auto mib = [&](Metric m) {
      return short_number(s.spread(source, engine, m)->median) + " MiB";
    };
    out << "| " << marked(s, engine) << " | "
        << short_number(s.spread(key, engine, &Result::bytes_per_run)->median) << " | "
        << mib(&Result::own_memory_mib) << " | " << mib(&Result::peak_memory_mib) << " | "
        << mib(&Result::server_memory_mib) << " |\n";
  }
  out << '\n';
}

void not_run(std::ostream& out, const Summary& s) {
  bool any = false;
  for (const Result& r : s.all().results) {
    if (r.error.empty()) continue;
    if (!any) out << "### Not run\n\n";
    any = true;
    out << "- " << r.workload << ", " << r.engine << ", " << r.threads << " callers, "
        << r.durability << ": " << r.error << '\n';
  }
  if (any) out << '\n';
}

/// One line of the table of goals.
struct Goal {
  std::string what;
  std::string against;
  double target;  ///< 0: none, shown for comparison.
  bool at_least;
  std::optional<Spread> reached;
};

class Goals {
 public:
  explicit Goals(const Summary& s) : s_(s) {}

  [[nodiscard]] std::vector<Goal> all() {
    steps();
    ingest();
    reads();
    growth();
    return std::move(goals_);
  }

 private:
  void add(std::string what, std::string against, double target, bool at_least,
           std::optional<Spread> reached) {
    goals_.push_back({std::move(what), std::move(against), target, at_least, reached});
  }
  void versus(const std::string& what, const Key& key, const std::string& engine, double target) {
    add(what, engine, target, true, s_.ratio(key, kOurs, key, engine));
  }
  void versus_best(const std::string& what, const Key& key, double target) {
    const auto peer = s_.best_peer(key);
    if (peer) {
      versus(what, key, *peer, target);
      goals_.back().against += " (the best peer)";
    }
  }
  // The largest data set a workload was run on.
  [[nodiscard]] std::optional<Key> largest(const std::string& workload) const {
    std::optional<Key> best;
    for (const Key& key : s_.keys(workload)) {
      if (!best || key.runs > best->runs) best = key;
    }
    return best;
  }

  void steps() {
    const Key one{"lifecycle", "durable", 1, 0};
    versus("durable step, 1 caller", one, "disk", 0.9);
    versus("durable step, 1 caller", one, "sqlite", 1.4);
    versus("durable step, 1 caller", one, "rocksdb", 1.5);
    for (const auto& [callers, target] : {std::pair{16u, 2.5}, std::pair{64u, 5.0}}) {
      const Key key{"lifecycle", "durable", callers, 0};
      const std::string what = "durable step, " + std::to_string(callers) + " callers";
      versus_best(what, key, target);
      const auto peer = s_.best_peer(key);
      if (peer) {
        add(what + ": p99", *peer, 1, false, s_.ratio(key, kOurs, key, *peer, &Result::p99_us));
      }
      if (const auto helped = s_.best_helped(key)) {
        versus(what, key, *helped, 0);
        goals_.back().against += ", whose callers share commits through this harness";
      }
    }
    versus_best("relaxed step, 1 caller", {"lifecycle", "relaxed", 1, 0}, 3.5);
  }

  void ingest() {
    for (const auto& [name, target] : {std::pair{"ingest_v7", 3.0}, std::pair{"ingest_v4", 2.0}}) {
      const auto key = largest(name);
      if (key) versus_best(name + (", " + std::to_string(key->runs) + " runs"), *key, target);
    }
  }

  void reads() {
    const Key get{"get", "durable", 1, store_runs()};
    versus("get, uniform", get, "lmdb_raw", 0.8);
    versus("get, uniform", get, "sqlite", 4);
    versus("get, uniform", get, "rocksdb", 2.5);
    versus("get, uniform", get, "redis", 20);
    versus("get, uniform", get, "postgres", 20);
    const Key recent{"get_recent", "durable", 1, get.runs};
    add("get, 90% on the newest 1%", "lmdb_raw, uniform", 2.5, true,
        s_.ratio(recent, kOurs, get, "lmdb_raw"));
    const Key many{"get_many", "durable", 1, get.runs};
    add("get_many of 100, per run", "its own single gets", 1 / 0.6, true,
        s_.ratio(many, kOurs, get, kOurs));
    const Key alone{"read_alone", "durable", 1, get.runs};
    const Key writing{"read_writing", "durable", 16, get.runs};
    add("reads while 16 callers write", "its own reads alone", 0.8, true,
        s_.ratio(writing, kOurs, alone, kOurs));
  }

  void growth() {
    for (const auto& [name, target] : {std::pair{"step", 1.5}, std::pair{"get", 3.0}}) {
      const std::vector<Key> keys = s_.keys(name);
      if (keys.size() < 2) continue;
      add(std::string("time of a ") + name + " at " + std::to_string(keys.back().runs) + " runs",
          "the same at " + std::to_string(keys.front().runs), target, false,
          s_.ratio(keys.front(), kOurs, keys.back(), kOurs));
    }
  }

  // The store that all read workloads share is the one get_recent ran on.
  [[nodiscard]] std::uint64_t store_runs() const {
    const auto key = largest("get_recent");
    return key ? key->runs : 0;
  }

  const Summary& s_;
  std::vector<Goal> goals_;
};

// One row for each run of the suite whose results are shown.
void run_row(std::ostream& out, const Setup& s) {
  out << "| run | " << s.mode << ": " << s.rounds << (s.rounds == 1 ? " round of " : " rounds of ")
      << s.seconds << " s, seed " << s.seed << ", " << s.date << " |\n";
}

}  // namespace

std::string marked(const Summary& summary, const std::string& engine) {
  const std::string kind = summary.kind(engine);
  if (kind == "ours") return "**" + engine + "**";
  if (kind == "floor") return "*" + engine + "* (floor)";
  if (kind == "unsafe") return "*" + engine + "* (unsafe)";
  if (kind == "helped") return engine + " (helped)";
  return engine;
}

std::string readme_text(const Summary& summary, const std::string& charts) {
  const Setup& s = summary.setup();
  std::ostringstream out;
  out << "Measured on " << s.date << ", " << s.cpu << ", " << s.cores << " cores, " << s.file_system
      << "; setup, method, all tables and what we lose at: "
      << "[bench/RESULTS.md](bench/RESULTS.md).\n\n"
      << "![Durable steps per second by concurrent callers](" << charts << "/steps_durable.svg)\n\n"
      << "![Milepost against the best peer of each workload](" << charts << "/ratios.svg)\n";
  return out.str();
}

std::string setup_text(const Summary& summary) {
  const Setup& s = summary.setup();
  std::ostringstream out;
  out << "| | |\n| --- | --- |\n"
      << "| processor | " << s.cpu << ", " << s.cores << " cores |\n"
      << "| memory | " << short_number(s.memory_gib) << " GiB |\n"
      << "| system | " << s.kernel << ", " << s.file_system << ", " << s.compiler << " |\n";
  run_row(out, s);
  for (const Setup& other : summary.all().more) run_row(out, other);
  out << "\n| engine | version | settings |\n| --- | --- | --- |\n";
  for (const auto& engine : s.engines) {
    out << "| " << marked(summary, engine.at(0)) << " | " << engine.at(1) << " | " << engine.at(2)
        << " |\n";
  }
  return out.str();
}

std::string goals_text(const Summary& summary) {
  if (!summary.claims_ratios()) {
    return "One short round claims no ratios; run the suite without `--quick`.\n";
  }
  std::ostringstream out;
  out << "| what | against | goal | reached, median (least - most) | |\n"
         "| --- | --- | ---: | ---: | --- |\n";
  for (const Goal& goal : Goals(summary).all()) {
    out << "| " << goal.what << " | " << goal.against << " | ";
    if (goal.target > 0) out << (goal.at_least ? ">= " : "<= ") << fixed2(goal.target) << " x";
    out << " | ";
    if (!goal.reached) {
      out << "not measured | |\n";
      continue;
    }
    const double median = goal.reached->median;
    const bool met = goal.at_least ? median >= goal.target : median <= goal.target;
    const char* const verdict = goal.target == 0 ? "" : met ? "met" : "**missed**";
    out << range(*goal.reached, fixed2) << " | " << verdict << " |\n";
  }
  return out.str();
}

std::string tables_text(const Summary& summary) {
  std::ostringstream out;
  // Cells that differ only in their callers share a table.
  for (const Key& first : summary.keys()) {
    const auto title = titles().find(first.workload);
    if (title == titles().end()) continue;
    std::vector<Key> group;
    for (const Key& key : summary.keys(first.workload)) {
      if (key.durability == first.durability && key.runs == first.runs) group.push_back(key);
    }
    if (!(group.front() == first)) continue;
    out << "### " << title->second << " (" << first.durability;
    if (first.runs > 0) out << ", " << first.runs << " runs";
    out << ")\n\n";
    if (first.workload == "recover") {
      recover_table(out, summary, first);
    } else {
      table(out, summary, group);
    }
  }
  storage_table(out, summary);
  not_run(out, summary);
  return out.str();
}

}  // namespace bench
