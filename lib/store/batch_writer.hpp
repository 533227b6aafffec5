// SPDX-License-Identifier: Apache-2.0
//
// BatchWriter: turns a batch of effects into one LMDB transaction. A run is written once however
// many effects it has in the batch; index rows move and counters change with it, idempotency keys
// come and go; keys are put into each tree in its order. Every effect enters the change feed. The
// last one's sequence is stored in the same transaction.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "lmdb/cursor.hpp"
#include "lmdb/env.hpp"
#include "store/counter_rows.hpp"
#include "store/effect_block.hpp"
#include "store/feed_rows.hpp"
#include "store/schema.hpp"

namespace milepost::store {

/// One thread at a time.
class BatchWriter {
 public:
  /// Looks the tables up; `corrupt` if one is missing.
  [[nodiscard]] static Result<BatchWriter> make(lmdb::Env& env, std::uint64_t feed_retention);

  /// Called when the map must grow: whatever of this process still reads without need should stop.
  void on_growth(std::function<void()> hook) { before_growth_ = std::move(hook); }

  /// Commits the effects, growing the map when it is full. `effects` is not empty, in order and
  /// without gaps. `use_reserve`: up to the map's largest size, not only up to its reserve.
  [[nodiscard]] Result<void> commit(std::span<const EffectPtr> effects, bool use_reserve);

  /// Commits the number of this opening.
  [[nodiscard]] Result<void> set_epoch(std::uint64_t epoch);
  /// Commits what the last effect is said to be, and where the feed begins to count. For repair,
  /// which writes runs in any order.
  [[nodiscard]] Result<void> set_ends(std::uint64_t applied, std::uint64_t feed_floor);
  /// Appends blocks to the feed as they are: first sequence and bytes. For repair.
  [[nodiscard]] Result<void> append_feed(
      std::span<const std::pair<std::uint64_t, std::vector<std::byte>>> blocks);

 private:
  struct IndexChange {
    Key key;
    bool erase = false;
  };
  struct KeyChange {
    KeyRow row;
    Uuid run_id;
    std::uint64_t created_sequence = 0;  ///< Of two runs that had one key the later has it now.
    bool erase = false;
  };

  BatchWriter(lmdb::Env& env, std::uint64_t feed_retention) noexcept
      : env_(&env), feed_(feed_retention) {}

  Result<void> run(bool use_reserve, core::FunctionRef<Result<void>(lmdb::WriteTxn&)> body);
  Result<void> put_number(lmdb::WriteTxn& txn, const char* key, std::uint64_t number);
  void collapse(std::span<const EffectPtr> effects);
  Result<void> grow(bool use_reserve);
  Result<void> write(lmdb::WriteTxn& txn, std::span<const EffectPtr> effects);
  Result<void> write_runs(lmdb::WriteTxn& txn);
  Result<void> remove_run(lmdb::Cursor& cursor, const Uuid& run_id);
  void note_change(const core::RecordView* before, const core::RecordView* after);
  void note_keys(const core::RecordView* before, const core::RecordView* after);
  Result<void> write_index(lmdb::WriteTxn& txn, Table table);
  Result<void> write_keys(lmdb::WriteTxn& txn);
  Result<void> put_key(lmdb::WriteTxn& txn, const KeyChange& change);

  [[nodiscard]] std::vector<IndexChange>& changes_of(Table table) noexcept {
    return changes_[static_cast<std::size_t>(table)];
  }
  [[nodiscard]] const lmdb::Table& handle_of(Table table) const noexcept {
    return tables_[static_cast<std::size_t>(table)];
  }

  lmdb::Env* env_;
  std::array<lmdb::Table, kTableNames.size()> tables_{};
  lmdb::Table meta_{};
  std::function<void()> before_growth_;
  FeedRows feed_;
  // Kept between batches for their memory.
  std::vector<const EffectPtr*> latest_;
  std::array<std::vector<IndexChange>, kTableNames.size()> changes_;
  std::vector<KeyChange> keys_;
  CounterRows counters_;
};

}  // namespace milepost::store
