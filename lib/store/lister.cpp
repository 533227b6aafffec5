// SPDX-License-Identifier: Apache-2.0
//
// Ranges, and how a page is merged from them.
#include "store/lister.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "core/state.hpp"

namespace milepost::store {
namespace {

// When records must be looked at to know whether they match, so many at a time at the least.
constexpr std::size_t kLookAhead = 64;

const Position kLowest{Instant::min(), Uuid{}};
const Position kHighest{Instant::max(), greatest_uuid()};

Key key_at(Key prefix, const Position& place) noexcept {
  return prefix.instant(place.instant).uuid(place.run_id);
}

Error damaged_index(Table table, std::string message) {
  return Error{.code = Errc::corrupt,
               .subject = std::string("table ") + kTableNames[static_cast<std::size_t>(table)],
               .message = std::move(message),
               .advice = "Run repair on a copy of the store."};
}

/// The place a key of the range stands for; nothing if it lies outside the range.
std::optional<Position> place_in(const Key& prefix, lmdb::Bytes key) noexcept {
  const auto head = prefix.bytes();
  if (key.size() != head.size() + kPlaceSize ||
      std::memcmp(key.data(), head.data(), head.size()) != 0) {
    return std::nullopt;
  }
  return read_place(key.last(kPlaceSize));
}

/// The bucket of a row of by_profile.
Result<std::uint32_t> bucket_of(lmdb::Bytes key) {
  std::uint32_t number = 0;
  if (key.size() < sizeof number) return damaged_index(Table::by_profile, "A key is too short.");
  std::memcpy(&number, key.data(), sizeof number);
  return __builtin_bswap32(number);
}

bool matches(const RunFilter& filter, const core::RecordView& run) noexcept {
  return run.organization_id == filter.organization_id &&
         (!filter.journey_id || *filter.journey_id == run.journey_id) &&
         (!filter.profile_id || *filter.profile_id == run.profile_id) &&
         filter.statuses.contains(run.status);
}

bool comes_first(Order order, const Position& a, const Position& b) noexcept {
  return order == Order::oldest_first ? a < b : b < a;
}

}  // namespace

Uuid greatest_uuid() noexcept {
  Uuid id{};
  std::memset(id.data, 0xff, sizeof id.data);
  return id;
}

Position read_place(lmdb::Bytes tail) noexcept {
  std::uint64_t ordered = 0;
  std::memcpy(&ordered, tail.data(), 8);
  const std::uint64_t micros = __builtin_bswap64(ordered) ^ (std::uint64_t{1} << 63);
  Position place;
  place.instant = Instant(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
  std::memcpy(place.run_id.data, tail.data() + 8, 16);
  return place;
}

Result<TableHandles> open_tables(lmdb::Env& env) {
  TableHandles handles{};
  for (std::size_t i = 0; i < kTableNames.size(); ++i) {
    auto table = env.table(kTableNames[i]);
    if (!table) return table.error();
    handles[i] = *table;
  }
  return handles;
}

Result<std::vector<Lister::Range>> Lister::ranges_of(const RunFilter& filter) const {
  if (filter.profile_id) return profile_ranges(filter);
  std::vector<Range> ranges;
  for (const RunStatus status : core::kAllStatuses) {
    if (!filter.statuses.contains(status)) continue;
    Key prefix = Key().organization(filter.organization_id);
    if (filter.journey_id) prefix.uuid(*filter.journey_id);
    prefix.byte(static_cast<std::uint8_t>(status));
    ranges.push_back({filter.journey_id ? Table::by_journey : Table::by_status, prefix});
  }
  return ranges;
}

/// A range in each bucket that has a row of the profile; looking costs one seek for each bucket.
Result<std::vector<Lister::Range>> Lister::profile_ranges(const RunFilter& filter) const {
  std::vector<Range> ranges;
  auto cursor = lmdb::Cursor::open(txn_, handle_of(Table::by_profile));
  if (!cursor) return cursor.error();
  for (std::uint64_t bucket = 0; bucket <= std::numeric_limits<std::uint32_t>::max();) {
    const Key prefix = Key()
                           .big_endian(static_cast<std::uint32_t>(bucket))
                           .organization(filter.organization_id)
                           .uuid(*filter.profile_id);
    auto on_row = cursor->seek(prefix.bytes());
    if (!on_row) return on_row.error();
    if (!*on_row) break;
    if (place_in(prefix, cursor->key())) ranges.push_back({Table::by_profile, prefix});
    auto found = bucket_of(cursor->key());
    if (!found) return found.error();
    // The row is in this bucket, or it shows which one is the next that has any.
    bucket = std::max<std::uint64_t>(*found, bucket + 1);
  }
  return ranges;
}

/// Adds the range's first places within the bounds, as long as they belong to the first `wanted`.
Result<void> Lister::collect(lmdb::Cursor& cursor, const Range& range, const Bounds& bounds,
                             Order order, std::size_t wanted, std::vector<Position>& places) const {
  const bool rising = order == Order::oldest_first;
  const std::optional<Position> worst =
      places.size() == wanted ? std::optional(places.back()) : std::nullopt;
  const std::size_t before = places.size();
  auto on_row = cursor.seek(key_at(range.prefix, rising ? bounds.low : bounds.high).bytes());
  if (on_row && !rising) on_row = *on_row ? cursor.prev() : cursor.last();
  for (; on_row && *on_row; on_row = rising ? cursor.next() : cursor.prev()) {
    const auto place = place_in(range.prefix, cursor.key());
    if (!place || *place >= bounds.high || *place < bounds.low) break;
    if (bounds.low_open && *place == bounds.low) {
      if (rising) continue;
      break;
    }
    if (worst && !comes_first(order, *place, *worst)) break;
    places.push_back(*place);
    if (places.size() - before == wanted) break;
  }
  if (!on_row) return on_row.error();
  std::inplace_merge(
      places.begin(), places.begin() + static_cast<std::ptrdiff_t>(before), places.end(),
      [order](const Position& a, const Position& b) { return comes_first(order, a, b); });
  if (places.size() > wanted) places.resize(wanted);
  return {};
}

Result<std::vector<Position>> Lister::next_places(std::span<const Range> ranges,
                                                  const ListQuery& query,
                                                  const std::optional<Position>& after,
                                                  std::size_t wanted) const {
  Bounds bounds{kLowest, kHighest, false};
  if (query.filter.triggered_from) bounds.low = {*query.filter.triggered_from, Uuid{}};
  if (query.filter.triggered_to) bounds.high = {*query.filter.triggered_to, Uuid{}};
  if (after && query.order == Order::oldest_first && *after >= bounds.low) {
    bounds.low = *after;
    bounds.low_open = true;
  }
  if (after && query.order == Order::newest_first && *after < bounds.high) bounds.high = *after;
  std::vector<Position> places;
  if (ranges.empty() || bounds.high <= bounds.low) return places;
  auto cursor = lmdb::Cursor::open(txn_, handle_of(ranges.front().table));
  if (!cursor) return cursor.error();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    // Buckets are in order of creation: from the end the page begins with, few rows are in vain.
    const bool rising = query.order == Order::oldest_first;
    const Range& range = ranges[rising ? i : ranges.size() - 1 - i];
    if (auto done = collect(*cursor, range, bounds, query.order, wanted, places); !done) {
      return done.error();
    }
  }
  return places;
}

/// The records of the places, in their order. They view the map, which stays as it is for as long
/// as the transaction lives.
Result<std::vector<core::RecordView>> Lister::records_at(Table table,
                                                         std::span<const Position> places) const {
  std::vector<core::RecordView> records(places.size());
  std::vector<Uuid> run_ids;
  std::vector<std::size_t> indexes;
  for (const Position& place : places) {
    indexes.push_back(run_ids.size());
    run_ids.push_back(place.run_id);
  }
  std::size_t found = 0;
  auto visited = visit_in_order(stored_, txn_, run_ids, indexes,
                                [&](std::size_t i, const core::RecordView& record) {
                                  records[i] = record;
                                  ++found;
                                });
  if (!visited) return visited.error();
  if (found == places.size()) return records;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (records[i].created_sequence != 0) continue;
    return damaged_index(table,
                         "The index names run " + to_string(run_ids[i]) + ", which is not there.");
  }
  return records;
}

