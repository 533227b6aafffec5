// SPDX-License-Identifier: Apache-2.0
//
// FeedRows: the change feed in LMDB. Effects are appended in order in the transaction that applies
// them; the oldest blocks go when there are more effects than the retention keeps; what a forgotten
// profile left is blanked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/effect.hpp"
#include "lmdb/cursor.hpp"
#include "lmdb/env.hpp"
#include "store/effect_block.hpp"
#include "store/feed_block.hpp"

#include "milepost/result.hpp"

namespace milepost::store {

/// One thread at a time.
class FeedRows {
 public:
  explicit FeedRows(std::uint64_t retention) noexcept : retention_(retention) {}

  /// Effects in order of sequence, without gaps, behind all that the feed holds.
  [[nodiscard]] Result<void> write(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                   std::span<const EffectPtr> effects);

 private:
  [[nodiscard]] Result<std::size_t> append(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                           std::span<const EffectPtr> effects);
  [[nodiscard]] Result<void> trim(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                  std::uint64_t newest, std::size_t blocks_max);
  [[nodiscard]] Result<void> forget(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                    const core::ForgetView& whom);
  [[nodiscard]] Result<void> forget_in(lmdb::Cursor& cursor, const core::ForgetView& whom);

  std::uint64_t retention_;
  FeedBlockWriter block_;
  std::vector<std::byte> copy_;
};

/// The sequence a row of `changes` begins with; `corrupt` if its key is none.
[[nodiscard]] Result<std::uint64_t> feed_row_sequence(lmdb::Bytes key);

}  // namespace milepost::store
