// SPDX-License-Identifier: Apache-2.0
//
// Stats as text: gauges, counters, and the histograms as cumulative buckets at powers of two.
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/histogram.hpp"

#include "milepost/stats.hpp"

namespace milepost {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

class Text {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    for (const auto& [word, rest] :
         {std::pair{"# HELP milepost_", help}, {"# TYPE milepost_", type}}) {
      text_.append(word).append(name).append(" ").append(rest).append("\n");
    }
  }
  void value(std::string_view name, std::string_view labels, std::uint64_t number) {
    text_.append("milepost_").append(name).append(labels).append(" ");
    text_.append(std::to_string(number)).append("\n");
  }
  void one(std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t number) {
    head(name, type, help);
    value(name, "", number);
  }
  void seconds(std::string_view name, std::string_view labels, std::uint64_t ns) {
    std::array<char, 48> digits{};
    std::snprintf(digits.data(), digits.size(), "%" PRIu64 ".%09" PRIu64, ns / 1'000'000'000,
                  ns % 1'000'000'000);
    text_.append("milepost_").append(name).append(labels).append(" ");
    text_.append(digits.data()).append("\n");
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Not by printf: a host's locale may write a comma.
std::string seconds_text(std::uint64_t ns) {
  std::array<char, 48> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 static_cast<double>(ns) / 1e9, std::chars_format::general, 9);
  return {digits.data(), end.ptr};
}

/// From a microsecond to the end of the buckets, doubling.
void histogram(Text& text, const std::string& name, std::string_view help,
               const LatencyHistogram& latency) {
  text.head(name, "histogram", help);
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  constexpr std::uint64_t kFirst = 1'024;
  constexpr std::uint64_t kLast = std::uint64_t{1} << 34;
  for (std::uint64_t limit = kFirst; limit <= kLast; limit *= 2) {
    for (; bucket < latency.buckets.size() && core::bucket_end(bucket) <= limit; ++bucket) {
      below += latency.buckets[bucket];
    }
    text.value(name + "_bucket", "{le=\"" + seconds_text(limit) + "\"}", below);
  }
  text.value(name + "_bucket", "{le=\"+Inf\"}", latency.count);
  text.seconds(name + "_sum", "", latency.sum_ns);
  text.value(name + "_count", "", latency.count);
}

void add_runs(Text& text, const Counts& runs) {
  text.head("runs", "gauge", "Published runs by status.");
  for (const RunStatus status : {RunStatus::queued, RunStatus::running, RunStatus::completed,
                                 RunStatus::failed, RunStatus::exited}) {
    text.value("runs", "{status=\"" + std::string(to_string(status)) + "\"}", runs.of(status));
  }
}

void add_sizes(Text& text, const Stats& stats) {
  text.one("map_bytes", "gauge", "Size of the map.", stats.map_bytes);
  text.one("map_bytes_max", "gauge", "Largest size of the map.", stats.map_bytes_max);
  text.one("data_bytes", "gauge", "Size of the data file.", stats.data_bytes);
  text.one("free_bytes", "gauge", "Free pages of the data file.", stats.free_bytes);
  text.one("disk_free_bytes", "gauge", "Left on the file system.", stats.disk_free_bytes);
  text.one("journal_bytes", "gauge", "Size of all journal segments.", stats.journal_bytes);
  text.one("journal_live_bytes", "gauge", "Segments with unpublished effects.",
           stats.journal_live_bytes);
  text.one("recent_runs", "gauge", "Runs in the recent map.", stats.recent_runs);
  text.one("recent_bytes", "gauge", "Memory of the recent map.", stats.recent_bytes);
  text.head("tree_entries", "gauge", "Rows of each tree.");
  for (const TreeStats& tree : stats.trees) {
    text.value("tree_entries", "{tree=\"" + tree.name + "\"}", tree.entries);
  }
  text.head("tree_bytes", "gauge", "Size of each tree.");
  for (const TreeStats& tree : stats.trees) {
    text.value("tree_bytes", "{tree=\"" + tree.name + "\"}", tree.bytes);
  }
}

void add_progress(Text& text, const Stats& stats) {
  text.one("sequence", "gauge", "Last effect acknowledged.", stats.sequence);
  text.one("sequence_synced", "gauge", "Last effect on the disk.", stats.sequence_synced);
  text.one("sequence_published", "gauge", "Last effect published.", stats.sequence_published);
  text.one("feed_first", "gauge", "Oldest change the feed holds.", stats.feed_first);
  text.one("epoch", "gauge", "Openings for writing.", stats.epoch);
  text.one("pending_effects", "gauge", "Effects that wait to be published.", stats.pending);
  text.one("queue_depth", "gauge", "Calls that wait for their commit.", stats.queue_depth);
  text.one("leases", "gauge", "Leases alive or run out.", stats.leases);
  text.one("commands_total", "counter", "Commands answered.", stats.commands);
  text.one("groups_total", "counter", "Commits shared by callers.", stats.groups);
  text.one("publishes_total", "counter", "Batches moved to LMDB.", stats.publishes);
  text.one("publish_failing", "gauge", "1 while publishing fails.",
           stats.last_error.empty() ? 0 : 1);
}

void add_readers(Text& text, const Stats& stats) {
  text.one("readers", "gauge", "Reader slots in use.", stats.readers);
  text.one("readers_max", "gauge", "Reader slots.", stats.readers_max);
  text.one("oldest_reader_pid", "gauge", "Process of the oldest reader.",
           static_cast<std::uint64_t>(stats.oldest_reader_pid));
  text.one("oldest_reader_lag", "gauge", "Commits since the oldest reader began.",
           stats.oldest_reader_lag);
  text.head("oldest_reader_seconds", "gauge", "Age of what the oldest reader keeps.");
  text.seconds("oldest_reader_seconds", "", stats.oldest_reader_ms * kNsPerMs);
  text.one("snapshots", "gauge", "Snapshots alive.", stats.snapshots);
  text.head("oldest_snapshot_seconds", "gauge", "Age of the oldest snapshot.");
  text.seconds("oldest_snapshot_seconds", "", stats.oldest_snapshot_ms * kNsPerMs);
}

}  // namespace

std::uint64_t LatencyHistogram::quantile_ns(double share) const noexcept {
  const double wanted = share * static_cast<double>(count);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    if (below > 0 && static_cast<double>(below) >= wanted) return core::bucket_end(i);
  }
  return 0;
}

std::string to_prometheus(const Stats& stats) {
  Text text;
  add_runs(text, stats.runs);
  add_sizes(text, stats);
  add_readers(text, stats);
  add_progress(text, stats);
  histogram(text, "commit_seconds", "From decision to publication of a group.",
            stats.commit_latency);
  histogram(text, "publish_seconds", "Moving one batch to LMDB.", stats.publish_latency);
  return text.take();
}

}  // namespace milepost
