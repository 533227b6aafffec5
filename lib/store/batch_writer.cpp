// SPDX-License-Identifier: Apache-2.0
//
// One pass over the runs that notes what every other tree needs, then one pass over each tree.
#include "store/batch_writer.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/state.hpp"
#include "store/stored_runs.hpp"

namespace milepost::store {
namespace {

int compare(lmdb::Bytes a, lmdb::Bytes b) noexcept {
  const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

Error damaged_counter(const Key& key, std::size_t size) {
  return Error{.code = Errc::corrupt,
               .subject = "counter with a key of " + std::to_string(key.bytes().size()) + " bytes",
               .message = "A counter's value has " + std::to_string(size) + " bytes or is below 0.",
               .advice = "Run repair on a copy of the store."};
}

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

Result<BatchWriter> BatchWriter::make(lmdb::Env& env) {
  BatchWriter writer(env);
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

Result<void> BatchWriter::commit(std::span<const EffectPtr> effects) {
  collapse(effects);
  const std::uint64_t sequence = effects.back().sequence();
  return run([&](lmdb::WriteTxn& txn) { return write(txn, sequence); });
}

Result<void> BatchWriter::set_epoch(std::uint64_t epoch) {
  return run([&](lmdb::WriteTxn& txn) { return put_number(txn, kMetaEpoch, epoch); });
}

/// One transaction; when the map is full it grows and everything is written again.
Result<void> BatchWriter::run(core::FunctionRef<Result<void>(lmdb::WriteTxn&)> body) {
  for (;;) {
    auto txn = env_->begin_write();
    if (!txn) return txn.error();
    auto written = body(*txn);
    if (written) written = txn->commit();
    if (written) return {};
    txn->abort();
    if (written.error().code != Errc::map_full) return written.error();
    if (auto grown = env_->grow(); !grown) return grown.error();
  }
}

Result<void> BatchWriter::put_number(lmdb::WriteTxn& txn, const char* key, std::uint64_t number) {
  return txn.put(meta_, lmdb::as_bytes(key),
                 std::as_bytes(std::span<const std::uint64_t>(&number, 1)));
}

/// The last effect of each run, in order of run ids.
void BatchWriter::collapse(std::span<const EffectPtr> effects) {
  latest_.clear();
  latest_.reserve(effects.size());
  for (const EffectPtr& effect : effects) latest_.push_back(&effect);
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

Result<void> BatchWriter::write(lmdb::WriteTxn& txn, std::uint64_t sequence) {
  for (auto& changes : changes_) changes.clear();
  journey_deltas_.clear();
  if (auto done = write_runs(txn); !done) return done;
  for (const Table table : kIndexTables) {
    if (auto done = write_index(txn, table); !done) return done;
  }
  if (auto done = write_counters(txn); !done) return done;
  return put_number(txn, kMetaApplied, sequence);
}

Result<void> BatchWriter::write_runs(lmdb::WriteTxn& txn) {
  auto cursor = lmdb::Cursor::open(txn, handle_of(Table::runs));
  if (!cursor) return cursor.error();
  auto greatest = greatest_key(*cursor);
  if (!greatest) return greatest.error();
  for (const EffectPtr* effect : latest_) {
    const core::EffectView view = effect->view();
    const lmdb::Bytes key = id_bytes(view.run_id);
    auto after = core::decode_record(view.run_id, view.record);
    if (!after) return after.error();
    if (greatest->is_before(key)) {
      if (auto done = cursor->append(key, view.record); !done) return done;
      note_change(nullptr, *after);
      continue;
    }
    auto existing = cursor->put_if_absent(key, view.record);
    if (!existing) return existing.error();
    if (!*existing) {
      note_change(nullptr, *after);
      continue;
    }
    auto before = core::decode_record(view.run_id, **existing);
    if (!before) return before.error();
    note_change(&*before, *after);
    if (auto done = cursor->replace_current(view.record); !done) return done;
  }
  return {};
}

/// Notes what a run's change means for indexes and counters.
void BatchWriter::note_change(const core::RecordView* before, const core::RecordView& after) {
  if (before == nullptr) changes_of(Table::by_profile).push_back({profile_key(after), false});
  if (before != nullptr && before->status == after.status) return;
  StatusDeltas& deltas = journey_deltas_[{after.organization_id, after.journey_id}];
  if (before != nullptr) {
    changes_of(Table::by_journey).push_back({journey_key(*before), true});
    changes_of(Table::by_status).push_back({status_key(*before), true});
    --deltas[static_cast<std::size_t>(before->status)];
  }
  changes_of(Table::by_journey).push_back({journey_key(after), false});
  changes_of(Table::by_status).push_back({status_key(after), false});
  ++deltas[static_cast<std::size_t>(after.status)];
  if (core::is_final(after.status)) {
    changes_of(Table::by_completed).push_back({completed_key(after), false});
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

Result<void> BatchWriter::write_counters(lmdb::WriteTxn& txn) {
  boost::unordered_flat_map<Uuid, StatusDeltas, IdHash> organizations;
  StatusDeltas everything{};
  const Uuid nil{};
  for (const auto& [journey, deltas] : journey_deltas_) {
    StatusDeltas& organization = organizations[journey.organization_id];
    for (const RunStatus status : core::kAllStatuses) {
      const auto i = static_cast<std::size_t>(status);
      organization[i] += deltas[i];
      everything[i] += deltas[i];
      const Key key =
          counter_key(CounterScope::journey, journey.organization_id, journey.journey_id, status);
      if (auto done = add_to_counter(txn, key, deltas[i]); !done) return done;
    }
  }
  for (const RunStatus status : core::kAllStatuses) {
    const auto i = static_cast<std::size_t>(status);
    for (const auto& [organization_id, deltas] : organizations) {
      const Key key = counter_key(CounterScope::organization, organization_id, nil, status);
      if (auto done = add_to_counter(txn, key, deltas[i]); !done) return done;
    }
    const Key key = counter_key(CounterScope::everything, nil, nil, status);
    if (auto done = add_to_counter(txn, key, everything[i]); !done) return done;
  }
  return {};
}

Result<void> BatchWriter::add_to_counter(lmdb::WriteTxn& txn, const Key& key, std::int64_t delta) {
  if (delta == 0) return {};
  const lmdb::Table& counters = handle_of(Table::counters);
  auto stored = txn.get(counters, key.bytes());
  if (!stored) return stored.error();
  std::int64_t count = 0;
  if (*stored) {
    if ((*stored)->size() != sizeof count) return damaged_counter(key, (*stored)->size());
    std::memcpy(&count, (*stored)->data(), sizeof count);
  }
  count += delta;
  if (count < 0) return damaged_counter(key, sizeof count);
  if (count == 0) {
    auto erased = txn.erase(counters, key.bytes());
    if (!erased) return erased.error();
    return {};
  }
  return txn.put(counters, key.bytes(), std::as_bytes(std::span<const std::int64_t>(&count, 1)));
}

}  // namespace milepost::store
