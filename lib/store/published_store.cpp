// SPDX-License-Identifier: Apache-2.0
//
// Reads straight from LMDB; every command is refused.
#include "store/published_store.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <vector>

#include "core/state.hpp"
#include "journal/journal.hpp"
#include "lmdb/fork_guard.hpp"
#include "store/backup.hpp"
#include "store/clock.hpp"
#include "store/refusals.hpp"
#include "store/store_stats.hpp"
#include "store/verify_store.hpp"

namespace milepost::store {
namespace {

constexpr int kReplayTriesMax = 100;

Error read_only_error() {
  return Error{.code = Errc::read_only,
               .message = "The tracker was opened read-only.",
               .advice = "Open it without read_only, or send commands to the process that writes."};
}

Error late_error() {
  return Error{.code = Errc::busy,
               .retry_safe = true,
               .message = "The deadline passed before what was waited for was published.",
               .advice = "Wait again, or with a later deadline."};
}

}  // namespace

Result<std::unique_ptr<Store>> PublishedStore::open(std::unique_ptr<lmdb::Env> env,
                                                    const OpenOptions& options) {
  auto stored = StoredRuns::make(*env);
  if (!stored) return stored.error();
  auto tables = open_tables(*env);
  if (!tables) return tables.error();
  return std::unique_ptr<Store>(new PublishedStore(std::move(env), *stored, *tables, options));
}

PublishedStore::PublishedStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored,
                               const TableHandles& tables, const OpenOptions& options)
    : fork_generation_(lmdb::fork_generation()),
      env_(std::move(env)),
      stored_(stored),
      tables_(tables),
      views_(std::make_shared<ViewRegistry>(options.snapshot_age_max, steady_clock(options))) {}

Result<void> PublishedStore::refusal() const {
  if (forked()) return forked_error();
  if (closed_.load(std::memory_order_acquire)) return closed_error();
  return {};
}

Result<void> PublishedStore::apply(std::span<const ResolvedCommand>, Deadline, std::span<Outcome>) {
  if (forked()) return forked_error();
  return read_only_error();
}

Result<bool> PublishedStore::find(const Uuid& run_id, RecordVisitor visit) const {
  return stored_.visit(run_id, visit);
}

Result<void> PublishedStore::find_many(std::span<const Uuid> run_ids,
                                       IndexedRecordVisitor visit) const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  std::vector<std::size_t> indexes(run_ids.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  return visit_in_order(stored_, *txn, run_ids, indexes, visit);
}

Result<std::unique_ptr<View>> PublishedStore::view(Freshness, Deadline deadline) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return LmdbView::open(*env_, stored_, tables_, views_, deadline);
}

Result<CommitWatch*> PublishedStore::watch() const {
  const std::lock_guard lock(watch_mutex_);
  if (!watch_) {
    auto opened = CommitWatch::open(env_->directory() + "/" + std::string(lmdb::kDataFile));
    if (!opened) return opened.error();
    watch_ = std::move(*opened);
  }
  return watch_.get();
}

Result<void> PublishedStore::wait(Deadline deadline, core::FunctionRef<Result<bool>()> done) const {
  if (auto refused = refusal(); !refused) return refused;
  auto watch = this->watch();
  if (!watch) return watch.error();
  for (bool late = false;;) {
    const std::uint64_t told = (*watch)->told();
    if (auto refused = refusal(); !refused) return refused;
    auto ready = done();
    if (!ready) return ready.error();
    if (*ready) return {};
    if (late) return late_error();
    auto woken = (*watch)->wait(told, deadline);
    if (!woken) return woken.error();
    late = !*woken;
  }
}

Result<bool> PublishedStore::wait_final(const Uuid& run_id, const Uuid& organization_id,
                                        Deadline deadline, RecordVisitor visit) const {
  bool exists = false;
  auto waited = wait(deadline, [&]() -> Result<bool> {
    bool final = false;
    exists = false;
    auto found = find(run_id, [&](const core::RecordView& record) {
      exists = record.organization_id == organization_id;
      final = exists && core::is_final(record.status);
      if (final) visit(record);
    });
    if (!found) return found;
    return final || !exists;
  });
  if (!waited) return waited.error();
  return exists;
}

Result<std::uint64_t> PublishedStore::wait_published(std::uint64_t sequence, Deadline deadline,
                                                     const std::atomic<bool>& cancelled) const {
  std::uint64_t published = 0;
  auto waited = wait(deadline, [&]() -> Result<bool> {
    auto applied = stored_.applied_sequence();
    if (!applied) return applied.error();
    published = *applied;
    return published > sequence || cancelled.load(std::memory_order_acquire);
  });
  if (!waited) return waited.error();
  return published;
}

void PublishedStore::wake_waiters() const noexcept {
  const std::lock_guard lock(watch_mutex_);
  if (watch_) watch_->nudge();
}

Result<std::vector<Uuid>> PublishedStore::expired_leases(std::size_t) const {
  return read_only_error();
}

Result<void> PublishedStore::publish(Deadline) {
  if (forked()) return forked_error();
  return read_only_error();
}

Result<std::uint64_t> PublishedStore::unpublished() const {
  for (int attempt = 1;; ++attempt) {
    auto applied = stored_.applied_sequence();
    if (!applied) return applied.error();
    auto report = journal::replay(
        journal_directory(*env_), store_id(*env_), *applied,
        [](std::uint64_t, journal::EffectBytes) -> Result<void> { return {}; },
        journal::ReplayRole::reader);
    if (report) return report->effects;
    // The writer published and recycled what we asked for: ask again from where it is now.
    if (report.error().code != Errc::busy || attempt == kReplayTriesMax) return report.error();
  }
}

Result<Stats> PublishedStore::stats() const {
  if (auto refused = refusal(); !refused) return refused.error();
  auto stats = read_stats(*env_, stored_, tables_);
  if (!stats) return stats;
  stats->snapshots = views_->held();
  const auto age =
      std::chrono::duration_cast<std::chrono::milliseconds>(views_->oldest_age()).count();
  stats->oldest_snapshot_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, age));
  return stats;
}

bool PublishedStore::forked() const noexcept { return lmdb::fork_generation() != fork_generation_; }

Result<void> PublishedStore::close() {
  if (forked()) return forked_error();
  if (closed_.exchange(true)) return closed_error();
  wake_waiters();
  views_->end_all();
  return env_->close();
}

Result<VerifyReport> PublishedStore::verify(const VerifyOptions& options) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return verify_open_store(*env_, options);
}

Result<BackupReport> PublishedStore::backup(const std::string& to,
                                            const BackupOptions& options) const {
  if (auto refused = refusal(); !refused) return refused.error();
  return copy_store(*env_, to, options);
}

}  // namespace milepost::store
