// SPDX-License-Identifier: Apache-2.0
//
// One pass over the runs that notes what every other tree needs, then one pass over each tree.
#include "store/batch_writer.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "store/stored_runs.hpp"

namespace milepost::store {
namespace {

int compare(lmdb::Bytes a, lmdb::Bytes b) noexcept {
  const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

// How long one attempt to grow the map waits for readers; the applier tries again.
constexpr std::chrono::milliseconds kGrowthWait{100};

/// The greatest key of a table, copied; empty if it has none. Keys behind it can be appended, which
/// packs pages full and spares the descent.
struct GreatestKey {
  std::array<std::byte, Key::kSizeMax> data{};
  std::size_t size = 0;

  [[nodiscard]] bool is_before(lmdb::Bytes key) const noexcept {
    return size == 0 || compare({data.data(), size}, key) < 0;
  }
};

Result<GreatestKey> greatest_key(lmdb::Cursor& cursor) {
  GreatestKey greatest;
  auto any = cursor.last();
  if (!any) return any.error();
  if (!*any) return greatest;
  greatest.size = std::min(cursor.key().size(), greatest.data.size());
  std::memcpy(greatest.data.data(), cursor.key().data(), greatest.size);
  return greatest;
}

Error missing_row(Table table) {
  return Error{.code = Errc::corrupt,
               .subject = std::string("table ") + kTableNames[static_cast<std::size_t>(table)],
               .message = "An index row that must exist is missing.",
               .advice = "Run repair on a copy of the store."};
}

}  // namespace

Result<BatchWriter> BatchWriter::make(lmdb::Env& env, std::uint64_t feed_retention) {
  BatchWriter writer(env, feed_retention);
  for (std::size_t i = 0; i < kTableNames.size(); ++i) {
    auto table = env.table(kTableNames[i]);
    if (!table) return table.error();
    writer.tables_[i] = *table;
  }
  auto meta = env.table(lmdb::kMetaTable);
  if (!meta) return meta.error();
  writer.meta_ = *meta;
  return writer;
}

Result<void> BatchWriter::commit(std::span<const EffectPtr> effects, bool use_reserve) {
  collapse(effects);
  return run(use_reserve, [&](lmdb::WriteTxn& txn) { return write(txn, effects); });
}

Result<void> BatchWriter::set_epoch(std::uint64_t epoch) {
  return run(true, [&](lmdb::WriteTxn& txn) { return put_number(txn, kMetaEpoch, epoch); });
}

Result<void> BatchWriter::set_ends(std::uint64_t applied, std::uint64_t feed_floor) {
  return run(false, [&](lmdb::WriteTxn& txn) -> Result<void> {
    if (auto put = put_number(txn, kMetaFeedFloor, feed_floor); !put) return put;
    return put_number(txn, kMetaApplied, applied);
  });
}

Result<void> BatchWriter::append_feed(
    std::span<const std::pair<std::uint64_t, std::vector<std::byte>>> blocks) {
  return run(false, [&](lmdb::WriteTxn& txn) -> Result<void> {
    for (const auto& [first, bytes] : blocks) {
      const Key key = Key().big_endian(first);
      auto done = txn.append(handle_of(Table::changes), key.bytes(), bytes);
      if (!done) return done;
    }
    return {};
  });
}

/// One transaction; when the map is full it grows and everything is written again.
Result<void> BatchWriter::run(bool use_reserve,
                              core::FunctionRef<Result<void>(lmdb::WriteTxn&)> body) {
  for (;;) {
    auto txn = env_->begin_write();
    if (!txn) return txn.error();
    auto written = body(*txn);
    if (written && !use_reserve) written = txn->check_reserve();
    if (written) written = txn->commit();
    if (written) return {};
    txn->abort();
    if (written.error().code != Errc::map_full) return written.error();
    if (auto grown = grow(use_reserve); !grown) return grown;
  }
}

Result<void> BatchWriter::grow(bool use_reserve) {
  if (before_growth_) before_growth_();
  return env_->grow(std::chrono::steady_clock::now() + kGrowthWait, use_reserve);
}

Result<void> BatchWriter::put_number(lmdb::WriteTxn& txn, const char* key, std::uint64_t number) {
  return txn.put(meta_, lmdb::as_bytes(key),
                 std::as_bytes(std::span<const std::uint64_t>(&number, 1)));
}

/// The last effect of each run, in order of run ids.
void BatchWriter::collapse(std::span<const EffectPtr> effects) {
  latest_.clear();
  latest_.reserve(effects.size());
  for (const EffectPtr& effect : effects) {
    if (effect.view().is_about_a_run()) latest_.push_back(&effect);
  }
  std::sort(latest_.begin(), latest_.end(), [](const EffectPtr* a, const EffectPtr* b) {
    const int order = std::memcmp(a->bytes().data() + 1, b->bytes().data() + 1, 16);
    return order != 0 ? order < 0 : a->sequence() > b->sequence();
  });
  const auto end =
      std::unique(latest_.begin(), latest_.end(), [](const EffectPtr* a, const EffectPtr* b) {
        return std::memcmp(a->bytes().data() + 1, b->bytes().data() + 1, 16) == 0;
      });
  latest_.erase(end, latest_.end());
}

Result<void> BatchWriter::write(lmdb::WriteTxn& txn, std::span<const EffectPtr> effects) {
  for (auto& changes : changes_) changes.clear();
  keys_.clear();
  counters_.clear();
  if (auto done = write_runs(txn); !done) return done;
  for (const Table table : kIndexTables) {
    if (auto done = write_index(txn, table); !done) return done;
  }
  if (auto done = write_keys(txn); !done) return done;
  if (auto done = counters_.write(txn, handle_of(Table::counters)); !done) return done;
  if (auto done = feed_.write(txn, handle_of(Table::changes), meta_, effects); !done) {
    return done;
  }
  return put_number(txn, kMetaApplied, effects.back().sequence());
}

Result<void> BatchWriter::write_runs(lmdb::WriteTxn& txn) {
  auto cursor = lmdb::Cursor::open(txn, handle_of(Table::runs));
  if (!cursor) return cursor.error();
  auto greatest = greatest_key(*cursor);
  if (!greatest) return greatest.error();
  for (const EffectPtr* effect : latest_) {
    const core::EffectView view = effect->view();
    const lmdb::Bytes key = id_bytes(view.run_id);
    if (view.removes()) {
      if (auto done = remove_run(*cursor, view.run_id); !done) return done;
      continue;
    }
    auto after = core::decode_record(view.run_id, view.record);
    if (!after) return after.error();
    if (greatest->is_before(key)) {
      if (auto done = cursor->append(key, view.record); !done) return done;
      note_change(nullptr, &*after);
      continue;
    }
    auto existing = cursor->put_if_absent(key, view.record);
    if (!existing) return existing.error();
    if (!*existing) {
      note_change(nullptr, &*after);
      continue;
    }
    auto before = core::decode_record(view.run_id, **existing);
    if (!before) return before.error();
    note_change(&*before, &*after);
    if (auto done = cursor->replace_current(view.record); !done) return done;
  }
  return {};
}

/// A run that came and went within the batch has nothing to remove.
Result<void> BatchWriter::remove_run(lmdb::Cursor& cursor, const Uuid& run_id) {
  auto found = cursor.find(id_bytes(run_id));
  if (!found) return found.error();
  if (!*found) return {};
  auto before = core::decode_record(run_id, cursor.value());
  if (!before) return before.error();
  note_change(&*before, nullptr);
  return cursor.erase_current();
}

/// Notes what a run's change means for indexes, keys and counters. Null: it was not, or is no more.
void BatchWriter::note_change(const core::RecordView* before, const core::RecordView* after) {
  const bool same_run =
      before != nullptr && after != nullptr && before->created_sequence == after->created_sequence;
  for (const Table table : kIndexTables) {
    if (same_run && table == Table::by_profile) continue;  // Nothing in its key ever changes.
    const bool was_in = before != nullptr && is_in(table, *before);
    const bool is_now = after != nullptr && is_in(table, *after);
    if (!was_in && !is_now) continue;
    if (was_in && is_now) {
      const Key from = index_key(table, *before);
      const Key to = index_key(table, *after);
      if (from == to) continue;
      changes_of(table).push_back({from, true});
      changes_of(table).push_back({to, false});
    } else if (was_in) {
      changes_of(table).push_back({index_key(table, *before), true});
    } else {
      changes_of(table).push_back({index_key(table, *after), false});
    }
  }
  note_keys(before, after);
  counters_.note(before, after);
}

/// A run keeps its key for good, except that a run that was removed may be made again in one batch.
void BatchWriter::note_keys(const core::RecordView* before, const core::RecordView* after) {
  const auto same_key = [&] {
    return before->idempotency_key == after->idempotency_key &&
           before->organization_id == after->organization_id &&
           before->created_sequence == after->created_sequence;
  };
  if (before != nullptr && after != nullptr && same_key()) return;
  if (before != nullptr && !before->idempotency_key.empty()) {
    keys_.push_back({KeyRow(before->organization_id, before->idempotency_key), before->run_id,
                     before->created_sequence, true});
  }
  if (after != nullptr && !after->idempotency_key.empty()) {
    keys_.push_back({KeyRow(after->organization_id, after->idempotency_key), after->run_id,
                     after->created_sequence, false});
  }
}

Result<void> BatchWriter::write_index(lmdb::WriteTxn& txn, Table table) {
  auto& changes = changes_of(table);
  if (changes.empty()) return {};
  std::sort(changes.begin(), changes.end(),
            [](const IndexChange& a, const IndexChange& b) { return a.key < b.key; });
  auto cursor = lmdb::Cursor::open(txn, handle_of(table));
  if (!cursor) return cursor.error();
  auto greatest = greatest_key(*cursor);
  if (!greatest) return greatest.error();
  for (const IndexChange& change : changes) {
    const lmdb::Bytes key = change.key.bytes();
    if (change.erase) {
      auto erased = cursor->erase(key);
      if (!erased) return erased.error();
      if (!*erased) return missing_row(table);
      continue;
    }
    auto done = greatest->is_before(key) ? cursor->append(key, {}) : cursor->put(key, {});
    if (!done) return done;
  }
  return {};
}

/// First what goes, as long as it is the run's own; then what comes, the latest run last.
Result<void> BatchWriter::write_keys(lmdb::WriteTxn& txn) {
  std::sort(keys_.begin(), keys_.end(), [](const KeyChange& a, const KeyChange& b) {
    if (a.erase != b.erase) return a.erase;
    const int order = compare(a.row.bytes(), b.row.bytes());
    return order != 0 ? order < 0 : a.created_sequence < b.created_sequence;
  });
  const lmdb::Table& keys = handle_of(Table::keys);
  for (const KeyChange& change : keys_) {
    const lmdb::Bytes run_id = id_bytes(change.run_id);
    if (!change.erase) {
      if (auto done = put_key(txn, change); !done) return done;
      continue;
    }
    auto holder = txn.get(keys, change.row.bytes());
    if (!holder) return holder.error();
    if (!*holder || compare(**holder, run_id) != 0) continue;
    auto erased = txn.erase(keys, change.row.bytes());
    if (!erased) return erased.error();
  }
  return {};
}

/// Of two runs that had one key the later has it, in whatever order they are written.
Result<void> BatchWriter::put_key(lmdb::WriteTxn& txn, const KeyChange& change) {
  const lmdb::Table& keys = handle_of(Table::keys);
  const lmdb::Bytes run_id = id_bytes(change.run_id);
  auto holder = txn.put_if_absent(keys, change.row.bytes(), run_id);
  if (!holder) return holder.error();
  if (!*holder || (*holder)->size() != 16 || compare(**holder, run_id) == 0) return {};
  Uuid other{};
  std::memcpy(other.data, (*holder)->data(), 16);
  auto stored = txn.get(handle_of(Table::runs), id_bytes(other));
  if (!stored) return stored.error();
  if (*stored) {
    auto record = core::decode_record(other, **stored);
    if (!record) return record.error();
    if (record->created_sequence > change.created_sequence) return {};
  }
  return txn.put(keys, change.row.bytes(), run_id);
}

}  // namespace milepost::store
