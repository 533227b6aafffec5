// SPDX-License-Identifier: Apache-2.0
//
// The lister against a look at every record: ranges of statuses and buckets, bounds, places to go
// on from, its budget, and damage.
#include "store/lister.hpp"

#include "unit/store/tables_bed.hpp"

namespace milepost::store {
namespace {

using test::at;
using test::greatest_id;
using test::id;
using test::ok;
using test::record_of;
using test::SmallWorld;
using test::TablesBed;

constexpr std::array kOrders{Order::newest_first, Order::oldest_first};

struct Listed {
  std::vector<core::RecordView> records;  ///< Their texts are empty.
  ListEnd end;
};

Result<Listed> try_list(TablesBed& bed, const ListQuery& query) {
  const auto txn = bed.env().begin_read().value();
  Listed listed;
  auto end =
      Lister(txn, bed.stored(), bed.tables()).list(query, [&](const core::RecordView& record) {
        listed.records.push_back(record);
        listed.records.back().error = {};
      });
  if (!end) return end.error();
  listed.end = *end;
  return listed;
}

Listed list(TablesBed& bed, const ListQuery& query) { return try_list(bed, query).value(); }

Position place_of(const core::RecordView& record) { return {record.triggered_at, record.run_id}; }

bool comes_first(Order order, const Position& a, const Position& b) {
  return order == Order::oldest_first ? a < b : b < a;
}

/// What a query must yield, without its limit.
std::vector<core::RecordView> expected(const std::vector<core::RecordView>& all,
                                       const ListQuery& query) {
  std::vector<core::RecordView> found;
  const RunFilter& filter = query.filter;
  for (const core::RecordView& run : all) {
    const bool fits = run.organization_id == filter.organization_id &&
                      (!filter.journey_id || run.journey_id == *filter.journey_id) &&
                      (!filter.profile_id || run.profile_id == *filter.profile_id) &&
                      filter.statuses.contains(run.status) &&
                      (!filter.triggered_from || run.triggered_at >= *filter.triggered_from) &&
                      (!filter.triggered_to || run.triggered_at < *filter.triggered_to);
    const bool behind = !query.after || comes_first(query.order, *query.after, place_of(run));
    if (fits && behind) found.push_back(run);
  }
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    return comes_first(query.order, place_of(a), place_of(b));
  });
  return found;
}

RunFilter any_filter(const SmallWorld& world, std::mt19937_64& random) {
  const auto any = [&](const auto& values) { return values[random() % values.size()]; };
  const auto bound = [&]() -> std::optional<Instant> {
    switch (random() % 8) {
      case 0:
        return Instant::min();
      case 1:
        return Instant::max();
      case 2:
        return any(world.instants) + std::chrono::microseconds(1);
      case 3:
      case 4:
        return any(world.instants);
      default:
        return std::nullopt;
    }
  };
  RunFilter filter;
  filter.organization_id = random() % 8 == 0 ? id(9) : any(world.organizations);
  if (random() % 2 == 0) filter.journey_id = any(world.journeys);
  if (random() % 2 == 0) filter.profile_id = any(world.profiles);
  if (random() % 2 == 0) {
    filter.statuses = {core::kAllStatuses[random() % 5], core::kAllStatuses[random() % 5]};
  }
  filter.triggered_from = bound();
  filter.triggered_to = bound();
  return filter;
}

std::vector<core::RecordView> some_records(std::size_t count, std::mt19937_64& random) {
  const SmallWorld world;
  std::vector<core::RecordView> records;
  for (std::size_t i = 0; i < count; ++i) {
    const Uuid run_id = i == 0 ? Uuid{} : i == 1 ? greatest_id() : id(i, i % 2 == 0 ? 0 : 0xf0);
    records.push_back(world.any_record(run_id, random));
  }
  return records;
}

