// SPDX-License-Identifier: Apache-2.0
//
// PublishedStore: the read-only form of the store, for processes beside the one that writes. It
// sees what is published in LMDB and nothing of the journal but how much of it is missing.
#pragma once

#include <atomic>
#include <memory>

#include "lmdb/env.hpp"
#include "store/store.hpp"
#include "store/stored_runs.hpp"

namespace milepost::store {

class PublishedStore final : public Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::unique_ptr<lmdb::Env> env);
  ~PublishedStore() override = default;

  Result<void> apply(std::span<const ResolvedCommand> commands, Deadline deadline,
                     std::span<Outcome> outcomes) override;
  std::size_t batch_bytes_max() const noexcept override { return kBatchBytesMax; }
  Result<bool> find(const Uuid& run_id, RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const override;
  Result<void> publish(Deadline deadline) override;
  Result<std::uint64_t> unpublished() const override;
  bool forked() const noexcept override;
  Result<void> close() override;

 private:
  PublishedStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored);

  const std::uint32_t fork_generation_;
  std::unique_ptr<lmdb::Env> env_;
  StoredRuns stored_;
};

}  // namespace milepost::store
