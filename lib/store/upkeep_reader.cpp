// SPDX-License-Identifier: Apache-2.0
//
// Walks over by_completed, running and runs.
#include "store/upkeep_reader.hpp"

#include <cstring>
#include <string>

#include "core/text.hpp"
#include "lmdb/cursor.hpp"
#include "store/lister.hpp"
#include "store/schema.hpp"

namespace milepost::store {
namespace {

constexpr std::size_t kNilOrganizationSize = 1;
constexpr std::size_t kOrganizationSize = 1 + 16;

Error bad_key(const char* table, std::size_t size) {
  return Error{.code = Errc::corrupt,
               .subject = std::string("table ") + table,
               .message = "A key of " + std::to_string(size) + " bytes makes no sense there.",
               .advice = "Run repair on a copy of the store."};
}

Error missing_run(const char* table, const Uuid& run_id) {
  return Error{.code = Errc::corrupt,
               .subject = std::string("table ") + table,
               .message = "The index names run " + to_string(run_id) + ", which is not there.",
               .advice = "Run repair on a copy of the store."};
}

/// The organization a key of by_completed begins with; nothing if the key makes no sense.
std::optional<Uuid> organization_of(lmdb::Bytes key) noexcept {
  Uuid id{};
  if (key.size() == kNilOrganizationSize + kPlaceSize) return id;
  if (key.size() != kOrganizationSize + kPlaceSize) return std::nullopt;
  std::memcpy(id.data, key.data() + 1, 16);
  return id;
}

Key completed_place(const Uuid& organization_id, const Position& place) noexcept {
  return Key().organization(organization_id).instant(place.instant).uuid(place.run_id);
}

/// Where a walk over by_completed begins.
Result<bool> seek_completed(lmdb::Cursor& cursor, const CompletedQuery& query) {
  if (!query.after) {
    if (!query.organization_id) return cursor.first();
    return cursor.seek(completed_place(*query.organization_id, {Instant::min(), Uuid{}}).bytes());
  }
  const Key key = completed_place(query.after_organization_id, *query.after);
  auto on_row = cursor.seek(key.bytes());
  if (!on_row || !*on_row) return on_row;
  const auto found = cursor.key();
  const bool passed = found.size() == key.bytes().size() &&
                      std::memcmp(found.data(), key.bytes().data(), found.size()) == 0;
  return passed ? cursor.next() : on_row;
}

}  // namespace

Result<ListEnd> read_completed(const lmdb::ReadTxn& txn, const StoredRuns& stored,
                               const lmdb::Table& by_completed, const CompletedQuery& query,
                               RecordVisitor visit) {
  auto cursor = lmdb::Cursor::open(txn, by_completed);
  if (!cursor) return cursor.error();
  ListEnd end{
      .more = false, .last = query.after, .last_organization_id = query.after_organization_id};
  std::size_t visited = 0;
  std::size_t passed = 0;  // organizations with nothing old enough
  auto on_row = seek_completed(*cursor, query);
  while (on_row && *on_row) {
    const auto organization_id = organization_of(cursor->key());
    if (!organization_id) return bad_key("by_completed", cursor->key().size());
    if (query.organization_id && *organization_id != *query.organization_id) return end;
    const Position place = read_place(cursor->key().last(kPlaceSize));
    if (place.instant >= query.before) {
      // The rest of this organization is too young; on to the next one.
      if (query.organization_id) return end;
      const Position behind{core::kInstantMax, greatest_uuid()};
      if (++passed > kListScanMax) {
        end = {.more = true, .last = behind, .last_organization_id = *organization_id};
        return end;
      }
      on_row = cursor->seek(completed_place(*organization_id, behind).bytes());
      continue;
    }
    if (visited == query.limit) {
      end.more = true;
      return end;
    }
    auto found = stored.visit(txn, place.run_id, visit);
    if (!found) return found.error();
    if (!*found) return missing_run("by_completed", place.run_id);
    ++visited;
    end.last = place;
    end.last_organization_id = *organization_id;
    on_row = cursor->next();
  }
  if (!on_row) return on_row.error();
  return end;
}

Result<bool> read_orphans(const lmdb::ReadTxn& txn, const StoredRuns& stored,
                          const lmdb::Table& running, std::uint64_t epoch,
                          const std::optional<OrphanPlace>& after, std::size_t limit,
                          RecordVisitor visit) {
  auto cursor = lmdb::Cursor::open(txn, running);
  if (!cursor) return cursor.error();
  const OrphanPlace place = after.value_or(OrphanPlace{});
  const Key from = Key().big_endian(place.epoch).uuid(place.run_id);
  const Key end = Key().big_endian(epoch);
  std::size_t visited = 0;
  auto on_row = cursor->seek(from.bytes());
  for (; on_row && *on_row; on_row = cursor->next()) {
    const auto key = cursor->key();
    if (key.size() != from.bytes().size()) return bad_key("running", key.size());
    if (after && std::memcmp(key.data(), from.bytes().data(), key.size()) == 0) continue;
    if (std::memcmp(key.data(), end.bytes().data(), end.bytes().size()) >= 0) return false;
    if (visited == limit) return true;
    Uuid run_id{};
    std::memcpy(run_id.data, key.data() + 8, 16);
    auto found = stored.visit(txn, run_id, visit);
    if (!found) return found.error();
    if (!*found) return missing_run("running", run_id);
    ++visited;
  }
  if (!on_row) return on_row.error();
  return false;
}

Result<bool> read_runs(const lmdb::ReadTxn& txn, const lmdb::Table& runs,
                       const std::optional<Uuid>& after, std::size_t limit, RecordVisitor visit) {
  auto cursor = lmdb::Cursor::open(txn, runs);
  if (!cursor) return cursor.error();
  std::size_t visited = 0;
  auto on_row = after ? cursor->seek(id_bytes(*after)) : cursor->first();
  for (; on_row && *on_row; on_row = cursor->next()) {
    if (cursor->key().size() != 16) return bad_key("runs", cursor->key().size());
    Uuid run_id{};
    std::memcpy(run_id.data, cursor->key().data(), 16);
    if (after && run_id == *after) continue;
    if (visited == limit) return true;
    auto record = core::decode_record(run_id, cursor->value());
    if (!record) return record.error();
    visit(*record);
    ++visited;
  }
  if (!on_row) return on_row.error();
  return false;
}

}  // namespace milepost::store
