// SPDX-License-Identifier: Apache-2.0
//
// What LMDB and the file system tell of a store.
#pragma once

#include "lmdb/env.hpp"
#include "store/lister.hpp"
#include "store/stored_runs.hpp"

#include "milepost/result.hpp"
#include "milepost/stats.hpp"

namespace milepost::store {

/// The part of the stats that a read-only store has, too.
[[nodiscard]] Result<Stats> read_stats(lmdb::Env& env, const StoredRuns& stored,
                                       const TableHandles& tables);

}  // namespace milepost::store
