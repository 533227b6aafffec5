// SPDX-License-Identifier: Apache-2.0
//
// Lister: pages of runs out of the indexes, in order of (triggered_at, run id). A filter becomes a
// few ranges of one index, each in that order; a page is merged from them. With a journey or
// without, every status is a range of its own; a profile has one in each bucket of by_profile that
// it has runs in.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "lmdb/cursor.hpp"
#include "lmdb/env.hpp"
#include "store/schema.hpp"
#include "store/stored_runs.hpp"
#include "store/view.hpp"

namespace milepost::store {

using TableHandles = std::array<lmdb::Table, kTableNames.size()>;

/// Looks the tables up; `corrupt` if one is missing.
[[nodiscard]] Result<TableHandles> open_tables(lmdb::Env& env);

/// Of the instant and the run id that every key of a list ends with.
inline constexpr std::size_t kPlaceSize = 8 + 16;

/// No run's id is above it.
[[nodiscard]] Uuid greatest_uuid() noexcept;

/// The place that the last bytes of an index key stand for, kPlaceSize of them.
[[nodiscard]] Position read_place(lmdb::Bytes tail) noexcept;

/// Lives within one read transaction. One thread at a time.
class Lister {
 public:
  Lister(const lmdb::ReadTxn& txn, const StoredRuns& stored, const TableHandles& tables) noexcept
      : txn_(txn), stored_(stored), tables_(tables) {}

  /// See View::list.
  [[nodiscard]] Result<ListEnd> list(const ListQuery& query, RecordVisitor visit) const;

 private:
  /// The rows of an index that begin with `prefix`; behind it come instant and run id.
  struct Range {
    Table table;
    Key prefix;
  };
  /// The places of a page: from `low` to before `high`.
  struct Bounds {
    Position low;
    Position high;
    bool low_open = false;  ///< `low` itself is out.
  };

  [[nodiscard]] Result<std::vector<Range>> ranges_of(const RunFilter& filter) const;
  [[nodiscard]] Result<std::vector<Range>> profile_ranges(const RunFilter& filter) const;
  [[nodiscard]] Result<void> collect(lmdb::Cursor& cursor, const Range& range, const Bounds& bounds,
                                     Order order, std::size_t wanted,
                                     std::vector<Position>& places) const;
  [[nodiscard]] Result<std::vector<Position>> next_places(std::span<const Range> ranges,
                                                          const ListQuery& query,
                                                          const std::optional<Position>& after,
                                                          std::size_t wanted) const;

  [[nodiscard]] Result<std::vector<core::RecordView>> records_at(
      Table table, std::span<const Position> places) const;

  [[nodiscard]] const lmdb::Table& handle_of(Table table) const noexcept {
    return tables_[static_cast<std::size_t>(table)];
  }

  const lmdb::ReadTxn& txn_;
  const StoredRuns& stored_;
  const TableHandles& tables_;
};

}  // namespace milepost::store