Result<ListEnd> Lister::list(const ListQuery& query, RecordVisitor visit) const {
  auto ranges = ranges_of(query.filter);
  if (!ranges) return ranges.error();
  const bool must_look =
      query.filter.profile_id && (query.filter.journey_id || !query.filter.statuses.is_all());
  ListEnd end{.more = false, .last = query.after};
  std::size_t visited = 0;
  for (std::size_t looked = 0; looked < kListScanMax;) {
    std::size_t wanted = query.limit - visited;
    if (must_look) wanted = std::min(std::max(wanted, kLookAhead), kListScanMax - looked);
    // One more than wanted, to know whether there is more.
    auto places = next_places(*ranges, query, end.last, wanted + 1);
    if (!places) return places.error();
    end.more = places->size() > wanted;
    if (end.more) places->pop_back();
    if (places->empty()) return end;
    const Table table = ranges->front().table;
    auto records = records_at(table, *places);
    if (!records) return records.error();
    for (std::size_t i = 0; i < places->size(); ++i) {
      end.last = (*places)[i];
      const core::RecordView& record = (*records)[i];
      if (!matches(query.filter, record)) {
        if (must_look) continue;
        return damaged_index(table, "A row does not fit run " + to_string(record.run_id) + ".");
      }
      visit(record);
      if (++visited < query.limit) continue;
      end.more = end.more || i + 1 < places->size();
      return end;
    }
    if (!end.more) return end;
    looked += places->size();
  }
  return end;
}

}  // namespace milepost::store
