// SPDX-License-Identifier: Apache-2.0
//
// Appending, trimming and blanking blocks of the feed.
#include "store/feed_rows.hpp"

#include <algorithm>
#include <string>

#include "core/record_codec.hpp"
#include "store/schema.hpp"

namespace milepost::store {
namespace {

// What a trim may delete beyond what the batch appended, so that a retention that was lowered is
// reached in some batches and none of them becomes huge.
constexpr std::size_t kTrimExtraBlocks = 1'000;

Key feed_key(std::uint64_t first_sequence) { return Key().big_endian(first_sequence); }

/// Whether an effect of the feed is about the profile. Its record was verified when it was applied,
/// and the block's checksum since.
bool is_about(std::span<const std::byte> bytes, const core::ForgetView& whom) {
  const core::EffectView effect = core::view_effect(bytes);
  if (effect.kind != core::EffectKind::put) return false;
  const auto record = core::decode_record(effect.run_id, effect.record);
  return record && record->profile_id == whom.profile_id &&
         record->organization_id == whom.organization_id;
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

Result<void> FeedRows::write(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                             std::span<const EffectPtr> effects) {
  auto appended = append(txn, changes, effects);
  if (!appended) return appended.error();
  for (const EffectPtr& effect : effects) {
    if (effect.view().kind != core::EffectKind::forget) continue;
    if (auto done = forget(txn, changes, core::view_forget(effect.bytes())); !done) return done;
  }
  return trim(txn, changes, effects.back().sequence(), *appended + kTrimExtraBlocks);
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

Result<void> FeedRows::trim(lmdb::WriteTxn& txn, const lmdb::Table& changes, std::uint64_t newest,
                            std::size_t blocks_max) {
  if (newest <= retention_) return {};
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
    if (block->last_sequence() > newest - retention_) return {};
    if (auto erased = cursor->erase_current(); !erased) return erased;
  }
  return {};
}

Result<void> FeedRows::forget(lmdb::WriteTxn& txn, const lmdb::Table& changes,
                              const core::ForgetView& whom) {
  auto cursor = lmdb::Cursor::open(txn, changes);
  if (!cursor) return cursor.error();
  auto on_row = cursor->first();
  while (on_row && *on_row) {
    if (auto done = forget_in(*cursor, whom); !done) return done;
    on_row = cursor->next();
  }
  if (!on_row) return on_row.error();
  return {};
}

Result<void> FeedRows::forget_in(lmdb::Cursor& cursor, const core::ForgetView& whom) {
  auto first = feed_row_sequence(cursor.key());
  if (!first) return first.error();
  auto block = FeedBlock::read(*first, cursor.value());
  if (!block) return block.error();
  bool changed = false;
  std::uint64_t sequence = *first;
  for (auto effect = block->next(); effect; effect = block->next(), ++sequence) {
    if (!is_about(*effect, whom)) continue;
    if (!changed) copy_.assign(cursor.value().begin(), cursor.value().end());
    changed = true;
    blank_effect(*first, sequence, copy_);
  }
  if (!changed) return {};
  return cursor.replace_current(copy_);
}

}  // namespace milepost::store