TEST_CASE("random questions are answered as by a look at every record", "[store][lister]") {
  std::mt19937_64 random(milepost::test::test_seed("lister"));
  const SmallWorld world;
  TablesBed bed;
  const auto all = some_records(1'500, random);
  bed.write(all);
  for (int i = 0; i < 3'000; ++i) {
    ListQuery query{.filter = any_filter(world, random),
                    .order = kOrders[random() % 2],
                    .limit = 1 + random() % 40};
    if (random() % 2 == 0) query.after = place_of(all[random() % all.size()]);
    if (random() % 8 == 0) query.after = Position{Instant::max(), greatest_id()};
    if (random() % 8 == 0) query.after = Position{Instant::min(), Uuid{}};
    const auto whole = expected(all, query);
    const Listed page = list(bed, query);
    REQUIRE(page.records.size() == std::min(query.limit, whole.size()));
    REQUIRE(std::equal(page.records.begin(), page.records.end(), whole.begin()));
    if (!page.end.more) REQUIRE(page.records.size() == whole.size());
    if (!page.records.empty() && page.end.more) {
      REQUIRE(page.end.last == place_of(page.records.back()));
    }
  }
}

TEST_CASE("where nothing must be looked at, more means that there is more", "[store][lister]") {
  std::mt19937_64 random(milepost::test::test_seed("lister more"));
  const SmallWorld world;
  TablesBed bed;
  const auto all = some_records(300, random);
  bed.write(all);
  for (int i = 0; i < 500; ++i) {
    ListQuery query{.filter = any_filter(world, random), .order = kOrders[random() % 2]};
    if (query.filter.profile_id) {
      query.filter.journey_id = std::nullopt;
      query.filter.statuses = {};
    }
    const std::size_t whole = expected(all, query).size();
    for (const std::size_t limit : {whole - 1, whole, whole + 1}) {
      if (limit == 0 || limit > whole + 1) continue;
      query.limit = limit;
      REQUIRE(list(bed, query).end.more == (limit < whole));
    }
  }
}

TEST_CASE("a profile's runs are found in every bucket, the first and the last there can be",
          "[store][lister]") {
  TablesBed bed;
  const SmallWorld world;
  std::vector<core::RecordView> all;
  const Instant start = at("2023-11-07T05:31:56Z");
  // Triggered at in the opposite order of creation, so that buckets overlap in no direction.
  for (std::size_t i = 0; i < world.buckets.size(); ++i) {
    const std::uint64_t first = world.buckets[i] << kProfileBucketShift;
    const std::uint64_t last = first + (1u << kProfileBucketShift) - 1;
    for (const std::uint64_t sequence : {std::max<std::uint64_t>(first, 1), last}) {
      const auto back = std::chrono::seconds(all.size());
      all.push_back(record_of(id(all.size()), RunStatus::queued, start - back, sequence));
    }
  }
  bed.write(all);
  for (const Order order : kOrders) {
    for (const std::size_t limit : {1u, 3u, 10u}) {
      ListQuery query{.filter = {.profile_id = id(2, 2)}, .order = order, .limit = limit};
      std::vector<core::RecordView> walked;
      for (Listed page = list(bed, query);; page = list(bed, query)) {
        walked.insert(walked.end(), page.records.begin(), page.records.end());
        query.after = page.end.last;
        if (!page.end.more) break;
      }
      REQUIRE(walked == expected(all, {.filter = query.filter, .order = order}));
    }
  }
}

TEST_CASE("a profile without runs costs no record, whoever else has some", "[store][lister]") {
  TablesBed bed;
  bed.write({record_of(id(1), RunStatus::queued, at("2023-11-07T05:31:56Z"))});
  for (const Uuid& profile : {Uuid{}, id(1, 2), id(3, 2), greatest_id()}) {
    const Listed page = list(bed, {.filter = {.profile_id = profile}, .limit = 10});
    CHECK(page.records.empty());
    CHECK_FALSE(page.end.more);
  }
  TablesBed empty;
  CHECK_FALSE(list(empty, {.filter = {.profile_id = id(2, 2)}, .limit = 10}).end.more);
  CHECK_FALSE(list(empty, {.limit = 10}).end.more);
}

/// A profile's `count` queued runs, a second apart, and the one at `failed` failed.
std::vector<core::RecordView> long_history(std::size_t count, std::size_t failed) {
  std::vector<core::RecordView> records;
  const Instant start = at("2023-11-07T05:31:56Z");
  for (std::size_t i = 0; i < count; ++i) {
    const RunStatus status = i == failed ? RunStatus::failed : RunStatus::queued;
    records.push_back(record_of(id(i), status, start + std::chrono::seconds(i)));
  }
  return records;
}

TEST_CASE("a page looks at 10,000 rows of a profile and not at one more",
          "[store][lister][limits]") {
  const std::size_t most = kListScanMax;
  struct Row {
    std::size_t runs;
    std::size_t failed;  ///< Which one, in the order of the list.
    std::size_t found;   ///< On the first page.
    bool more;           ///< After the first page.
  };
  const Row rows[] = {
      {most - 1, most, 0, false},        {most, most, 0, false},
      {most + 1, most + 1, 0, true},     {most, most - 1, 1, false},
      {most + 1, most - 1, 1, true},     {most + 1, most, 0, true},
      {2 * most + 1, 2 * most, 0, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.runs, row.failed);
    TablesBed bed;
    bed.write(long_history(row.runs, row.failed));
    ListQuery query{.filter = {.profile_id = id(2, 2), .statuses = RunStatus::failed},
                    .order = Order::oldest_first,
                    .limit = 7};
    Listed page = list(bed, query);
    CHECK(page.records.size() == row.found);
    CHECK(page.end.more == row.more);
    std::size_t found = page.records.size();
    for (std::size_t pages = 1; page.end.more; ++pages) {
      REQUIRE(pages <= row.runs / most);
      REQUIRE(page.end.last == place_of(record_of(id(pages * most - 1), RunStatus::queued,
                                                  at("2023-11-07T05:31:56Z") +
                                                      std::chrono::seconds(pages * most - 1))));
      query.after = page.end.last;
      page = list(bed, query);
      found += page.records.size();
    }
    CHECK(found == (row.failed < row.runs ? 1 : 0));
  }
}

TEST_CASE("places are ordered by instant, then by id, and come out of keys as they went in",
          "[store][lister]") {
  const std::vector<Position> places{{Instant::min(), Uuid{}},
                                     {Instant::min(), greatest_id()},
                                     {core::kInstantMin, id(1)},
                                     {Instant{}, id(1)},
                                     {Instant{}, id(2)},
                                     {core::kInstantMax, Uuid{}},
                                     {Instant::max(), greatest_id()}};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Key key = Key().instant(places[i].instant).uuid(places[i].run_id);
    CHECK(read_place(key.bytes()) == places[i]);
    for (std::size_t j = 0; j < places.size(); ++j) CHECK((places[i] < places[j]) == (i < j));
  }
}

