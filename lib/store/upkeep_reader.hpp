// SPDX-License-Identifier: Apache-2.0
//
// What upkeep looks for in LMDB: finished runs by age, orphans, all runs by id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "lmdb/env.hpp"
#include "store/stored_runs.hpp"
#include "store/view.hpp"

#include "milepost/result.hpp"

namespace milepost::store {

/// See View::completed.
[[nodiscard]] Result<ListEnd> read_completed(const lmdb::ReadTxn& txn, const StoredRuns& stored,
                                             const lmdb::Table& by_completed,
                                             const CompletedQuery& query, RecordVisitor visit);

/// See View::orphans.
[[nodiscard]] Result<bool> read_orphans(const lmdb::ReadTxn& txn, const StoredRuns& stored,
                                        const lmdb::Table& running, std::uint64_t epoch,
                                        const std::optional<OrphanPlace>& after, std::size_t limit,
                                        RecordVisitor visit);

/// See View::scan.
[[nodiscard]] Result<bool> read_runs(const lmdb::ReadTxn& txn, const lmdb::Table& runs,
                                     const std::optional<Uuid>& after, std::size_t limit,
                                     RecordVisitor visit);

}  // namespace milepost::store
