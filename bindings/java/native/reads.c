// SPDX-License-Identifier: Apache-2.0
//
// Reads. Those that a snapshot has too begin with a byte that says which of the two it is.
#include "wire.h"

milepost_filter mj_filter(mj_in* in) {
  milepost_filter f;
  (void)milepost_filter_init(&f, sizeof f);
  f.statuses = (uint32_t)mj_i32(in);
  f.organization_id = mj_id(in);
  f.has_journey_id = mj_optional_id(in, &f.journey_id) != NULL;
  f.has_profile_id = mj_optional_id(in, &f.profile_id) != NULL;
  f.has_triggered_from = mj_u8(in);
  f.triggered_from = mj_i64(in);
  f.has_triggered_to = mj_u8(in);
  f.triggered_to = mj_i64(in);
  return f;
}

milepost_page_options mj_page(mj_in* in) {
  milepost_page_options p;
  (void)milepost_page_options_init(&p, sizeof p);
  p.order = mj_i32(in);
  p.freshness = mj_i32(in);
  p.limit = (uint64_t)mj_i64(in);
  p.cursor = mj_text(in);
  p.timeout_ms = mj_i64(in);
  return p;
}

static milepost_status get(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  const milepost_id id = mj_id(in);
  const milepost_id organization = mj_id(in);
  char text[MILEPOST_RUN_TEXT_MAX];
  milepost_run run = {.struct_size = sizeof run};
  const milepost_status status =
      moment ? milepost_snapshot_get((milepost_snapshot){handle}, &id, &organization, &run, text,
                                     sizeof text, err)
             : milepost_tracker_get((milepost_tracker){handle}, &id, &organization, &run, text,
                                    sizeof text, err);
  if (status == MILEPOST_OK) mj_put_run(out, &run);
  return status;
}

static milepost_status get_many(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  const milepost_id organization = mj_id(in);
  const size_t count = (uint32_t)mj_i32(in);
  if (count > (size_t)(in->end - in->at) / sizeof(milepost_id)) return MILEPOST_E_INVALID_ARGUMENT;
  const milepost_id* const ids = (const milepost_id*)(const void*)in->at; /* bytes, so aligned */
  milepost_runs runs = {0};
  const milepost_status status = moment
                                     ? milepost_snapshot_get_many((milepost_snapshot){handle}, ids,
                                                                  count, &organization, &runs, err)
                                     : milepost_tracker_get_many((milepost_tracker){handle}, ids,
                                                                 count, &organization, &runs, err);
  return status == MILEPOST_OK ? mj_put_runs(out, runs, err) : status;
}

static milepost_status wait(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_id id = mj_id(in);
  const milepost_id organization = mj_id(in);
  const int64_t timeout = mj_i64(in);
  char text[MILEPOST_RUN_TEXT_MAX];
  milepost_run run = {.struct_size = sizeof run};
  const milepost_status status = milepost_tracker_wait(
      (milepost_tracker){handle}, &id, &organization, timeout, &run, text, sizeof text, err);
  if (status == MILEPOST_OK) mj_put_run(out, &run);
  return status;
}

static milepost_status list(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  const milepost_filter filter = mj_filter(in);
  const milepost_page_options page = mj_page(in);
  milepost_runs runs = {0};
  const milepost_status status =
      moment ? milepost_snapshot_list((milepost_snapshot){handle}, &filter, &page, &runs, err)
             : milepost_tracker_list((milepost_tracker){handle}, &filter, &page, &runs, err);
  return status == MILEPOST_OK ? mj_put_runs(out, runs, err) : status;
}

static milepost_status list_json(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  const milepost_filter filter = mj_filter(in);
  const milepost_page_options page = mj_page(in);
  milepost_json_page result = {0};
  milepost_status status =
      moment
          ? milepost_snapshot_list_json((milepost_snapshot){handle}, &filter, &page, &result, err)
          : milepost_tracker_list_json((milepost_tracker){handle}, &filter, &page, &result, err);
  if (status != MILEPOST_OK) return status;
  milepost_text json = {NULL, 0};
  milepost_text next = {NULL, 0};
  size_t count = 0;
  status = milepost_json_page_get(result, &json, &count, &next, err);
  if (status == MILEPOST_OK) {
    mj_put_text(out, next);
    mj_put_i32(out, (int32_t)count);
    mj_put_text(out, json);
  }
  milepost_json_page_free(result);
  return status;
}

