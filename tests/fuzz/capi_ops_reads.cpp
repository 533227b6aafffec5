// SPDX-License-Identifier: Apache-2.0
//
// The machine's calls that read, and those of upkeep.
#include <array>

#include "fuzz/capi_ops.hpp"

namespace milepost::fuzz {

Roomy<milepost_page_options> OpMachine::any_page() {
  Roomy<milepost_page_options> page;
  require(milepost_page_options_init(&page.value, sizeof page.value) == MILEPOST_OK);
  page.value.order = number(1);
  page.value.freshness = number(1);
  page.value.limit = limit();
  page.value.timeout_ms = timeout();
  if (bytes_.below<unsigned>(3) == 0) page.value.cursor = text();
  if (bytes_.below<unsigned>(3) == 0 && !runs_.empty()) {
    // Valid until that result is freed, which is not before the call.
    milepost_text next{};
    if (milepost_runs_next(pick(runs_), &next, nullptr) == MILEPOST_OK) page.value.cursor = next;
  }
  bend(page);
  return page;
}

Roomy<milepost_filter> OpMachine::any_filter() {
  Roomy<milepost_filter> filter;
  require(milepost_filter_init(&filter.value, sizeof filter.value) == MILEPOST_OK);
  if (bytes_.flag()) filter.value.statuses = bytes_.below<std::uint32_t>(40);
  if (bytes_.flag()) filter.value.organization_id = id();
  filter.value.has_journey_id = boolean();
  filter.value.journey_id = id();
  if (bytes_.flag()) {
    filter.value.has_profile_id = boolean();
    filter.value.profile_id = id();
    filter.value.has_triggered_from = boolean();
    filter.value.triggered_from = bytes_.take<std::int64_t>() >> bytes_.below<unsigned>(40);
    filter.value.has_triggered_to = boolean();
    filter.value.triggered_to = bytes_.take<std::int64_t>() >> bytes_.below<unsigned>(40);
  }
  bend(filter);
  return filter;
}

void OpMachine::read_one() {
  const milepost_tracker tracker = pick(trackers_);
  const milepost_snapshot snapshot = pick(snapshots_);
  const milepost_id run_id = id();
  const milepost_id* const organization = maybe_id();
  Roomy<milepost_run> run = answer<milepost_run>();
  std::vector<char> room(bytes_.flag() ? MILEPOST_RUN_JSON_MAX : bytes_.below<std::size_t>(300));
  std::size_t size = ~std::size_t{0};
  milepost_status status = 0;
  switch (bytes_.below<unsigned>(6)) {
    case 0:
      status = milepost_tracker_get(tracker, &run_id, organization, &run.value, room.data(),
                                    room.size(), error());
      break;
    case 1:
      status = milepost_tracker_get_json(tracker, &run_id, organization, room.data(), room.size(),
                                         &size, error());
      break;
    case 2:
      status = milepost_snapshot_get(snapshot, &run_id, organization, &run.value, room.data(),
                                     room.size(), error());
      break;
    case 3:
      status = milepost_snapshot_get_json(snapshot, &run_id, organization, room.data(), room.size(),
                                          &size, error());
      break;
    case 4:
      status = milepost_tracker_wait(tracker, &run_id, organization, timeout(), &run.value,
                                     room.data(), room.size(), error());
      break;
    default:
      status = milepost_run_json(&run.value, room.data(), room.size(), &size, error());
  }
  (void)check(status);
  if (status == MILEPOST_OK && size != ~std::size_t{0}) require(size <= room.size(), "it fits");
}

void OpMachine::read_many() {
  const milepost_tracker tracker = pick(trackers_);
  const milepost_snapshot snapshot = pick(snapshots_);
  const Roomy<milepost_page_options> page = any_page();
  const Roomy<milepost_filter> filter = any_filter();
  const std::array<milepost_id, 3> ids{id(), id(), id()};
  const std::size_t count = bytes_.below<unsigned>(40) == 0 ? 10'001 : bytes_.below<std::size_t>(4);
  milepost_runs runs{1};
  milepost_json_page json{1};
  milepost_changes changes{1};
  Roomy<milepost_counts> counts = answer<milepost_counts>();
  const milepost_id* const organization = maybe_id();
  const auto after = bytes_.below<std::uint64_t>(20);
  switch (bytes_.below<unsigned>(11)) {
    case 0:
      return keep(check(milepost_tracker_list(tracker, &filter.value, &page.value, &runs, error())),
                  runs, runs_);
    case 1:
      return keep(check(milepost_snapshot_list(snapshot, &filter.value, nullptr, &runs, error())),
                  runs, runs_);
    case 2:
      return keep(
          check(milepost_tracker_list_json(tracker, &filter.value, &page.value, &json, error())),
          json, json_pages_);
    case 3:
      return keep(
          check(milepost_snapshot_list_json(snapshot, nullptr, &page.value, &json, error())), json,
          json_pages_);
    case 4:
      return keep(check(milepost_tracker_get_many(tracker, ids.data(), count, organization, &runs,
                                                  error())),
                  runs, runs_);
    case 5:
      return keep(check(milepost_snapshot_get_many(snapshot, ids.data(), count, organization, &runs,
                                                   error())),
                  runs, runs_);
    case 6:
      return keep(check(milepost_tracker_changes(tracker, after, limit(), organization, number(1),
                                                 timeout(), &changes, error())),
                  changes, changes_);
    case 7:
      return keep(check(milepost_snapshot_changes(snapshot, after, limit(), organization, &changes,
                                                  error())),
                  changes, changes_);
    case 8:
      (void)check(milepost_tracker_counts(tracker, organization, &ids[0], number(1), timeout(),
                                          &counts.value, error()));
      return;
    case 9:
      (void)check(
          milepost_snapshot_counts(snapshot, organization, nullptr, &counts.value, error()));
      return;
    default:
      return keep(check(milepost_tracker_expired(tracker, limit(), &runs, error())), runs, runs_);
  }
}

void OpMachine::purge() {
  Roomy<milepost_purge_options> options;
  (void)milepost_purge_options_init(&options.value, sizeof options.value);
  options.value.completed_before = bytes_.take<std::int64_t>();
  options.value.limit = limit();
  options.value.dry_run = boolean();
  options.value.cursor = text();
  options.value.timeout_ms = timeout();
  bend(options);
  Roomy<milepost_purge_report> report = answer<milepost_purge_report>();
  (void)check(milepost_tracker_purge(pick(trackers_), &options.value, &report.value, error()));
}

void OpMachine::bulk() {
  Roomy<milepost_bulk_options> options;
  (void)milepost_bulk_options_init(&options.value, sizeof options.value);
  options.value.action = number(1);
  options.value.error = text();
  options.value.limit = limit();
  options.value.dry_run = boolean();
  options.value.timeout_ms = timeout();
  bend(options);
  const Roomy<milepost_filter> filter = any_filter();
  Roomy<milepost_bulk_report> report = answer<milepost_bulk_report>();
  milepost_runs runs{1};
  keep(check(milepost_tracker_bulk(pick(trackers_), &filter.value, &options.value, &report.value,
                                   &runs, error())),
       runs, runs_);
}

void OpMachine::upkeep() {
  const milepost_tracker tracker = pick(trackers_);
  const milepost_id profile = id();
  const milepost_text why = text();
  milepost_runs runs{1};
  milepost_snapshot snapshot{1};
  milepost_subscription feed{1};
  milepost_stats stats{1};
  std::uint64_t number_out = 0;
  std::uint8_t more = 0;
  milepost_id store{};
  switch (bytes_.below<unsigned>(13)) {
    case 0:
      return purge();
    case 1:
      return bulk();
    case 2: {
      Roomy<milepost_erasure> erasure = answer<milepost_erasure>();
      (void)check(milepost_tracker_erase_profile(tracker, &profile, maybe_id(), timeout(),
                                                 &erasure.value, error()));
      return;
    }
    case 3:
      (void)check(milepost_tracker_fail_orphans(tracker, why.data, why.size, limit(), timeout(),
                                                &number_out, &more, error()));
      return;
    case 4: {
      const Roomy<milepost_page_options> page = any_page();
      return keep(check(milepost_tracker_orphans(tracker, &page.value, &runs, error())), runs,
                  runs_);
    }
    case 5:
      return keep(
          check(milepost_tracker_snapshot(tracker, number(1), timeout(), &snapshot, error())),
          snapshot, snapshots_);
    case 6:
      return keep(check(milepost_tracker_subscribe(
                      tracker, bytes_.flag() ? MILEPOST_FROM_NOW : bytes_.below<std::uint64_t>(9),
                      maybe_id(), &feed, error())),
                  feed, subscriptions_);
    case 7:
      return keep(check(milepost_tracker_stats(tracker, &stats, error())), stats, stats_);
    case 8:
      (void)check(milepost_tracker_flush(tracker, timeout(), error()));
      return;
    case 9:
      (void)check(milepost_tracker_store_id(tracker, &store, error()));
      return;
    case 10:
      (void)check(milepost_tracker_unpublished(tracker, &number_out, error()));
      return;
    case 11:
      (void)check(milepost_tracker_set_clock(tracker, bytes_.take<std::int64_t>() >> 8, error()));
      return;
    default:
      (void)check(milepost_snapshot_sequence(pick(snapshots_), &number_out, error()));
  }
}

}  // namespace milepost::fuzz
