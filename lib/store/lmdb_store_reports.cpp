// SPDX-License-Identifier: Apache-2.0
//
// The calls of LmdbStore that ask about many runs, wait, or look at the store as a whole.
#include <algorithm>
#include <chrono>

#include "core/state.hpp"
#include "store/backup.hpp"
#include "store/lmdb_store.hpp"
#include "store/store_stats.hpp"
#include "store/verify_store.hpp"

namespace milepost::store {

Result<std::unique_ptr<View>> LmdbStore::view(Freshness freshness, Deadline deadline) const {
  if (auto refused = refusal(); !refused) return refused.error();
  if (freshness == Freshness::latest) {
    if (auto named = check_names(); !named) return named.error();
    if (auto published = applier_.publish(deadline); !published) return published.error();
  }
  auto opened = LmdbView::open(*env_, stored_, tables_, views_, deadline);
  if (opened || opened.error().code != Errc::needs_reopen) return opened;
  // LMDB gave its handle up after a failed write; the file is whole.
  if (auto reopened = env_->reopen(); !reopened) return reopened.error();
  return LmdbView::open(*env_, stored_, tables_, views_, deadline);
}

/// In relaxed mode what a power cut could still take back has not happened yet for those who wait.
Result<bool> LmdbStore::wait_final(const Uuid& run_id, const Uuid& organization_id,
                                   Deadline deadline, RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  using Look = Wakeups::Look;
  bool exists = false;
  const auto look = [&]() -> Result<Look> {
    Look seen = Look::ready;
    exists = false;
    auto found = visit_latest(run_id, [&](std::uint64_t sequence, const core::RecordView* record) {
      // Another organization's run is as good as none.
      if (record != nullptr && record->organization_id != organization_id) return;
      exists = record != nullptr;
      if (exists && !core::is_final(record->status)) {
        seen = Look::not_yet;
      } else if (sequence > journal_->synced_sequence()) {
        seen = Look::not_synced;
      } else if (exists) {
        visit(*record);
      }
    });
    if (!found) return found.error();
    return seen;
  };
  if (auto waited = wakeups_.wait_for_run(run_id, deadline, look); !waited) return waited.error();
  return exists;
}

Result<std::uint64_t> LmdbStore::wait_published(std::uint64_t sequence, Deadline deadline,
                                                const std::atomic<bool>& cancelled) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return wakeups_.wait_published(sequence, deadline, cancelled);
}

Result<std::vector<Uuid>> LmdbStore::expired_leases(std::size_t limit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return leases_.expired(limit);
}

Result<void> LmdbStore::publish(Deadline deadline) {
  if (auto refused = refusal(); !refused) return refused;
  if (auto named = check_names(); !named) return named;
  return applier_.publish(deadline);
}

Result<std::uint64_t> LmdbStore::unpublished() const {
  if (auto refused = refusal(); !refused) return refused.error();
  return applier_.pending_count();
}

namespace {

std::uint64_t milliseconds_of(ViewRegistry::Clock::duration age) noexcept {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(age);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, whole.count()));
}

}  // namespace

Result<Stats> LmdbStore::stats() const {
  if (auto refused = refusal(); !refused) return refused.error();
  auto stats = read_stats(*env_, stored_, tables_);
  if (!stats) return stats;
  stats->journal_bytes = journal_->bytes_total();
  stats->journal_live_bytes = journal_->bytes_live();
  stats->recent_runs = recent_.size();
  stats->recent_bytes = recent_.bytes();
  stats->snapshots = views_->held();
  stats->oldest_snapshot_ms = milliseconds_of(views_->oldest_age());
  stats->oldest_reader_ms =
      milliseconds_of(commit_times_.age(stats->oldest_reader_lag, ViewRegistry::Clock::now()));
  stats->sequence = journal_->next_sequence() - 1;
  stats->sequence_synced = journal_->synced_sequence();
  stats->pending = applier_.pending_count();
  stats->queue_depth = queue_.depth();
  stats->leases = leases_.size();
  stats->commands = commands_.load(std::memory_order_relaxed);
  stats->commit_latency = commit_latency_.read();
  stats->publish_latency = publish_latency_.read();
  stats->groups = stats->commit_latency.count;
  stats->publishes = stats->publish_latency.count;
  if (const auto trouble = applier_.trouble()) stats->last_error = to_string(*trouble);
  return stats;
}

Result<VerifyReport> LmdbStore::verify(const VerifyOptions& options) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return verify_open_store(*env_, options);
}

Result<BackupReport> LmdbStore::backup(const std::string& to, const BackupOptions& options) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return copy_store(*env_, to, options);
}

}  // namespace milepost::store
