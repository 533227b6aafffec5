// SPDX-License-Identifier: Apache-2.0
//
// FeedRows: the change feed in LMDB. Effects are appended in order in the transaction that applies
// them; the oldest blocks go when there are more effects than the retention keeps; what a forgotten
// profile left is blanked.
//
// The feed has no gaps: from its first row on it holds every effect. When nothing is kept for a
// while (retention 0), a floor in `meta` rises instead, and rows below it do not count any more;
// they go little by little.
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
                                   const lmdb::Table& meta, std::span<const EffectPtr> effects);

 private:
  [[nodiscard]] Result<std::size_t> append(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                           std::span<const EffectPtr> effects);
  [[nodiscard]] Result<void> trim(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                  std::uint64_t keep_from, std::size_t blocks_max);
  [[nodiscard]] Result<void> forget(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                    const EffectPtr& effect);
  [[nodiscard]] Result<void> forget_in(lmdb::Cursor& cursor, std::uint64_t first_sequence,
                                       const EffectPtr& effect);

  std::uint64_t retention_;
  FeedBlockWriter block_;
  std::vector<std::byte> copy_;
};

/// The sequence a row of `changes` begins with; `corrupt` if its key is none.
[[nodiscard]] Result<std::uint64_t> feed_row_sequence(lmdb::Bytes key);
/// The floor that a value of `meta` says; `corrupt` if it says none.
[[nodiscard]] Result<std::uint64_t> read_feed_floor(lmdb::Bytes value);

}  // namespace milepost::store
