// SPDX-License-Identifier: Apache-2.0
//
// CounterRows: runs per status, for everybody, each organization and each journey, changed in the
// transaction that changes the runs. A count of zero has no row.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/state.hpp"
#include "lmdb/env.hpp"
#include "store/id_hash.hpp"
#include "store/schema.hpp"

#include "milepost/list.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// One thread at a time.
class CounterRows {
 public:
  void clear() noexcept { deltas_.clear(); }
  /// A run left `before` and entered `after`; null where it was made or removed.
  void note(const core::RecordView* before, const core::RecordView* after);
  /// Adds what was noted.
  [[nodiscard]] Result<void> write(lmdb::WriteTxn& txn, const lmdb::Table& counters) const;

 private:
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
  void add(const core::RecordView& record, std::int64_t delta);

  boost::unordered_flat_map<JourneyId, StatusDeltas, JourneyHash> deltas_;
};

/// The counts of one scope.
[[nodiscard]] Result<Counts> read_counts(const lmdb::ReadTxn& txn, const lmdb::Table& counters,
                                         CounterScope scope, const Uuid& organization_id,
                                         const Uuid& journey_id);

}  // namespace milepost::store
