// SPDX-License-Identifier: Apache-2.0
//
// milepost_tracker: the calls that read runs.
#include <algorithm>
#include <span>

#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/reads.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

struct JsonRoom {
  char* out;
  std::size_t capacity;
  std::size_t* size;
};

Result<void> get_json(TrackerObject& object, const Whom& whom, const JsonRoom& room) {
  if (whom.run_id == nullptr) return null_argument("run_id");
  if (room.out == nullptr) return null_argument("out");
  if (room.size == nullptr) return null_argument("size");
  const std::size_t capacity = std::min<std::size_t>(room.capacity, kRunJsonSizeMax);
  const auto size =
      object.tracker.get_json(to_uuid(*whom.run_id), std::span(room.out, capacity),
                              {.organization_id = Input::id_or_nil(whom.organization_id)});
  if (!size) return size.error();
  *room.size = *size;
  return {};
}

Result<void> wait(TrackerObject& object, const Whom& whom, std::int64_t timeout_ms,
                  const RunRoom& room) {
  Input in;
  const Uuid id = in.id(whom.run_id, "run_id");
  const WaitOptions options{.organization_id = Input::id_or_nil(whom.organization_id),
                            .deadline = in.deadline(timeout_ms)};
  room.check(in);
  if (!in.ok()) return in.problem();
  const auto run = object.tracker.wait(id, options);
  if (!run) return run.error();
  room.fill(&*run);
  return {};
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_filter_init(milepost_filter* filter, size_t size) noexcept {
  return init_sized(filter, size, filter_defaults());
}

milepost_status milepost_page_options_init(milepost_page_options* options, size_t size) noexcept {
  return init_sized(options, size, page_defaults());
}

milepost_status milepost_tracker_get(milepost_tracker tracker, const milepost_id* run_id,
                                     const milepost_id* organization_id, milepost_run* run,
                                     char* text, size_t capacity, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      return read_run(object.tracker, {run_id, organization_id}, {run, text, capacity});
    });
  });
}

milepost_status milepost_tracker_get_json(milepost_tracker tracker, const milepost_id* run_id,
                                          const milepost_id* organization_id, char* out,
                                          size_t capacity, size_t* size,
                                          milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      return get_json(object, {run_id, organization_id}, {out, capacity, size});
    });
  });
}

milepost_status milepost_tracker_get_many(milepost_tracker tracker, const milepost_id* run_ids,
                                          size_t count, const milepost_id* organization_id,
                                          milepost_runs* runs, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, runs, [&](TrackerObject& object) {
      return read_many(object.tracker, run_ids, count, organization_id, runs);
    });
  });
}

milepost_status milepost_tracker_wait(milepost_tracker tracker, const milepost_id* run_id,
                                      const milepost_id* organization_id, int64_t timeout_ms,
                                      milepost_run* run, char* text, size_t capacity,
                                      milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      return wait(object, {run_id, organization_id}, timeout_ms, {run, text, capacity});
    });
  });
}

milepost_status milepost_tracker_list(milepost_tracker tracker, const milepost_filter* filter,
                                      const milepost_page_options* page, milepost_runs* runs,
                                      milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, runs, [&](TrackerObject& object) {
      return read_list(object.tracker, filter, page, runs);
    });
  });
}

milepost_status milepost_tracker_list_json(milepost_tracker tracker, const milepost_filter* filter,
                                           const milepost_page_options* page,
                                           milepost_json_page* json, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, json, [&](TrackerObject& object) {
      return read_list_json(object.tracker, filter, page, json);
    });
  });
}

milepost_status milepost_tracker_counts(milepost_tracker tracker,
                                        const milepost_id* organization_id,
                                        const milepost_id* journey_id, int32_t freshness,
                                        int64_t timeout_ms, milepost_counts* counts,
                                        milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      return read_counts(object.tracker, organization_id, journey_id, {freshness, timeout_ms},
                         counts);
    });
  });
}

milepost_status milepost_tracker_changes(milepost_tracker tracker, uint64_t after, uint64_t limit,
                                         const milepost_id* store_id, int32_t freshness,
                                         int64_t timeout_ms, milepost_changes* changes,
                                         milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, changes, [&](TrackerObject& object) {
      return read_changes(object.tracker, {after, limit, store_id}, {freshness, timeout_ms},
                          changes);
    });
  });
}
