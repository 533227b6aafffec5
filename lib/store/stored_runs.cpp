// SPDX-License-Identifier: Apache-2.0
//
// The read side of table `runs`, and the numbers in `meta`.
#include "store/stored_runs.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "lmdb/cursor.hpp"
#include "lmdb/descent.hpp"
#include "store/schema.hpp"

namespace milepost::store {

Result<StoredRuns> StoredRuns::make(lmdb::Env& env) {
  StoredRuns stored(env);
  auto runs = env.table(kTableNames[static_cast<std::size_t>(Table::runs)]);
  if (!runs) return runs.error();
  auto meta = env.table(lmdb::kMetaTable);
  if (!meta) return meta.error();
  auto keys = env.table(kTableNames[static_cast<std::size_t>(Table::keys)]);
  if (!keys) return keys.error();
  stored.runs_ = *runs;
  stored.keys_ = *keys;
  stored.meta_ = *meta;
  return stored;
}

Result<bool> StoredRuns::visit(const Uuid& run_id, RecordVisitor visitor) const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  return visit(*txn, run_id, visitor);
}

Result<bool> StoredRuns::visit(const lmdb::ReadTxn& txn, const Uuid& run_id,
                               RecordVisitor visitor) const {
  return visit_found(txn, run_id, txn.find_quickly(runs_, id_bytes(run_id)), visitor);
}

/// `value` is what the quick search came up with: taken if its checksum holds. Everything else is
/// for LMDB to say.
Result<bool> StoredRuns::visit_found(const lmdb::ReadTxn& txn, const Uuid& run_id,
                                     lmdb::Bytes value, RecordVisitor visitor) const {
  if (!value.empty()) {
    if (const auto record = core::decode_record(run_id, value)) {
      visitor(*record);
      return true;
    }
  }
  switch (txn.find(runs_, id_bytes(run_id), value)) {
    case lmdb::Lookup::absent:
      return false;
    case lmdb::Lookup::failed:
      if (auto again = txn.get(runs_, id_bytes(run_id)); !again) return again.error();
      return Error{.code = Errc::internal, .message = "A lookup failed and then did not."};
    case lmdb::Lookup::found:
      break;
  }
  auto record = core::decode_record(run_id, value);
  if (!record) return record.error();
  visitor(*record);
  return true;
}

Result<EffectPtr> StoredRuns::copy(const Uuid& run_id) const {
  EffectPtr copied;
  auto found =
      visit(run_id, [&](const core::RecordView& record) { copied = EffectPtr::make(record); });
  if (!found) return found.error();
  return copied;
}

Result<Uuid> StoredRuns::greatest_id() const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  auto cursor = lmdb::Cursor::open(*txn, runs_);
  if (!cursor) return cursor.error();
  auto any = cursor->last();
  if (!any) return any.error();
  Uuid id{};
  if (!*any) return id;
  if (cursor->key().size() != 16) {
    return Error{.code = Errc::corrupt,
                 .subject = "table runs",
                 .message = "A key is not 16 bytes.",
                 .advice = "Run repair on a copy of the store."};
  }
  std::memcpy(id.data, cursor->key().data(), 16);
  return id;
}

Result<std::optional<Uuid>> StoredRuns::key_holder(const Uuid& organization_id,
                                                   std::string_view key) const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  auto value = txn->get(keys_, KeyRow(organization_id, key).bytes());
  if (!value) return value.error();
  if (!*value) return std::optional<Uuid>{};
  Uuid run_id{};
  if ((*value)->size() != sizeof run_id.data) {
    return Error{.code = Errc::corrupt,
                 .subject = "table keys",
                 .message = "A value is not a run id.",
                 .advice = "Run repair on a copy of the store."};
  }
  std::memcpy(run_id.data, (*value)->data(), sizeof run_id.data);
  return std::optional(run_id);
}

Result<std::uint64_t> StoredRuns::number(const lmdb::ReadTxn& txn, const char* key) const {
  auto value = txn.get(meta_, lmdb::as_bytes(key));
  if (!value) return value.error();
  std::uint64_t number = 0;
  if (!*value) return number;
  if ((*value)->size() != sizeof number) {
    return Error{.code = Errc::corrupt,
                 .subject = std::string("meta/") + key,
                 .message = "The value is not a number.",
                 .advice = "Run repair on a copy of the store."};
  }
  std::memcpy(&number, (*value)->data(), sizeof number);
  return number;
}

Result<std::uint64_t> StoredRuns::applied_sequence(const lmdb::ReadTxn& txn) const {
  return number(txn, kMetaApplied);
}

Result<std::uint64_t> StoredRuns::applied_sequence() const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  return number(*txn, kMetaApplied);
}

Result<std::uint64_t> StoredRuns::feed_floor(const lmdb::ReadTxn& txn) const {
  return number(txn, kMetaFeedFloor);
}

Result<std::uint64_t> StoredRuns::epoch(const lmdb::ReadTxn& txn) const {
  return number(txn, kMetaEpoch);
}

Result<std::uint64_t> StoredRuns::epoch() const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  return epoch(*txn);
}

void StoredRuns::find_quickly(const lmdb::ReadTxn& txn, std::span<const Uuid> run_ids,
                              std::span<const std::size_t> indexes,
                              std::span<lmdb::Bytes> values) const noexcept {
  std::array<lmdb::Bytes, lmdb::kSideBySideMax> keys;
  std::transform(indexes.begin(), indexes.end(), keys.begin(),
                 [&](std::size_t i) { return id_bytes(run_ids[i]); });
  txn.find_quickly(runs_, std::span(keys).first(indexes.size()), values);
}

Result<void> visit_in_order(const StoredRuns& stored, const lmdb::ReadTxn& txn,
                            std::span<const Uuid> run_ids, std::span<std::size_t> indexes,
                            IndexedRecordVisitor visit) {
  std::sort(indexes.begin(), indexes.end(),
            [&](std::size_t a, std::size_t b) { return run_ids[a] < run_ids[b]; });
  while (!indexes.empty()) {
    const auto stretch = indexes.first(std::min(indexes.size(), lmdb::kSideBySideMax));
    indexes = indexes.subspan(stretch.size());
    std::array<lmdb::Bytes, lmdb::kSideBySideMax> values;
    stored.find_quickly(txn, run_ids, stretch, std::span(values).first(stretch.size()));
    for (std::size_t k = 0; k < stretch.size(); ++k) {
      const std::size_t i = stretch[k];
      auto found = stored.visit_found(txn, run_ids[i], values[k],
                                      [&](const core::RecordView& record) { visit(i, record); });
      if (!found) return found.error();
    }
  }
  return {};
}

Uuid store_id(const lmdb::Env& env) noexcept {
  Uuid id{};
  std::memcpy(id.data, env.identity().uuid.data(), 16);
  return id;
}

std::string journal_directory(const lmdb::Env& env) { return env.directory() + "/journal"; }

}  // namespace milepost::store
