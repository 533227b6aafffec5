// SPDX-License-Identifier: Apache-2.0
//
// Counters against a count of all records after every batch, and damage.
#include "store/counter_rows.hpp"

#include <map>

#include "unit/store/tables_bed.hpp"

namespace milepost::store {
namespace {

using test::at;
using test::id;
using test::ok;
using test::record_of;
using test::SmallWorld;
using test::TablesBed;

Result<Counts> counts(TablesBed& bed, CounterScope scope, const Uuid& organization = {},
                      const Uuid& journey = {}) {
  const auto txn = bed.env().begin_read().value();
  return read_counts(txn, bed.table(Table::counters), scope, organization, journey);
}

std::uint64_t rows(TablesBed& bed) {
  const auto txn = bed.env().begin_read().value();
  return txn.count(bed.table(Table::counters)).value();
}

void add(Counts& total, RunStatus status) {
  const std::array fields{&total.queued, &total.running, &total.completed, &total.failed,
                          &total.exited};
  ++*fields[static_cast<std::size_t>(status)];
}

void check_against(TablesBed& bed, const std::map<Uuid, core::RecordView>& runs) {
  const SmallWorld world;
  Counts everything;
  std::map<Uuid, Counts> organizations;
  std::map<std::pair<Uuid, Uuid>, Counts> journeys;
  for (const auto& [run_id, run] : runs) {
    add(everything, run.status);
    add(organizations[run.organization_id], run.status);
    add(journeys[{run.organization_id, run.journey_id}], run.status);
  }
  REQUIRE(counts(bed, CounterScope::everything).value() == everything);
  for (const Uuid& organization : world.organizations) {
    REQUIRE(counts(bed, CounterScope::organization, organization).value() ==
            organizations[organization]);
    for (const Uuid& journey : world.journeys) {
      REQUIRE(counts(bed, CounterScope::journey, organization, journey).value() ==
              journeys[{organization, journey}]);
    }
  }
}

TEST_CASE("counters are exact whatever the batches did", "[store][counters]") {
  std::mt19937_64 random(milepost::test::test_seed("counters"));
  const SmallWorld world;
  TablesBed bed;
  std::map<Uuid, core::RecordView> runs;
  for (int batch = 0; batch < 60; ++batch) {
    std::vector<core::RecordView> written;
    for (int i = 0; i < 20; ++i) {
      const Uuid run_id = id(random() % 60);
      const auto known = runs.find(run_id);
      const bool taken = std::any_of(written.begin(), written.end(),
                                     [&](const auto& run) { return run.run_id == run_id; });
      if (taken) continue;
      if (known != runs.end() && random() % 4 == 0) {
        bed.remove(run_id);
        runs.erase(known);
        continue;
      }
      // Another journey or organization under a known id is a run that was removed in between.
      core::RecordView run = world.any_record(run_id, random);
      if (known != runs.end() && random() % 2 == 0) {
        const RunStatus status = core::kAllStatuses[random() % 5];
        run = record_of(run_id, status, known->second.triggered_at, known->second.created_sequence);
        run.organization_id = known->second.organization_id;
        run.journey_id = known->second.journey_id;
        run.profile_id = known->second.profile_id;
      }
      written.push_back(run);
    }
    if (!written.empty()) bed.write(written);
    for (const core::RecordView& run : written) runs[run.run_id] = run;
    check_against(bed, runs);
  }
  for (const auto& [run_id, run] : runs) bed.remove(run_id);
  check_against(bed, {});
  CHECK(rows(bed) == 0);  // a count of zero has no row
}

TEST_CASE("what does not move a run between counters writes none", "[store][counters]") {
  TablesBed bed;
  core::RecordView run = record_of(id(1), RunStatus::running, at("2023-11-07T05:31:56Z"));
  bed.write({run});
  CHECK(rows(bed) == 3);
  run.owner = "bob";
  run.fencing_token = 2;
  run.sequence = 7;
  bed.write({run});
  CHECK(rows(bed) == 3);
  CHECK(counts(bed, CounterScope::everything).value() == Counts{.running = 1});
}

TEST_CASE("a run that came and went within what was noted leaves no row", "[store][counters]") {
  TablesBed bed;
  const core::RecordView run = record_of(id(1), RunStatus::queued, Instant{});
  CounterRows noted;
  noted.note(nullptr, &run);
  noted.note(&run, nullptr);
  auto txn = bed.env().begin_write().value();
  REQUIRE(ok(noted.write(txn, bed.table(Table::counters))));
  REQUIRE(ok(txn.commit()));
  CHECK(rows(bed) == 0);
}

TEST_CASE("a counter below zero or of another size is damage", "[store][counters][damage]") {
  TablesBed bed;
  bed.write({record_of(id(1), RunStatus::queued, Instant{})});
  const Key key = counter_key(CounterScope::everything, {}, {}, RunStatus::queued);
  const std::int64_t below = -1;
  const auto negative = std::as_bytes(std::span(&below, 1));
  for (const lmdb::Bytes value : {negative, negative.first(7), lmdb::Bytes{}}) {
    bed.put(Table::counters, key.bytes(), value);
    const auto read = counts(bed, CounterScope::everything);
    REQUIRE(read.has_error());
    CHECK(read.error().code == Errc::corrupt);
    // The other scopes are whole.
    CHECK(counts(bed, CounterScope::organization).value() == Counts{.queued = 1});
  }
  // A counter that would fall below zero refuses the batch.
  CounterRows noted;
  const core::RecordView run = record_of(id(2), RunStatus::failed, Instant{});
  noted.note(&run, nullptr);
  auto txn = bed.env().begin_write().value();
  const auto written = noted.write(txn, bed.table(Table::counters));
  REQUIRE(written.has_error());
  CHECK(written.error().code == Errc::corrupt);
}

}  // namespace
}  // namespace milepost::store
