// SPDX-License-Identifier: Apache-2.0
//
// LmdbStore: the writing form of the store. Commands are grouped, decided, journaled, published in
// the recent map, and moved to LMDB by the applier; reads probe the recent map, then LMDB.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

#include "core/histogram.hpp"
#include "journal/journal.hpp"
#include "lmdb/env.hpp"
#include "store/applier.hpp"
#include "store/batch_writer.hpp"
#include "store/commit_queue.hpp"
#include "store/commit_times.hpp"
#include "store/committer.hpp"
#include "store/housekeeper.hpp"
#include "store/key_map.hpp"
#include "store/lease_table.hpp"
#include "store/lmdb_view.hpp"
#include "store/recent_map.hpp"
#include "store/store.hpp"
#include "store/stored_runs.hpp"
#include "store/syncer.hpp"
#include "store/wakeups.hpp"

namespace milepost::store {

class LmdbStore final : public Store {
 public:
  /// Recovers what the journal holds beyond `env`, then starts the threads.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::unique_ptr<lmdb::Env> env,
                                                           const OpenOptions& options);
  ~LmdbStore() override;

  Result<void> apply(std::span<const ResolvedCommand> commands, Deadline deadline,
                     std::span<Outcome> outcomes) override;
  std::size_t batch_bytes_max() const noexcept override;
  Result<bool> find(const Uuid& run_id, RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const override;
  Result<std::unique_ptr<View>> view(Freshness freshness, Deadline deadline) const override;
  Result<bool> wait_final(const Uuid& run_id, const Uuid& organization_id, Deadline deadline,
                          RecordVisitor visit) const override;
  Result<std::uint64_t> wait_published(std::uint64_t sequence, Deadline deadline,
                                       const std::atomic<bool>& cancelled) const override;
  void wake_waiters() const noexcept override { wakeups_.nudge(); }
  Result<std::vector<Uuid>> expired_leases(std::size_t limit) const override;
  Result<void> publish(Deadline deadline) override;
  Result<std::uint64_t> unpublished() const override;
  Result<Stats> stats() const override;
  Result<VerifyReport> verify(const VerifyOptions& options) const override;
  Result<BackupReport> backup(const std::string& to, const BackupOptions& options) const override;
  Uuid id() const noexcept override { return store_id(*env_); }
  std::uint64_t epoch() const noexcept override { return epoch_; }
  bool forked() const noexcept override;
  Result<void> close() override;

 private:
  /// What recovery leaves for the rest to start from.
  struct Start {
    std::uint64_t last_sequence = 0;
    std::uint64_t epoch = 0;
    Uuid greatest_run_id{};
  };

  LmdbStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored, const TableHandles& tables,
            BatchWriter writer, std::unique_ptr<journal::Journal> journal, const Start& start,
            const OpenOptions& options);

  /// Called with the run's last effect: its sequence, and the record unless it removed the run.
  using LatestVisitor = core::FunctionRef<void(std::uint64_t, const core::RecordView*)>;
  [[nodiscard]] Result<void> visit_latest(const Uuid& run_id, LatestVisitor visit) const;

  [[nodiscard]] Committer::Parts committer_parts(const Start& start, const OpenOptions& options);
  [[nodiscard]] Applier::Parts applier_parts();
  [[nodiscard]] static Result<void> report_orphans(lmdb::Env& env, const TableHandles& tables,
                                                   const OpenOptions& options);
  [[nodiscard]] Result<void> write_to_lmdb(std::span<const EffectPtr> effects, bool use_reserve);
  [[nodiscard]] bool journal_has_room() const;
  [[nodiscard]] Result<void> refusal() const;
  [[nodiscard]] Result<void> admit(Deadline deadline);
  void commit(CommitBatch& batch) noexcept;
  void forget_keys(std::span<const EffectPtr> effects) noexcept;
  [[nodiscard]] Result<void> check_names() const;
  void log(LogLevel level, std::string_view text) const;

  const std::function<void(LogLevel, std::string_view)> log_;
  const std::uint32_t fork_generation_;
  const std::uint64_t epoch_;
  const std::uint64_t journal_segment_bytes_;
  const std::uint64_t journal_bytes_max_;
  const std::chrono::milliseconds names_interval_;
  std::uint64_t segments_begun_ = 0;  ///< The leader's: what the housekeeper was told of.
  Deadline names_checked_{};          ///< The leader's: when the files were last seen in place.
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> commands_{0};
  core::LatencyRecorder commit_latency_;   ///< The leader's.
  core::LatencyRecorder publish_latency_;  ///< The applier's.
  CommitTimes commit_times_;

  // In order of construction; each uses those above it.
  std::unique_ptr<lmdb::Env> env_;
  StoredRuns stored_;
  TableHandles tables_;
  BatchWriter writer_;  ///< The applier's.
  std::unique_ptr<journal::Journal> journal_;
  RecentMap recent_;
  KeyMap keys_;
  LeaseTable leases_;
  std::shared_ptr<ViewRegistry> views_;
  mutable Wakeups wakeups_;  ///< Readers wait in it.
  Syncer syncer_;
  Housekeeper housekeeper_;
  mutable Applier applier_;  ///< Readers of the latest have it publish.
  Committer committer_;
  CommitQueue queue_;
};

}  // namespace milepost::store
