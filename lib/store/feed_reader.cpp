// SPDX-License-Identifier: Apache-2.0
//
// Finds the block a position lies in and walks from there.
#include "store/feed_reader.hpp"

#include <string>

#include "lmdb/cursor.hpp"
#include "store/feed_block.hpp"
#include "store/feed_rows.hpp"
#include "store/schema.hpp"

namespace milepost::store {
namespace {

Error too_old(std::uint64_t after, std::uint64_t first) {
  return Error{.code = Errc::too_old,
               .subject = "position " + std::to_string(after),
               .message = first == 0 ? "The change feed holds nothing."
                                     : "The change feed begins with " + std::to_string(first) + ".",
               .advice = "Take a snapshot, read the runs from it, and go on behind its sequence."};
}

/// Puts the cursor on the last row that begins at or before `sequence`; false if there is none.
Result<bool> seek_block(lmdb::Cursor& cursor, std::uint64_t sequence) {
  const Key key = Key().big_endian(sequence);
  auto on_row = cursor.seek(key.bytes());
  if (!on_row) return on_row;
  if (!*on_row) return cursor.last();
  auto first = feed_row_sequence(cursor.key());
  if (!first) return first.error();
  return *first == sequence ? on_row : cursor.prev();
}

}  // namespace

Result<std::uint64_t> read_feed_first(const FeedMoment& feed) {
  auto cursor = lmdb::Cursor::open(feed.txn, feed.changes);
  if (!cursor) return cursor.error();
  const Key floor = Key().big_endian(feed.floor);
  auto any = cursor->seek(floor.bytes());
  if (!any) return any.error();
  if (!*any) return std::uint64_t{0};
  return feed_row_sequence(cursor->key());
}

Result<void> read_changes(const FeedMoment& feed, std::uint64_t after, std::size_t limit,
                          ChangeVisitor visit) {
  if (after >= feed.newest || limit == 0) return {};
  auto cursor = lmdb::Cursor::open(feed.txn, feed.changes);
  if (!cursor) return cursor.error();
  std::uint64_t wanted = after + 1;
  auto on_row = wanted < feed.floor ? Result<bool>(false) : seek_block(*cursor, wanted);
  for (; on_row && *on_row && limit > 0; on_row = cursor->next()) {
    auto first = feed_row_sequence(cursor->key());
    if (!first) return first.error();
    auto block = FeedBlock::read(*first, cursor->value());
    if (!block) return block.error();
    if (*first > wanted || block->last_sequence() < wanted) break;
    std::uint64_t sequence = *first;
    for (auto effect = block->next(); effect && limit > 0; effect = block->next(), ++sequence) {
      if (sequence < wanted) continue;
      visit(sequence, *effect);
      ++wanted;
      --limit;
    }
  }
  if (!on_row) return on_row.error();
  if (wanted > after + 1) return {};
  // Nothing was found although there is something newer: the feed begins later.
  auto first = read_feed_first(feed);
  return first ? too_old(after, *first) : first.error();
}

}  // namespace milepost::store
