// SPDX-License-Identifier: Apache-2.0
//
// StoredRuns: reading records out of LMDB, each checked before anybody sees it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lmdb/env.hpp"
#include "store/effect_block.hpp"
#include "store/store.hpp"

namespace milepost::store {

/// Thread-safe.
class StoredRuns {
 public:
  [[nodiscard]] static Result<StoredRuns> make(lmdb::Env& env);

  /// Visits the run as the newest commit has it; yields whether there is one.
  [[nodiscard]] Result<bool> visit(const Uuid& run_id, RecordVisitor visit) const;
  /// The same within a transaction.
  [[nodiscard]] Result<bool> visit(const lmdb::ReadTxn& txn, const Uuid& run_id,
                                   RecordVisitor visit) const;
  /// The run as a `put` effect, or null.
  [[nodiscard]] Result<EffectPtr> copy(const Uuid& run_id) const;
  /// The greatest run id, or nil.
  [[nodiscard]] Result<Uuid> greatest_id() const;
  /// The sequence of the last effect LMDB holds.
  [[nodiscard]] Result<std::uint64_t> applied_sequence() const;
  [[nodiscard]] Result<std::uint64_t> applied_sequence(const lmdb::ReadTxn& txn) const;
  /// The sequence below which nothing of the feed counts.
  [[nodiscard]] Result<std::uint64_t> feed_floor(const lmdb::ReadTxn& txn) const;
  /// The run that holds an idempotency key, or nothing.
  [[nodiscard]] Result<std::optional<Uuid>> key_holder(const Uuid& organization_id,
                                                       std::string_view key) const;
  /// How many times the store was opened for writing.
  [[nodiscard]] Result<std::uint64_t> epoch() const;
  [[nodiscard]] Result<std::uint64_t> epoch(const lmdb::ReadTxn& txn) const;

  [[nodiscard]] lmdb::Env& env() const noexcept { return *env_; }

 private:
  explicit StoredRuns(lmdb::Env& env) noexcept : env_(&env) {}
  friend Result<void> visit_in_order(const StoredRuns&, const lmdb::ReadTxn&, std::span<const Uuid>,
                                     std::span<std::size_t>, IndexedRecordVisitor);
  [[nodiscard]] Result<bool> visit_found(const lmdb::ReadTxn& txn, const Uuid& run_id,
                                         lmdb::Bytes value, RecordVisitor visit) const;
  void find_quickly(const lmdb::ReadTxn& txn, std::span<const Uuid> run_ids,
                    std::span<const std::size_t> indexes,
                    std::span<lmdb::Bytes> values) const noexcept;
  [[nodiscard]] Result<std::uint64_t> number(const lmdb::ReadTxn& txn, const char* key) const;

  lmdb::Env* env_;
  lmdb::Table runs_{};
  lmdb::Table meta_{};
  lmdb::Table keys_{};
};

/// Visits each run that exists, in the order of ids. They are looked for side by side.
[[nodiscard]] Result<void> visit_in_order(const StoredRuns& stored, const lmdb::ReadTxn& txn,
                                          std::span<const Uuid> run_ids,
                                          std::span<std::size_t> indexes,
                                          IndexedRecordVisitor visit);

[[nodiscard]] Uuid store_id(const lmdb::Env& env) noexcept;
[[nodiscard]] std::string journal_directory(const lmdb::Env& env);

[[nodiscard]] inline lmdb::Bytes id_bytes(const Uuid& id) noexcept {
  return std::as_bytes(std::span<const std::uint8_t>(id.data, 16));
}

}  // namespace milepost::store
