// SPDX-License-Identifier: Apache-2.0
//
// Opening and closing, texts of ids and instants, the library itself.
#include <string.h>

#include "wire.h"

static void put_options(mj_out* out, const milepost_open_options* o) {
  mj_put_i32(out, o->durability);
  mj_put_u8(out, o->create);
  mj_put_u8(out, o->read_only);
  mj_put_u8(out, o->allow_unsupported_filesystem);
  mj_put_i32(out, (int32_t)o->readers_max);
  mj_put_i64(out, o->wait_max_ms);
  mj_put_i64(out, (int64_t)o->map_size_start);
  mj_put_i64(out, (int64_t)o->map_size_max);
  mj_put_i64(out, (int64_t)o->recent_bytes_max);
  mj_put_i64(out, o->publish_interval_ms);
  mj_put_i64(out, (int64_t)o->journal_segment_bytes);
  mj_put_i64(out, (int64_t)o->journal_bytes_max);
  mj_put_i64(out, o->relaxed_delay_max_ms);
  mj_put_i64(out, (int64_t)o->relaxed_bytes_max);
  mj_put_i64(out, (int64_t)o->feed_retention);
  mj_put_i64(out, o->idempotency_key_lifetime_s);
  mj_put_i64(out, o->snapshot_age_max_ms);
}

static void read_options(mj_in* in, milepost_open_options* o) {
  o->durability = mj_i32(in);
  o->create = mj_u8(in);
  o->read_only = mj_u8(in);
  o->allow_unsupported_filesystem = mj_u8(in);
  o->readers_max = (uint32_t)mj_i32(in);
  o->wait_max_ms = mj_i64(in);
  o->map_size_start = (uint64_t)mj_i64(in);
  o->map_size_max = (uint64_t)mj_i64(in);
  o->recent_bytes_max = (uint64_t)mj_i64(in);
  o->publish_interval_ms = mj_i64(in);
  o->journal_segment_bytes = (uint64_t)mj_i64(in);
  o->journal_bytes_max = (uint64_t)mj_i64(in);
  o->relaxed_delay_max_ms = mj_i64(in);
  o->relaxed_bytes_max = (uint64_t)mj_i64(in);
  o->feed_retention = (uint64_t)mj_i64(in);
  o->idempotency_key_lifetime_s = mj_i64(in);
  o->snapshot_age_max_ms = mj_i64(in);
  o->manual_clock = mj_u8(in);
  o->clock = mj_i64(in);
  o->directory = mj_text(in);
}

static milepost_status defaults(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  (void)in;
  (void)err;
  milepost_open_options options;
  const milepost_status status = milepost_open_options_init(&options, sizeof options);
  if (status == MILEPOST_OK) put_options(out, &options);
  return status;
}

static milepost_status open_store(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  milepost_open_options options;
  milepost_status status = milepost_open_options_init(&options, sizeof options);
  if (status != MILEPOST_OK) return status;
  read_options(in, &options);
  const int64_t hook = mj_i64(in);
  if (hook != 0) {
    options.log = mj_log;
    options.log_user = (void*)(uintptr_t)hook;
  }
  milepost_tracker tracker = {0};
  status = milepost_tracker_open(&options, &tracker, err);
  mj_put_i64(out, (int64_t)tracker.value);
  return status;
}

static milepost_status close_store(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  (void)out;
  return milepost_tracker_close((milepost_tracker){handle}, err);
}

static milepost_status flush(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)out;
  return milepost_tracker_flush((milepost_tracker){handle}, mj_i64(in), err);
}

static milepost_status store_id(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  milepost_id id = {{0}};
  const milepost_status status = milepost_tracker_store_id((milepost_tracker){handle}, &id, err);
  mj_put_id(out, &id);
  return status;
}

static milepost_status unpublished(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  uint64_t effects = 0;
  const milepost_status status =
      milepost_tracker_unpublished((milepost_tracker){handle}, &effects, err);
  mj_put_i64(out, (int64_t)effects);
  return status;
}

static milepost_status set_clock(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)out;
  return milepost_tracker_set_clock((milepost_tracker){handle}, mj_i64(in), err);
}

/* What was loaded, and whether this library was made for it. */
static milepost_status version(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  (void)in;
  (void)err;
  const char* const text = milepost_version();
  mj_put_i32(out, milepost_abi_version());
  mj_put_i32(out, MILEPOST_ABI_VERSION);
  mj_put_text(out, (milepost_text){text, strlen(text)});
  return MILEPOST_OK;
}

static milepost_status id_parse(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  const milepost_text text = mj_text(in);
  milepost_id id = {{0}};
  const milepost_status status = milepost_id_parse(text.data, text.size, &id, err);
  mj_put_id(out, &id);
  return status;
}

static milepost_status instant_parse(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  const milepost_text text = mj_text(in);
  int64_t at = 0;
  const milepost_status status = milepost_instant_parse(text.data, text.size, &at, err);
  mj_put_i64(out, at);
  return status;
}

static milepost_status instant_format(uint64_t handle, mj_in* in, mj_out* out,
                                      milepost_error* err) {
  (void)handle;
  char text[MILEPOST_INSTANT_TEXT_SIZE_MAX];
  size_t size = 0;
  const milepost_status status = milepost_instant_format(mj_i64(in), text, sizeof text, &size, err);
  mj_put_text(out, (milepost_text){text, size});
  return status;
}

static milepost_status run_json(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)handle;
  milepost_run run;
  memset(&run, 0, sizeof run);
  run.struct_size = sizeof run;
  run.found = 1;
  run.status = mj_i32(in);
  run.run_id = mj_id(in);
  run.journey_id = mj_id(in);
  run.profile_id = mj_id(in);
  run.triggered_at = mj_i64(in);
  run.has_completed_at = mj_u8(in);
  run.completed_at = mj_i64(in);
  run.has_error = mj_u8(in);
  run.error = mj_text(in);
  char json[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  const milepost_status status = milepost_run_json(&run, json, sizeof json, &size, err);
  mj_put_text(out, (milepost_text){json, size});
  return status;
}

const mj_operation mj_basics[MJ_OPERATIONS] = {
    [MJ_OPEN] = open_store,
    [MJ_CLOSE] = close_store,
    [MJ_FLUSH] = flush,
    [MJ_STORE_ID] = store_id,
    [MJ_UNPUBLISHED] = unpublished,
    [MJ_SET_CLOCK] = set_clock,
    [MJ_DEFAULTS] = defaults,
    [MJ_VERSION] = version,
    [MJ_ID_PARSE] = id_parse,
    [MJ_INSTANT_PARSE] = instant_parse,
    [MJ_INSTANT_FORMAT] = instant_format,
    [MJ_RUN_JSON] = run_json,
};
