// SPDX-License-Identifier: Apache-2.0
//
// BatchWriter: turns a batch of effects into one LMDB transaction. A run is written once however
// many effects it has in the batch; index rows move and counters change with it; keys go to each
// tree in its order. The last effect's sequence is stored in the same transaction.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "core/state.hpp"
#include "lmdb/cursor.hpp"
#include "lmdb/env.hpp"
#include "store/effect_block.hpp"
#include "store/id_hash.hpp"
#include "store/schema.hpp"

namespace milepost::store {

/// One thread at a time.
class BatchWriter {
 public:
  /// Looks the tables up; `corrupt` if one is missing.
  [[nodiscard]] static Result<BatchWriter> make(lmdb::Env& env);

  /// Commits the effects, growing the map when it is full. `effects` is not empty and in order.
  [[nodiscard]] Result<void> commit(std::span<const EffectPtr> effects);

  /// Commits the number of this opening.
  [[nodiscard]] Result<void> set_epoch(std::uint64_t epoch);

 private:
  struct IndexChange {
    Key key;
    bool erase = false;
  };
  using StatusDeltas = std::array<std::int64_t, core::kAllStatuses.size()>;
  struct JourneyId {
    Uuid organization_id;
    Uuid journey_id;
    friend bool operator==(const JourneyId&, const JourneyId&) = default;
  };
  struct JourneyHash {
    IdHash hash;
    std::size_t operator()(const JourneyId& id) const noexcept {
      return hash(id.journey_id) ^ (hash(id.organization_id) * 3);
    }
  };

  explicit BatchWriter(lmdb::Env& env) noexcept : env_(&env) {}

  Result<void> run(core::FunctionRef<Result<void>(lmdb::WriteTxn&)> body);
  Result<void> put_number(lmdb::WriteTxn& txn, const char* key, std::uint64_t number);
  void collapse(std::span<const EffectPtr> effects);
  Result<void> write(lmdb::WriteTxn& txn, std::uint64_t sequence);
  Result<void> write_runs(lmdb::WriteTxn& txn);
  void note_change(const core::RecordView* before, const core::RecordView& after);
  Result<void> write_index(lmdb::WriteTxn& txn, Table table);
  Result<void> write_counters(lmdb::WriteTxn& txn);
  Result<void> add_to_counter(lmdb::WriteTxn& txn, const Key& key, std::int64_t delta);

  [[nodiscard]] std::vector<IndexChange>& changes_of(Table table) noexcept {
    return changes_[static_cast<std::size_t>(table)];
  }
  [[nodiscard]] const lmdb::Table& handle_of(Table table) const noexcept {
    return tables_[static_cast<std::size_t>(table)];
  }

  lmdb::Env* env_;
  std::array<lmdb::Table, kTableNames.size()> tables_{};
  lmdb::Table meta_{};
  // Kept between batches for their memory.
  std::vector<const EffectPtr*> latest_;
  std::array<std::vector<IndexChange>, kTableNames.size()> changes_;
  boost::unordered_flat_map<JourneyId, StatusDeltas, JourneyHash> journey_deltas_;
};

}  // namespace milepost::store
