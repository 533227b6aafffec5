// SPDX-License-Identifier: Apache-2.0
//
// milepost_tracker: opening, closing, and what is about the store as a whole.
#include <string>

#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/log_hook.hpp"
#include "capi/numbers.hpp"
#include "capi/objects.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

milepost_open_options open_defaults() noexcept {
  const OpenOptions from;
  milepost_open_options made{};
  made.durability = static_cast<std::int32_t>(from.durability);
  made.create = from.create ? 1 : 0;
  made.readers_max = from.readers_max;
  made.wait_max_ms = from.wait_max.count();
  made.map_size_start = from.map_size_start;
  made.map_size_max = from.map_size_max;
  made.recent_bytes_max = from.recent_bytes_max;
  made.publish_interval_ms = from.publish_interval.count();
  made.journal_segment_bytes = from.journal_segment_bytes;
  made.journal_bytes_max = from.journal_bytes_max;
  made.relaxed_delay_max_ms = from.relaxed_delay_max.count();
  made.relaxed_bytes_max = from.relaxed_bytes_max;
  made.feed_retention = from.feed_retention;
  made.idempotency_key_lifetime_s = from.idempotency_key_lifetime.count();
  made.snapshot_age_max_ms = from.snapshot_age_max.count();
  return made;
}

OpenOptions to_options(Input& in, const milepost_open_options& from) {
  using std::chrono::milliseconds;
  OpenOptions made;
  made.directory = in.text(from.directory, "directory");
  made.create = in.flag(from.create, "create");
  made.read_only = in.flag(from.read_only, "read_only");
  made.durability = in.enumerator(from.durability, Durability::relaxed, "durability");
  made.wait_max = milliseconds(from.wait_max_ms);
  made.map_size_start = from.map_size_start;
  made.map_size_max = from.map_size_max;
  made.readers_max = from.readers_max;
  made.recent_bytes_max = static_cast<std::size_t>(from.recent_bytes_max);
  made.publish_interval = milliseconds(from.publish_interval_ms);
  made.journal_segment_bytes = from.journal_segment_bytes;
  made.journal_bytes_max = from.journal_bytes_max;
  made.relaxed_delay_max = milliseconds(from.relaxed_delay_max_ms);
  made.relaxed_bytes_max = static_cast<std::size_t>(from.relaxed_bytes_max);
  made.feed_retention = from.feed_retention;
  made.idempotency_key_lifetime = std::chrono::seconds(from.idempotency_key_lifetime_s);
  made.snapshot_age_max = milliseconds(from.snapshot_age_max_ms);
  made.allow_unsupported_filesystem =
      in.flag(from.allow_unsupported_filesystem, "allow_unsupported_filesystem");
  made.log = log_hook(from.log, from.log_user);
  return made;
}

Result<void> open(const milepost_open_options* options, milepost_tracker* out) {
  if (out == nullptr) return null_argument("tracker");
  out->value = 0;
  if (hook_threads.has_this_thread()) return called_by_hook();
  Input in;
  const milepost_open_options given = in.sized(options, open_defaults(), "options");
  OpenOptions made = to_options(in, given);
  const bool manual = in.flag(given.manual_clock, "manual_clock");
  if (!in.ok()) return in.problem();
  std::shared_ptr<ManualClock> clock;
  if (manual) {
    clock = std::make_shared<ManualClock>(given.clock);
    made.clock = [clock] { return clock->now(); };
    made.steady_clock = [clock] { return clock->steady_now(); };
  }
  auto opened = Tracker::open(made);
  if (!opened) return opened.error();
  hand_out(out,
           std::make_unique<TrackerObject>(std::move(*opened), std::move(clock), made.wait_max));
  return {};
}

Result<void> close(milepost_tracker tracker) {
  if (hook_threads.has_this_thread()) return called_by_hook();
  const auto pin = trackers.retire(tracker.value);
  if (!pin) return trackers.refusal(tracker.value);
  pin->works.end_all();
  return pin->tracker.close();
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_open_options_init(milepost_open_options* options, size_t size) noexcept {
  return init_sized(options, size, open_defaults());
}

milepost_status milepost_tracker_open(const milepost_open_options* options,
                                      milepost_tracker* tracker, milepost_error* err) noexcept {
  return guard(err, [&] { return open(options, tracker); });
}

milepost_status milepost_tracker_close(milepost_tracker tracker, milepost_error* err) noexcept {
  return guard(err, [&] { return close(tracker); });
}

milepost_status milepost_tracker_flush(milepost_tracker tracker, int64_t timeout_ms,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) -> milepost::Result<void> {
      Input in;
      const auto deadline = in.deadline(timeout_ms);
      if (!in.ok()) return in.problem();
      return object.tracker.flush({.deadline = deadline});
    });
  });
}

milepost_status milepost_tracker_store_id(milepost_tracker tracker, milepost_id* store_id,
                                          milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) -> milepost::Result<void> {
      if (store_id == nullptr) return null_argument("store_id");
      const auto id = object.tracker.store_id();
      if (!id) return id.error();
      *store_id = to_id(*id);
      return {};
    });
  });
}

milepost_status milepost_tracker_unpublished(milepost_tracker tracker, uint64_t* effects,
                                             milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) -> milepost::Result<void> {
      if (effects == nullptr) return null_argument("effects");
      const auto count = object.tracker.unpublished();
      if (!count) return count.error();
      *effects = *count;
      return {};
    });
  });
}

milepost_status milepost_tracker_set_clock(milepost_tracker tracker, int64_t instant,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) -> milepost::Result<void> {
      if (object.clock == nullptr) {
        return invalid("tracker", "The tracker has a real clock.",
                       "Open it with manual_clock for tests.");
      }
      object.clock->set(instant);
      return {};
    });
  });
}
