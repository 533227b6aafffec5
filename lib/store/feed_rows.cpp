// SPDX-License-Identifier: Apache-2.0
//
// Appending, trimming and blanking blocks of the feed.
#include "store/feed_rows.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "store/schema.hpp"

namespace milepost::store {
namespace {

// What a trim may delete beyond what the batch appended, so that a retention that was lowered is
// reached in some batches and none of them becomes huge.
constexpr std::size_t kTrimExtraBlocks = 1'000;

Key feed_key(std::uint64_t first_sequence) { return Key().big_endian(first_sequence); }

Result<std::uint64_t> stored_floor(const lmdb::WriteTxn& txn, const lmdb::Table& meta) {
  auto value = txn.get(meta, lmdb::as_bytes(kMetaFeedFloor));
  if (!value) return value.error();
  return *value ? read_feed_floor(**value) : Result<std::uint64_t>(std::uint64_t{0});
}

}  // namespace

Result<std::uint64_t> feed_row_sequence(lmdb::Bytes key) {
  if (key.size() != 8) {
    return Error{.code = Errc::corrupt,
                 .subject = "table changes",
                 .message = "A key has " + std::to_string(key.size()) + " bytes, not 8.",
                 .advice = "Run repair on a copy of the store."};
  }
  std::uint64_t sequence = 0;
  for (const std::byte byte : key) {
    sequence = sequence << 8 | std::to_integer<std::uint64_t>(byte);
  }
  return sequence;
}

Result<std::uint64_t> read_feed_floor(lmdb::Bytes value) {
  std::uint64_t floor = 0;
  if (value.size() != sizeof floor) {
    return Error{.code = Errc::corrupt,
                 .subject = std::string("meta/") + kMetaFeedFloor,
                 .message = "The value is not a number.",
                 .advice = "Run repair on a copy of the store."};
  }
  std::memcpy(&floor, value.data(), sizeof floor);
  return floor;
}

Result<void> FeedRows::write(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                             const lmdb::Table& meta, std::span<const EffectPtr> effects) {
  const std::uint64_t newest = effects.back().sequence();
  auto appended = append(txn, changes, effects);
  if (!appended) return appended.error();
  for (const EffectPtr& effect : effects) {
    if (effect.view().kind != core::EffectKind::forget) continue;
    if (auto done = forget(txn, changes, effect); !done) return done;
  }
  auto floor = stored_floor(txn, meta);
  if (!floor) return floor.error();
  if (retention_ == 0) {
    *floor = newest + 1;
    const auto bytes = std::as_bytes(std::span<const std::uint64_t>(&*floor, 1));
    if (auto put = txn.put(meta, lmdb::as_bytes(kMetaFeedFloor), bytes); !put) return put;
  }
  const std::uint64_t kept_from = newest > retention_ ? newest - retention_ + 1 : 1;
  return trim(txn, changes, std::max(*floor, kept_from), *appended + kTrimExtraBlocks);
}

Result<std::size_t> FeedRows::append(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                                     std::span<const EffectPtr> effects) {
  if (retention_ == 0) return std::size_t{0};
  std::size_t blocks = 0;
  const auto put_block = [&]() -> Result<void> {
    ++blocks;
    const Key key = feed_key(block_.first_sequence());
    return txn.append(changes, key.bytes(), block_.finish());
  };
  block_.begin(effects.front().sequence());
  for (const EffectPtr& effect : effects) {
    if (!block_.fits(effect.bytes().size())) {
      if (auto done = put_block(); !done) return done.error();
      block_.begin(effect.sequence());
    }
    block_.add(effect.bytes());
  }
  if (auto done = put_block(); !done) return done.error();
  return blocks;
}

/// Drops blocks that end below `keep_from`.
Result<void> FeedRows::trim(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                            std::uint64_t keep_from, std::size_t blocks_max) {
  if (keep_from <= 1) return {};
  auto cursor = lmdb::Cursor::open(txn, changes);
  if (!cursor) return cursor.error();
  for (std::size_t blocks = 0; blocks < blocks_max; ++blocks) {
    auto any = cursor->first();
    if (!any) return any.error();
    if (!*any) return {};
    auto first = feed_row_sequence(cursor->key());
    if (!first) return first.error();
    auto block = FeedBlock::read(*first, cursor->value());
    if (!block) return block.error();
    if (block->last_sequence() >= keep_from) return {};
    if (auto erased = cursor->erase_current(); !erased) return erased;
  }
  return {};
}

/// Blanks what stands before the effect, which is a `forget`: the profile may come back later.
Result<void> FeedRows::forget(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                              const EffectPtr& effect) {
  auto cursor = lmdb::Cursor::open(txn, changes);
  if (!cursor) return cursor.error();
  auto on_row = cursor->first();
  while (on_row && *on_row) {
    auto first = feed_row_sequence(cursor->key());
    if (!first) return first.error();
    if (*first >= effect.sequence()) return {};
    if (auto done = forget_in(*cursor, *first, effect); !done) return done;
    on_row = cursor->next();
  }
  if (!on_row) return on_row.error();
  return {};
}

Result<void> FeedRows::forget_in(lmdb::Cursor& cursor, std::uint64_t first_sequence,
                                 const EffectPtr& effect) {
  const core::ForgetView whom = core::view_forget(effect.bytes());
  auto block = FeedBlock::read(first_sequence, cursor.value());
  if (!block) return block.error();
  bool changed = false;
  std::uint64_t sequence = first_sequence;
  for (auto each = block->next(); each && sequence < effect.sequence();
       each = block->next(), ++sequence) {
    if (!core::tells_of(*each, whom)) continue;
    if (!changed) copy_.assign(cursor.value().begin(), cursor.value().end());
    changed = true;
    blank_effect(first_sequence, sequence, copy_);
  }
  if (!changed) return {};
  return cursor.replace_current(copy_);
}

}  // namespace milepost::store
