// SPDX-License-Identifier: Apache-2.0
//
// Reading the change feed out of LMDB.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lmdb/env.hpp"
#include "store/view.hpp"

#include "milepost/result.hpp"

namespace milepost::store {

/// The feed in one transaction.
struct FeedMoment {
  const lmdb::ReadTxn& txn;
  lmdb::Table changes{};
  std::uint64_t floor = 0;   ///< StoredRuns::feed_floor
  std::uint64_t newest = 0;  ///< The last sequence there is.
};

/// Visits the effects behind `after`, at most `limit`. `too_old` if the feed does not hold the
/// first of them.
[[nodiscard]] Result<void> read_changes(const FeedMoment& feed, std::uint64_t after,
                                        std::size_t limit, ChangeVisitor visit);

/// The oldest sequence the feed holds; 0 if it holds none.
[[nodiscard]] Result<std::uint64_t> read_feed_first(const FeedMoment& feed);

}  // namespace milepost::store
