// SPDX-License-Identifier: Apache-2.0
//
// PublishedStore: the read-only form of the store, for processes beside the one that writes. It
// sees what is published in LMDB and nothing of the journal but how much of it is missing. Waits
// end when the writer's commits reach the data file.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "lmdb/env.hpp"
#include "store/commit_watch.hpp"
#include "store/lmdb_view.hpp"
#include "store/store.hpp"
#include "store/stored_runs.hpp"

namespace milepost::store {

class PublishedStore final : public Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::unique_ptr<lmdb::Env> env,
                                                           const OpenOptions& options);
  ~PublishedStore() override = default;

  Result<void> apply(std::span<const ResolvedCommand> commands, Deadline deadline,
                     std::span<Outcome> outcomes) override;
  std::size_t batch_bytes_max() const noexcept override { return kBatchBytesMax; }
  Result<bool> find(const Uuid& run_id, RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const override;
  Result<std::unique_ptr<View>> view(Freshness freshness, Deadline deadline) const override;
  Result<bool> wait_final(const Uuid& run_id, const Uuid& organization_id, Deadline deadline,
                          RecordVisitor visit) const override;
  Result<std::uint64_t> wait_published(std::uint64_t sequence, Deadline deadline,
                                       const std::atomic<bool>& cancelled) const override;
  void wake_waiters() const noexcept override;
  Result<std::vector<Uuid>> expired_leases(std::size_t limit) const override;
  Result<void> publish(Deadline deadline) override;
  Result<std::uint64_t> unpublished() const override;
  Result<Stats> stats() const override;
  Result<VerifyReport> verify(const VerifyOptions& options) const override;
  Result<BackupReport> backup(const std::string& to, const BackupOptions& options) const override;
  Uuid id() const noexcept override { return store_id(*env_); }
  std::uint64_t epoch() const noexcept override { return 0; }
  bool forked() const noexcept override;
  Result<void> close() override;

 private:
  PublishedStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored, const TableHandles& tables,
                 const OpenOptions& options);
  [[nodiscard]] Result<void> refusal() const;
  /// What all waits sleep on; made when the first one begins.
  [[nodiscard]] Result<CommitWatch*> watch() const;
  /// Looks, and again after every commit, until `done` says so.
  [[nodiscard]] Result<void> wait(Deadline deadline, core::FunctionRef<Result<bool>()> done) const;

  const std::uint32_t fork_generation_;
  std::unique_ptr<lmdb::Env> env_;
  StoredRuns stored_;
  TableHandles tables_;
  std::shared_ptr<ViewRegistry> views_;
  std::atomic<bool> closed_{false};
  mutable std::mutex watch_mutex_;
  mutable std::unique_ptr<CommitWatch> watch_;
};

}  // namespace milepost::store