static milepost_status counts(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  milepost_id organization_id;
  milepost_id journey_id;
  const milepost_id* const organization = mj_optional_id(in, &organization_id);
  const milepost_id* const journey = mj_optional_id(in, &journey_id);
  const int32_t freshness = mj_i32(in);
  const int64_t timeout = mj_i64(in);
  milepost_counts c = {.struct_size = sizeof c};
  const milepost_status status =
      moment ? milepost_snapshot_counts((milepost_snapshot){handle}, organization, journey, &c, err)
             : milepost_tracker_counts((milepost_tracker){handle}, organization, journey, freshness,
                                       timeout, &c, err);
  mj_put_i64(out, (int64_t)c.queued);
  mj_put_i64(out, (int64_t)c.running);
  mj_put_i64(out, (int64_t)c.completed);
  mj_put_i64(out, (int64_t)c.failed);
  mj_put_i64(out, (int64_t)c.exited);
  return status;
}

static milepost_status changes(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint8_t moment = mj_u8(in);
  const uint64_t after = (uint64_t)mj_i64(in);
  const uint64_t limit = (uint64_t)mj_i64(in);
  milepost_id id;
  const milepost_id* const store = mj_optional_id(in, &id);
  const int32_t freshness = mj_i32(in);
  const int64_t timeout = mj_i64(in);
  milepost_changes page = {0};
  const milepost_status status =
      moment
          ? milepost_snapshot_changes((milepost_snapshot){handle}, after, limit, store, &page, err)
          : milepost_tracker_changes((milepost_tracker){handle}, after, limit, store, freshness,
                                     timeout, &page, err);
  return status == MILEPOST_OK ? mj_put_changes(out, page, err) : status;
}

static milepost_status snapshot(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const int32_t freshness = mj_i32(in);
  milepost_snapshot made = {0};
  const milepost_status status =
      milepost_tracker_snapshot((milepost_tracker){handle}, freshness, mj_i64(in), &made, err);
  mj_put_i64(out, (int64_t)made.value);
  return status;
}

static milepost_status snapshot_sequence(uint64_t handle, mj_in* in, mj_out* out,
                                         milepost_error* err) {
  (void)in;
  uint64_t sequence = 0;
  const milepost_status status =
      milepost_snapshot_sequence((milepost_snapshot){handle}, &sequence, err);
  mj_put_i64(out, (int64_t)sequence);
  return status;
}

static milepost_status snapshot_free(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  (void)out;
  (void)err;
  milepost_snapshot_free((milepost_snapshot){handle});
  return MILEPOST_OK;
}

static milepost_status subscribe(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const uint64_t after = (uint64_t)mj_i64(in);
  milepost_id id;
  const milepost_id* const store = mj_optional_id(in, &id);
  milepost_subscription made = {0};
  const milepost_status status =
      milepost_tracker_subscribe((milepost_tracker){handle}, after, store, &made, err);
  mj_put_i64(out, (int64_t)made.value);
  return status;
}

static milepost_status subscription_next(uint64_t handle, mj_in* in, mj_out* out,
                                         milepost_error* err) {
  const uint64_t limit = (uint64_t)mj_i64(in);
  milepost_changes page = {0};
  const milepost_status status =
      milepost_subscription_next((milepost_subscription){handle}, limit, mj_i64(in), &page, err);
  return status == MILEPOST_OK ? mj_put_changes(out, page, err) : status;
}

static milepost_status subscription_stop(uint64_t handle, mj_in* in, mj_out* out,
                                         milepost_error* err) {
  (void)in;
  (void)out;
  return milepost_subscription_stop((milepost_subscription){handle}, err);
}

static milepost_status subscription_position(uint64_t handle, mj_in* in, mj_out* out,
                                             milepost_error* err) {
  (void)in;
  uint64_t sequence = 0;
  const milepost_status status =
      milepost_subscription_position((milepost_subscription){handle}, &sequence, err);
  mj_put_i64(out, (int64_t)sequence);
  return status;
}

static milepost_status subscription_free(uint64_t handle, mj_in* in, mj_out* out,
                                         milepost_error* err) {
  (void)in;
  (void)out;
  (void)err;
  milepost_subscription_free((milepost_subscription){handle});
  return MILEPOST_OK;
}

const mj_operation mj_reads[MJ_OPERATIONS] = {
    [MJ_GET] = get,
    [MJ_GET_MANY] = get_many,
    [MJ_WAIT] = wait,
    [MJ_LIST] = list,
    [MJ_LIST_JSON] = list_json,
    [MJ_COUNTS] = counts,
    [MJ_CHANGES] = changes,
    [MJ_SNAPSHOT] = snapshot,
    [MJ_SNAPSHOT_SEQUENCE] = snapshot_sequence,
    [MJ_SNAPSHOT_FREE] = snapshot_free,
    [MJ_SUBSCRIBE] = subscribe,
    [MJ_SUBSCRIPTION_NEXT] = subscription_next,
    [MJ_SUBSCRIPTION_STOP] = subscription_stop,
    [MJ_SUBSCRIPTION_POSITION] = subscription_position,
    [MJ_SUBSCRIPTION_FREE] = subscription_free,
};
