// SPDX-License-Identifier: Apache-2.0
//
// What an operator wants to know of an open store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "milepost/export.hpp"
#include "milepost/list.hpp"

namespace milepost {

/// Durations in log-linear buckets; the error of a quantile is below 1/16. Plain value.
struct MILEPOST_EXPORT LatencyHistogram {
  static constexpr std::size_t kBuckets = 512;
  std::array<std::uint64_t, kBuckets> buckets{};
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;

  /// The duration in ns below which this share (0 to 1) of them lies; 0 if there are none.
  [[nodiscard]] std::uint64_t quantile_ns(double share) const noexcept;
};

/// One tree of the store.
struct TreeStats {
  std::string name;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint32_t depth = 0;
};

/// Plain value. Times are since the tracker was opened, counts of effects since the store was made.
struct Stats {
  Counts runs;  ///< Published.

  std::uint64_t map_bytes = 0;           ///< The map's present size.
  std::uint64_t map_bytes_max = 0;       ///< And its cap.
  std::uint64_t data_bytes = 0;          ///< Of the data file, free pages among them.
  std::uint64_t free_bytes = 0;          ///< Pages of it that are free to be used again.
  std::uint64_t disk_free_bytes = 0;     ///< Left on the file system, for this user.
  std::uint64_t journal_bytes = 0;       ///< All segments.
  std::uint64_t journal_live_bytes = 0;  ///< Segments whose effects are not all published.
  std::uint64_t recent_runs = 0;         ///< In the recent map.
  std::uint64_t recent_bytes = 0;
  std::vector<TreeStats> trees;

  std::uint32_t readers = 0;  ///< Reader slots in use, over all processes.
  std::uint32_t readers_max = 0;
  std::int64_t oldest_reader_pid = 0;   ///< 0 if nobody reads.
  std::uint64_t oldest_reader_lag = 0;  ///< Commits made since the oldest reader began.
  /// How long ago what the oldest reader sees was replaced: since then freed pages wait for it. At
  /// least, if that is some thousand commits ago; 0 in a read-only tracker.
  std::uint64_t oldest_reader_ms = 0;
  std::uint64_t snapshots = 0;  ///< Snapshots of this tracker that are alive.
  std::uint64_t oldest_snapshot_ms = 0;

  std::uint64_t sequence = 0;            ///< Of the last effect acknowledged.
  std::uint64_t sequence_synced = 0;     ///< On the disk.
  std::uint64_t sequence_published = 0;  ///< In LMDB.
  std::uint64_t feed_first = 0;          ///< The oldest change the feed holds; 0: none.
  std::uint64_t epoch = 0;               ///< How many times the store was opened for writing.
  std::uint64_t pending = 0;             ///< Effects that wait to be published.
  std::uint64_t queue_depth = 0;         ///< Calls that wait for their commit.
  std::uint64_t leases = 0;

  std::uint64_t commands = 0;  ///< Answered, refusals among them.
  std::uint64_t groups = 0;    ///< Journal groups: commits shared by callers.
  std::uint64_t publishes = 0;
  LatencyHistogram commit_latency;   ///< Of a group: decide, append, sync, publish.
  LatencyHistogram publish_latency;  ///< Of moving one batch to LMDB.
  std::string last_error;            ///< Of publishing, while it lasts.
};

/// The text format of Prometheus, version 0.0.4; names begin with `milepost_`.
[[nodiscard]] MILEPOST_EXPORT std::string to_prometheus(const Stats& stats);

}  // namespace milepost
