// SPDX-License-Identifier: Apache-2.0
//
// What an operator is told: figures that fit what was done, and a text that Prometheus reads.
#include <algorithm>
#include <clocale>
#include <map>
#include <regex>
#include <sstream>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::ok;
using test::request;

TEST_CASE("the figures fit what was done", "[api][stats]") {
  DirectoryBed bed;
  Tracker& tracker = bed.tracker();
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) test::bring(tracker, id(++number), status);
  CHECK_FALSE(tracker.exit(id(5)).value().applied());
  REQUIRE(ok(tracker.flush()));
  const Stats stats = tracker.stats().value();
  CHECK(stats.runs == Counts{1, 1, 1, 1, 1});
  CHECK(stats.sequence == 10);
  CHECK(stats.sequence_synced == 10);
  CHECK(stats.sequence_published == 10);
  CHECK(stats.feed_first == 1);
  CHECK(stats.epoch == 1);
  CHECK(stats.pending == 0);
  CHECK(stats.queue_depth == 0);
  CHECK(stats.commands == 11);
  CHECK(stats.groups == 11);
  CHECK(stats.commit_latency.count == 11);
  CHECK(stats.commit_latency.quantile_ns(0.5) > 0);
  CHECK(stats.publishes >= 1);
  CHECK(stats.publish_latency.count == stats.publishes);
  CHECK(stats.map_bytes >= kMapSizeMin);
  CHECK(stats.map_bytes <= stats.map_bytes_max);
  CHECK(stats.data_bytes <= stats.map_bytes);
  CHECK(stats.free_bytes < stats.data_bytes);
  CHECK(stats.disk_free_bytes > 0);
  CHECK(stats.journal_bytes >= stats.journal_live_bytes);
  CHECK(stats.recent_runs == 5);
  CHECK(stats.recent_bytes > 0);
  CHECK(stats.readers_max == bed.options().readers_max);
  CHECK(stats.last_error.empty());
  std::map<std::string, std::uint64_t> entries;
  for (const TreeStats& tree : stats.trees) {
    entries[tree.name] = tree.entries;
    CHECK((tree.bytes > 0) == (tree.entries > 0));
    CHECK((tree.depth > 0) == (tree.entries > 0));
  }
  CHECK(entries["runs"] == 5);
  CHECK(entries["by_journey"] == 5);
  CHECK(entries["by_completed"] == 3);
  CHECK(entries["running"] == 1);
  CHECK(entries["keys"] == 0);
  CHECK(entries.size() == 10);
}

TEST_CASE("what waits to be published is told, and the opening's number", "[api][stats]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  bed.reopen();
  bed.tracker().create(request(id(1))).value().require_applied();
  bed.tracker().start(id(1), {.lease = milliseconds(500)}).value().require_applied();
  const Stats stats = bed.tracker().stats().value();
  CHECK(stats.pending == 2);
  CHECK(stats.sequence == 2);
  CHECK(stats.sequence_published == 0);
  CHECK(stats.runs.total() == 0);
  CHECK(stats.journal_live_bytes > 0);
  CHECK(stats.leases == 1);
  CHECK(stats.epoch == 2);
}

TEST_CASE("snapshots are counted and the oldest one's age told, with who reads what is old",
          "[api][stats]") {
  auto now = std::make_shared<std::atomic<std::int64_t>>(1'000'000);
  DirectoryBed bed([now](OpenOptions& options) {
    options.steady_clock = [now] {
      return std::chrono::steady_clock::time_point(milliseconds(now->load()));
    };
  });
  Tracker& tracker = bed.tracker();
  CHECK(tracker.stats().value().snapshots == 0);
  CHECK(tracker.stats().value().oldest_snapshot_ms == 0);
  tracker.create(request(id(1))).value().require_applied();
  {
    const auto snapshot = tracker.snapshot().value();
    CHECK(tracker.stats().value().oldest_reader_lag == 0);
    CHECK(tracker.stats().value().oldest_reader_ms == 0);
    *now += 300;
    const auto later = tracker.snapshot().value();
    *now += 40;
    for (std::uint64_t run = 2; run < 5; ++run) {
      tracker.create(request(id(run))).value().require_applied();
      REQUIRE(ok(tracker.flush()));
    }
    const Stats stats = tracker.stats().value();
    CHECK(stats.snapshots == 2);
    CHECK(stats.oldest_snapshot_ms == 340);
    CHECK(stats.oldest_reader_pid == ::getpid());
    CHECK(stats.oldest_reader_lag == 3);
  }
  CHECK(tracker.stats().value().snapshots == 0);
}

TEST_CASE("a reader's figures are those of what is published", "[api][stats][read_only]") {
  DirectoryBed bed;
  test::bring(bed.tracker(), id(1), RunStatus::running);
  bed.reopen(true);
  const Stats stats = bed.tracker().stats().value();
  CHECK(stats.runs.running == 1);
  CHECK(stats.sequence_published == 2);
  CHECK(stats.sequence == 2);
  CHECK(stats.epoch == 1);
  CHECK(stats.commands == 0);
  REQUIRE(ok(bed.tracker().close()));
  CHECK(code_of(bed.tracker().stats()) == Errc::closed);
}

