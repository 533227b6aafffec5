// SPDX-License-Identifier: Apache-2.0
//
// milepost_snapshot: one moment of a store, and the reads from it.
#include <algorithm>

#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/reads.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

Result<void> open_snapshot(milepost_tracker tracker, const When& when, milepost_snapshot* out) {
  return use_to_make(tracker, out, [&](TrackerObject& object) -> Result<void> {
    Input in;
    const SnapshotOptions options{
        .freshness = in.enumerator(when.freshness, Freshness::published, "freshness"),
        .deadline = in.deadline(when.timeout_ms)};
    if (!in.ok()) return in.problem();
    auto made = object.tracker.snapshot(options);
    if (!made) return made.error();
    hand_out(out, std::unique_ptr<SnapshotObject>(new SnapshotObject{
                      .tracker = trackers.pin(tracker.value),
                      .snapshot = OwnedHere<Snapshot>(new Snapshot(std::move(*made)))}));
    return {};
  });
}

Result<void> get_json(const Snapshot& snapshot, const Whom& whom, char* out, std::size_t capacity,
                      std::size_t* size) {
  Input in;
  const Uuid id = in.id(whom.run_id, "run_id");
  in.not_null(out, "out");
  in.not_null(size, "size");
  if (!in.ok()) return in.problem();
  const auto json =
      snapshot.get_json(id, {.organization_id = Input::id_or_nil(whom.organization_id)});
  if (!json) return json.error();
  if (json->size() > capacity) {
    return invalid(std::to_string(capacity) + " bytes",
                   "The buffer is too small for this run's JSON.",
                   "Give MILEPOST_RUN_JSON_MAX bytes.");
  }
  std::copy(json->begin(), json->end(), out);
  *size = json->size();
  return {};
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_tracker_snapshot(milepost_tracker tracker, int32_t freshness,
                                          int64_t timeout_ms, milepost_snapshot* snapshot,
                                          milepost_error* err) noexcept {
  return guard(err, [&] { return open_snapshot(tracker, {freshness, timeout_ms}, snapshot); });
}

milepost_status milepost_snapshot_sequence(milepost_snapshot snapshot, uint64_t* sequence,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(snapshot, [&](SnapshotObject& object) -> milepost::Result<void> {
      if (sequence == nullptr) return null_argument("sequence");
      *sequence = object.snapshot->sequence();
      return {};
    });
  });
}

milepost_status milepost_snapshot_get(milepost_snapshot snapshot, const milepost_id* run_id,
                                      const milepost_id* organization_id, milepost_run* run,
                                      char* text, size_t capacity, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(snapshot, [&](SnapshotObject& object) {
      return read_run(*object.snapshot, {run_id, organization_id}, {run, text, capacity});
    });
  });
}

milepost_status milepost_snapshot_get_json(milepost_snapshot snapshot, const milepost_id* run_id,
                                           const milepost_id* organization_id, char* out,
                                           size_t capacity, size_t* size,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(snapshot, [&](SnapshotObject& object) {
      return get_json(*object.snapshot, {run_id, organization_id}, out, capacity, size);
    });
  });
}

milepost_status milepost_snapshot_get_many(milepost_snapshot snapshot, const milepost_id* run_ids,
                                           size_t count, const milepost_id* organization_id,
                                           milepost_runs* runs, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone_to_make(snapshot, runs, [&](SnapshotObject& object) {
      return read_many(*object.snapshot, run_ids, count, organization_id, runs);
    });
  });
}

milepost_status milepost_snapshot_list(milepost_snapshot snapshot, const milepost_filter* filter,
                                       const milepost_page_options* page, milepost_runs* runs,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone_to_make(snapshot, runs, [&](SnapshotObject& object) {
      return read_list(*object.snapshot, filter, page, runs);
    });
  });
}

milepost_status milepost_snapshot_list_json(milepost_snapshot snapshot,
                                            const milepost_filter* filter,
                                            const milepost_page_options* page,
                                            milepost_json_page* json,
                                            milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone_to_make(snapshot, json, [&](SnapshotObject& object) {
      return read_list_json(*object.snapshot, filter, page, json);
    });
  });
}

milepost_status milepost_snapshot_counts(milepost_snapshot snapshot,
                                         const milepost_id* organization_id,
                                         const milepost_id* journey_id, milepost_counts* counts,
                                         milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(snapshot, [&](SnapshotObject& object) {
      return read_counts(*object.snapshot, organization_id, journey_id, {}, counts);
    });
  });
}

milepost_status milepost_snapshot_changes(milepost_snapshot snapshot, uint64_t after,
                                          uint64_t limit, const milepost_id* store_id,
                                          milepost_changes* changes, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone_to_make(snapshot, changes, [&](SnapshotObject& object) {
      return read_changes(*object.snapshot, {after, limit, store_id}, {}, changes);
    });
  });
}

void milepost_snapshot_free(milepost_snapshot snapshot) noexcept { release(snapshot); }
