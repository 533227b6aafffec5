// SPDX-License-Identifier: Apache-2.0
//
// milepost_stats: what an operator wants to know.
#include "capi/guard.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

/// The numbers of one histogram.
void put_latency(const LatencyHistogram& from, std::uint64_t& count, std::uint64_t& sum_ns,
                 std::uint64_t& p50_ns, std::uint64_t& p99_ns, std::uint64_t& p999_ns) noexcept {
  count = from.count;
  sum_ns = from.sum_ns;
  p50_ns = from.quantile_ns(0.5);
  p99_ns = from.quantile_ns(0.99);
  p999_ns = from.quantile_ns(0.999);
}

milepost_stats_values to_values(const Stats& from) noexcept {
  milepost_stats_values made{};
  made.trees = static_cast<std::uint32_t>(from.trees.size());
  made.queued = from.runs.queued;
  made.running = from.runs.running;
  made.completed = from.runs.completed;
  made.failed = from.runs.failed;
  made.exited = from.runs.exited;
  made.map_bytes = from.map_bytes;
  made.map_bytes_max = from.map_bytes_max;
  made.data_bytes = from.data_bytes;
  made.free_bytes = from.free_bytes;
  made.disk_free_bytes = from.disk_free_bytes;
  made.journal_bytes = from.journal_bytes;
  made.journal_live_bytes = from.journal_live_bytes;
  made.recent_runs = from.recent_runs;
  made.recent_bytes = from.recent_bytes;
  made.readers = from.readers;
  made.readers_max = from.readers_max;
  made.oldest_reader_pid = from.oldest_reader_pid;
  made.oldest_reader_lag = from.oldest_reader_lag;
  made.snapshots = from.snapshots;
  made.sequence = from.sequence;
  made.sequence_synced = from.sequence_synced;
  made.sequence_published = from.sequence_published;
  made.feed_first = from.feed_first;
  made.epoch = from.epoch;
  made.pending = from.pending;
  made.leases = from.leases;
  made.commands = from.commands;
  made.groups = from.groups;
  made.publishes = from.publishes;
  put_latency(from.commit_latency, made.commit_count, made.commit_sum_ns, made.commit_p50_ns,
              made.commit_p99_ns, made.commit_p999_ns);
  put_latency(from.publish_latency, made.publish_count, made.publish_sum_ns, made.publish_p50_ns,
              made.publish_p99_ns, made.publish_p999_ns);
  made.last_error = to_text(from.last_error);
  made.oldest_reader_ms = from.oldest_reader_ms;
  made.oldest_snapshot_ms = from.oldest_snapshot_ms;
  made.queue_depth = from.queue_depth;
  return made;
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_tracker_stats(milepost_tracker tracker, milepost_stats* stats,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, stats, [&](TrackerObject& object) -> milepost::Result<void> {
      auto found = object.tracker.stats();
      if (!found) return found.error();
      auto made = std::make_unique<StatsObject>();
      made->prometheus = milepost::to_prometheus(*found);
      made->stats = std::move(*found);
      hand_out(stats, made);
      return {};
    });
  });
}

milepost_status milepost_stats_get(milepost_stats stats, milepost_stats_values* values,
                                   milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(stats, [&](const StatsObject& object) -> milepost::Result<void> {
      if (auto ok = check_out(values, "values"); !ok) return ok;
      write_sized(values, to_values(object.stats));
      return {};
    });
  });
}

milepost_status milepost_stats_tree(milepost_stats stats, size_t index, milepost_tree_stats* tree,
                                    milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(stats, [&](const StatsObject& object) -> milepost::Result<void> {
      if (auto ok = check_out(tree, "tree"); !ok) return ok;
      if (index >= object.stats.trees.size()) {
        return no_such_index(index, object.stats.trees.size());
      }
      const milepost::TreeStats& from = object.stats.trees[index];
      write_sized(tree,
                  milepost_tree_stats{0, from.depth, from.entries, from.bytes, to_text(from.name)});
      return {};
    });
  });
}

milepost_status milepost_stats_prometheus(milepost_stats stats, milepost_text* text,
                                          milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(stats, [&](const StatsObject& object) -> milepost::Result<void> {
      if (text == nullptr) return null_argument("text");
      *text = to_text(object.prometheus);
      return {};
    });
  });
}

void milepost_stats_free(milepost_stats stats) noexcept { release(stats); }