// --- the text -----------------------------------------------------------------------------------

struct Metric {
  std::string type;
  std::string help;
  std::vector<std::pair<std::string, double>> samples;  ///< Suffix and labels, value.
};

/// Reads the text format strictly: HELP and TYPE once and first, then samples of that name.
std::map<std::string, Metric> parse(const std::string& text) {
  const std::regex head("# (HELP|TYPE) (milepost_[a-z0-9_]+) (.+)");
  const std::regex sample(R"((milepost_[a-z0-9_]+)(\{[a-z]+="[^"\\]*"\})? ([0-9.e+-]+))");
  std::map<std::string, Metric> metrics;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    CAPTURE(line);
    if (std::regex_match(line, parts, head)) {
      Metric& metric = metrics[parts[2]];
      std::string& field = parts[1] == "HELP" ? metric.help : metric.type;
      REQUIRE(field.empty());
      REQUIRE(metric.samples.empty());
      field = parts[3];
      current = parts[2];
      continue;
    }
    REQUIRE(std::regex_match(line, parts, sample));
    const std::string name = parts[1];
    REQUIRE(name.rfind(current, 0) == 0);
    Metric& metric = metrics[current];
    const std::string suffix = name.substr(current.size());
    const bool histogram = metric.type == "histogram";
    REQUIRE((suffix.empty() ||
             (histogram && (suffix == "_bucket" || suffix == "_sum" || suffix == "_count"))));
    const std::string key = suffix + std::string(parts[2]);
    for (const auto& [other, value] : metric.samples) REQUIRE(other != key);
    std::istringstream digits(parts[3]);
    digits.imbue(std::locale::classic());
    double value = 0;
    REQUIRE(digits >> value);
    metric.samples.emplace_back(key, value);
  }
  return metrics;
}

double value_of(const Metric& metric, const std::string& key) {
  for (const auto& [name, value] : metric.samples) {
    if (name == key) return value;
  }
  return -1;
}

void check_histogram(const Metric& metric, const LatencyHistogram& latency) {
  CHECK(metric.type == "histogram");
  double last_limit = 0;
  double last = 0;
  std::size_t buckets = 0;
  for (const auto& [key, value] : metric.samples) {
    if (key.rfind("_bucket", 0) != 0) continue;
    ++buckets;
    CHECK(value >= last);
    last = value;
    const std::string limit = key.substr(12, key.size() - 14);
    if (limit == "+Inf") continue;
    std::istringstream digits(limit);
    digits.imbue(std::locale::classic());
    double number = 0;
    REQUIRE(digits >> number);
    CHECK(number > last_limit);
    last_limit = number;
  }
  CHECK(buckets == 26);
  CHECK(value_of(metric, "_bucket{le=\"+Inf\"}") == static_cast<double>(latency.count));
  CHECK(value_of(metric, "_count") == static_cast<double>(latency.count));
  CHECK(value_of(metric, "_sum") == Approx(static_cast<double>(latency.sum_ns) / 1e9));
}

TEST_CASE("the text for Prometheus says what the stats say", "[api][stats][prometheus]") {
  DirectoryBed bed;
  for (std::uint64_t run = 0; run < 20; ++run) {
    test::bring(bed.tracker(), id(run), RunStatus::failed);
  }
  REQUIRE(ok(bed.tracker().flush()));
  Stats stats = bed.tracker().stats().value();
  stats.oldest_reader_ms = 1'500;
  const std::string text = to_prometheus(stats);
  CHECK(text.back() == '\n');
  const auto metrics = parse(text);
  for (const auto& [name, metric] : metrics) {
    CAPTURE(name);
    CHECK_FALSE(metric.help.empty());
    CHECK_FALSE(metric.samples.empty());
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    CHECK(total == (metric.type == "counter"));
  }
  const auto one = [&](const char* name) { return value_of(metrics.at(name), ""); };
  CHECK(value_of(metrics.at("milepost_runs"), "{status=\"failed\"}") == 20);
  CHECK(one("milepost_sequence") == 40);
  CHECK(one("milepost_commands_total") == 40);
  CHECK(one("milepost_oldest_reader_seconds") == 1.5);
  CHECK(one("milepost_publish_failing") == 0);
  CHECK(value_of(metrics.at("milepost_tree_entries"), "{tree=\"runs\"}") == 20);
  check_histogram(metrics.at("milepost_commit_seconds"), stats.commit_latency);
  check_histogram(metrics.at("milepost_publish_seconds"), stats.publish_latency);
  stats.last_error = "disk_full";
  CHECK(value_of(parse(to_prometheus(stats)).at("milepost_publish_failing"), "") == 1);
}

TEST_CASE("a host that writes a decimal comma gets the same text", "[api][stats][prometheus]") {
  const Stats stats;
  const std::string text = to_prometheus(stats);
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  bool found = false;
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"}) {
    found = found || std::setlocale(LC_NUMERIC, name) != nullptr;
  }
  if (!found) {
    WARN("not run: no locale with a decimal comma is installed");
    return;
  }
  const std::string same = to_prometheus(stats);
  std::setlocale(LC_NUMERIC, before.c_str());
  CHECK(same == text);
}

}  // namespace
}  // namespace milepost
