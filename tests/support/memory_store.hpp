// SPDX-License-Identifier: Apache-2.0
//
// MemoryStore: the store as a map under one mutex, small enough to be right at a glance. It is the
// model that the real one is compared with, and the second implementation of the seam.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/decide.hpp"
#include "core/record.hpp"
#include "store/store.hpp"

#include "milepost/options.hpp"

namespace milepost::test {

/// What outlives a MemoryStore, as a directory outlives a tracker.
struct MemoryDisk {
  /// A record that owns its texts.
  struct Kept {
    core::RecordView record;
    std::string error;
    std::string owner;

    [[nodiscard]] core::RecordView view() const;
  };
  std::mutex mutex;
  std::map<Uuid, Kept> runs;
  std::uint64_t last_sequence = 0;
  std::uint64_t epoch = 0;
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
  Result<void> publish(Deadline deadline) override;
  Result<std::uint64_t> unpublished() const override;
  bool forked() const noexcept override { return false; }
  Result<void> close() override;

 private:
  [[nodiscard]] Result<void> refusal(bool writes) const;
  [[nodiscard]] Outcome apply_one(const store::ResolvedCommand& resolved, Instant now);

  const std::shared_ptr<MemoryDisk> disk_;
  const std::function<Instant()> clock_;
  const bool read_only_;
  std::atomic<bool> closed_{false};
};

}  // namespace milepost::test
