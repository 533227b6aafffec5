// SPDX-License-Identifier: Apache-2.0
//
// One look at LMDB's own figures, one at ours in the same transaction.
#include "store/store_stats.hpp"

#include <sys/statvfs.h>
#include <utility>

#include "store/counter_rows.hpp"
#include "store/feed_reader.hpp"

namespace milepost::store {
namespace {

void add_lmdb_figures(const lmdb::EnvStats& env, Stats& stats) {
  stats.map_bytes = env.map_size;
  stats.map_bytes_max = env.map_size_max;
  stats.data_bytes = env.used_bytes;
  stats.free_bytes = env.free_pages * env.page_size;
  stats.readers = env.readers_used;
  stats.readers_max = env.readers_max;
  stats.oldest_reader_pid = env.oldest_reader_pid;
  stats.oldest_reader_lag = env.oldest_reader_lag;
  for (const lmdb::TableStats& table : env.tables) {
    stats.trees.push_back({table.name, table.entries, table.pages * env.page_size, table.depth});
  }
}

}  // namespace

Result<Stats> read_stats(lmdb::Env& env, const StoredRuns& stored, const TableHandles& tables) {
  Stats stats;
  auto figures = env.stats();
  if (!figures) return figures.error();
  add_lmdb_figures(*figures, stats);
  if (struct statvfs space{}; ::statvfs(env.directory().c_str(), &space) == 0) {
    stats.disk_free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
  }
  auto txn = env.begin_read();
  if (!txn) return txn.error();
  auto runs = read_counts(*txn, tables[static_cast<std::size_t>(Table::counters)],
                          CounterScope::everything, Uuid{}, Uuid{});
  if (!runs) return runs.error();
  stats.runs = *runs;
  auto published = stored.applied_sequence(*txn);
  if (!published) return published.error();
  stats.sequence = stats.sequence_synced = stats.sequence_published = *published;
  auto epoch = stored.epoch(*txn);
  if (!epoch) return epoch.error();
  stats.epoch = *epoch;
  auto floor = stored.feed_floor(*txn);
  if (!floor) return floor.error();
  auto first = read_feed_first({.txn = *txn,
                                .changes = tables[static_cast<std::size_t>(Table::changes)],
                                .floor = *floor,
                                .newest = *published});
  if (!first) return first.error();
  stats.feed_first = *first;
  return stats;
}

}  // namespace milepost::store
