// SPDX-License-Identifier: Apache-2.0
//
// MemoryStore: the store as a map under one mutex, small enough to be right at a glance. It is the
// model that the real one is compared with, and the second implementation of the seam.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/decide.hpp"
#include "core/record.hpp"
#include "store/store.hpp"

#include "milepost/options.hpp"

namespace milepost::test {

/// A record that owns its texts.
struct KeptRun {
  core::RecordView record;
  std::string error;
  std::string owner;
  std::string idempotency_key;

  [[nodiscard]] static KeptRun of(const core::RecordView& record);
  [[nodiscard]] core::RecordView view() const;
};

/// What the feed says of one effect: its bytes, and whose they are for a later erasure.
struct KeptChange {
  std::uint64_t sequence = 0;
  std::vector<std::byte> effect;
  Uuid profile_id{};
  Uuid organization_id{};
};

/// All there is, at one moment.
struct MemoryState {
  std::map<Uuid, KeptRun> runs;
  std::map<std::pair<Uuid, std::string>, Uuid> keys;
  std::vector<KeptChange> feed;
  std::uint64_t last_sequence = 0;
};

/// Another id each time.
[[nodiscard]] Uuid next_store_id();

/// What outlives a MemoryStore, as a directory outlives a tracker.
struct MemoryDisk {
  std::mutex mutex;
  std::condition_variable changed;
  MemoryState state;
  std::uint64_t epoch = 0;
  Uuid store_id = next_store_id();
};

class MemoryStore final : public store::Store {
 public:
  MemoryStore(std::shared_ptr<MemoryDisk> disk, const OpenOptions& options);

  Result<void> apply(std::span<const store::ResolvedCommand> commands, Deadline deadline,
                     std::span<Outcome> outcomes) override;
  std::size_t batch_bytes_max() const noexcept override { return kBatchBytesMax; }
  Result<bool> find(const Uuid& run_id, store::RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids,
                         store::IndexedRecordVisitor visit) const override;
  Result<std::unique_ptr<store::View>> view(Freshness freshness, Deadline deadline) const override;
  Result<bool> wait_final(const Uuid& run_id, const Uuid& organization_id, Deadline deadline,
                          store::RecordVisitor visit) const override;
  Result<std::uint64_t> wait_published(std::uint64_t sequence, Deadline deadline,
                                       const std::atomic<bool>& cancelled) const override;
  void wake_waiters() const noexcept override;
  Result<std::vector<Uuid>> expired_leases(std::size_t limit) const override;
  Result<void> publish(Deadline deadline) override;
  Result<std::uint64_t> unpublished() const override;
  Result<Stats> stats() const override;
  Result<VerifyReport> verify(const VerifyOptions& options) const override;
  Result<BackupReport> backup(const std::string& to, const BackupOptions& options) const override;
  Uuid id() const noexcept override { return disk_->store_id; }
  std::uint64_t epoch() const noexcept override { return read_only_ ? 0 : epoch_; }
  bool forked() const noexcept override { return false; }
  Result<void> close() override;

 private:
  using SteadyClock = std::chrono::steady_clock;

  [[nodiscard]] Result<void> refusal(bool writes) const;
  [[nodiscard]] Outcome apply_one(const Command& command, const Uuid& run_id, Instant now);
  [[nodiscard]] Outcome remove_one(const core::Removal& removal);
  [[nodiscard]] const KeptRun* find_for(const Command& command, const Uuid& run_id,
                                        Instant now) const;
  void note_lease(const Command& command, const Uuid& run_id, const Outcome& outcome);
  void add_change(KeptChange change);

  const std::shared_ptr<MemoryDisk> disk_;
  const OpenOptions options_;
  const std::function<Instant()> clock_;
  const bool read_only_;
  std::uint64_t epoch_ = 0;
  std::map<Uuid, SteadyClock::time_point> leases_;
  const std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace milepost::test