TEST_CASE("an index row without its run is damage, and said to be", "[store][lister][damage]") {
  TablesBed bed;
  bed.write({record_of(id(1), RunStatus::queued, Instant{}),
             record_of(id(2), RunStatus::queued, Instant{})});
  bed.erase(Table::runs, id_bytes(id(2)));
  for (const RunFilter& filter :
       {RunFilter{}, RunFilter{.journey_id = id(1, 1)}, RunFilter{.profile_id = id(2, 2)},
        RunFilter{.profile_id = id(2, 2), .statuses = RunStatus::queued}}) {
    const auto listed = try_list(bed, {.filter = filter, .limit = 10});
    REQUIRE(listed.has_error());
    CHECK(listed.error().code == Errc::corrupt);
    CHECK(listed.error().message.find(to_string(id(2))) != std::string::npos);
  }
}

TEST_CASE("an index row that does not fit its run is damage, and said to be",
          "[store][lister][damage]") {
  TablesBed bed;
  bed.write({record_of(id(1), RunStatus::queued, Instant{})});
  core::RecordView wrong = record_of(id(1), RunStatus::failed, Instant{});
  bed.put(Table::by_status, status_key(wrong).bytes());
  bed.put(Table::by_journey, journey_key(wrong).bytes());
  for (const RunFilter& filter :
       {RunFilter{.statuses = RunStatus::failed},
        RunFilter{.journey_id = id(1, 1), .statuses = RunStatus::failed}}) {
    const auto listed = try_list(bed, {.filter = filter, .limit = 10});
    REQUIRE(listed.has_error());
    CHECK(listed.error().code == Errc::corrupt);
  }
  CHECK(list(bed, {.filter = {.statuses = RunStatus::queued}, .limit = 10}).records.size() == 1);
  bed.put(Table::by_profile, lmdb::as_bytes("\x01"));
  const auto listed = try_list(bed, {.filter = {.profile_id = id(2, 2)}, .limit = 10});
  REQUIRE(listed.has_error());
  CHECK(listed.error().code == Errc::corrupt);
}

}  // namespace
}  // namespace milepost::store
