// SPDX-License-Identifier: Apache-2.0
//
// The reads of trackers and snapshots. get and getJson of a tracker are plain calls of
// microseconds, without a job; what may wait for a commit is a promise. All reads of a snapshot are
// plain calls: it is for one thread at a time, and never waits.
#include "addon.h"

/// Whether the source is a snapshot, and its handle: the first two arguments of every read.
static bool to_source(napi_env env, job* j, napi_value is_snapshot, napi_value handle) {
  uint8_t flag = 0;
  if (!to_bool(env, is_snapshot, &flag)) return false;
  j->is_snapshot = flag != 0;
  return to_u64(env, handle, j->is_snapshot ? &j->snapshot.value : &j->tracker.value);
}

/// The optional id at an index, or NULL.
static const milepost_id* given_id(const job* j, int i) { return j->has_id[i] ? &j->ids[i] : NULL; }

static bool to_given_id(napi_env env, napi_value value, job* j, int i) {
  return to_optional_id(env, value, &j->ids[i], &j->has_id[i]);
}

static napi_value run_read(napi_env env, job* j, bool good, void (*execute)(job*),
                           napi_value (*finish)(napi_env, job*)) {
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->execute = execute;
  j->finish = finish;
  return j->is_snapshot ? run_now(env, j) : run_in_pool(env, j);
}

/// What get and getJson take: (isSnapshot, handle, run, organization).
typedef struct one_run {
  uint8_t is_snapshot;
  uint64_t handle;
  milepost_id run;
  milepost_id organization;
  const milepost_id* given;
} one_run;

static bool to_one_run(napi_env env, napi_callback_info info, one_run* one) {
  napi_value a[4];
  size_t count = 4;
  uint8_t has = 0;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (count < 4) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return false;
  }
  if (!to_bool(env, a[0], &one->is_snapshot) || !to_u64(env, a[1], &one->handle) ||
      !to_id(env, a[2], &one->run) || !to_optional_id(env, a[3], &one->organization, &has)) {
    return false;
  }
  one->given = has ? &one->organization : NULL;
  return true;
}

static napi_value read_json(napi_env env, napi_callback_info info,
                            napi_value (*make)(napi_env, const char*, size_t)) {
  one_run one;
  milepost_error err;
  char out[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  err.struct_size = sizeof err;
  if (!to_one_run(env, info, &one)) return NULL;
  const milepost_tracker tracker = {one.handle};
  const milepost_snapshot snapshot = {one.handle};
  const milepost_status status =
      one.is_snapshot
          ? milepost_snapshot_get_json(snapshot, &one.run, one.given, out, sizeof out, &size, &err)
          : milepost_tracker_get_json(tracker, &one.run, one.given, out, sizeof out, &size, &err);
  return status == MILEPOST_OK ? make(env, out, size) : throw_error(env, &err);
}

/// getJson(isSnapshot, handle, run, organization) -> string
static napi_value get_json(napi_env env, napi_callback_info info) {
  return read_json(env, info, from_text);
}

/// getJsonBytes(isSnapshot, handle, run, organization) -> Buffer
static napi_value get_json_bytes(napi_env env, napi_callback_info info) {
  return read_json(env, info, from_bytes);
}

/// get(isSnapshot, handle, run, organization) -> run or null
static napi_value get(napi_env env, napi_callback_info info) {
  one_run one;
  milepost_error err;
  milepost_run run = {.struct_size = sizeof run};
  char text[MILEPOST_RUN_TEXT_MAX];
  err.struct_size = sizeof err;
  if (!to_one_run(env, info, &one)) return NULL;
  const milepost_tracker tracker = {one.handle};
  const milepost_snapshot snapshot = {one.handle};
  const milepost_status status =
      one.is_snapshot
          ? milepost_snapshot_get(snapshot, &one.run, one.given, &run, text, sizeof text, &err)
          : milepost_tracker_get(tracker, &one.run, one.given, &run, text, sizeof text, &err);
  return status == MILEPOST_OK ? from_run(env, &run) : throw_error(env, &err);
}

static void do_get_many(job* j) {
  j->status = j->is_snapshot ? milepost_snapshot_get_many(j->snapshot, j->many, j->count,
                                                          given_id(j, 0), &j->runs, &j->err)
                             : milepost_tracker_get_many(j->tracker, j->many, j->count,
                                                         given_id(j, 0), &j->runs, &j->err);
}

static napi_value page_of_runs(napi_env env, job* j) { return from_runs(env, j->runs); }

/// getMany(isSnapshot, handle, runs, organization) -> [runs and nulls, ""]
static napi_value get_many(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  uint32_t length = 0;
  bool good = to_source(env, j, a[0], a[1]) && to_given_id(env, a[3], j, 0) &&
              napi_get_array_length(env, a[2], &length) == napi_ok;
  if (good) j->many = job_memory(env, j, (size_t)length * sizeof *j->many);
  good = good && j->many != NULL;
  for (uint32_t i = 0; good && i < length; ++i) {
    napi_value one = NULL;
    napi_get_element(env, a[2], i, &one);
    good = to_id(env, one, &j->many[i]);
  }
  j->count = length;
  return run_read(env, j, good, do_get_many, page_of_runs);
}

static void do_list(job* j) {
  const milepost_page_options* page = &j->options.page;
  j->status = j->is_snapshot
                  ? milepost_snapshot_list(j->snapshot, &j->filter, page, &j->runs, &j->err)
                  : milepost_tracker_list(j->tracker, &j->filter, page, &j->runs, &j->err);
}

/// list(isSnapshot, handle, filter, page) -> [runs, next]
static napi_value list(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  const bool good = to_source(env, j, a[0], a[1]) && to_filter(env, a[2], &j->filter) &&
                    to_page(env, j, a[3], &j->options.page);
  return run_read(env, j, good, do_list, page_of_runs);
}

static void do_list_json(job* j) {
  const milepost_page_options* page = &j->options.page;
  j->status = j->is_snapshot
                  ? milepost_snapshot_list_json(j->snapshot, &j->filter, page, &j->json, &j->err)
                  : milepost_tracker_list_json(j->tracker, &j->filter, page, &j->json, &j->err);
}

static napi_value page_of_json(napi_env env, job* j) {
  milepost_text json = {NULL, 0};
  milepost_text next = {NULL, 0};
  size_t count = 0;
  if (milepost_json_page_get(j->json, &json, &count, &next, &j->err) != MILEPOST_OK) {
    return throw_error(env, &j->err);
  }
  const napi_value page[] = {from_text(env, json.data, json.size), from_number(env, (double)count),
                             from_text(env, next.data, next.size)};
  milepost_json_page_free(j->json);
  return from_values(env, page, 3);
}

/// listJson(isSnapshot, handle, filter, page) -> [json, count, next]
static napi_value list_json(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  const bool good = to_source(env, j, a[0], a[1]) && to_filter(env, a[2], &j->filter) &&
                    to_page(env, j, a[3], &j->options.page);
  return run_read(env, j, good, do_list_json, page_of_json);
}

static void do_counts(job* j) {
  j->status = j->is_snapshot
                  ? milepost_snapshot_counts(j->snapshot, given_id(j, 0), given_id(j, 1),
                                             &j->counts, &j->err)
                  : milepost_tracker_counts(j->tracker, given_id(j, 0), given_id(j, 1),
                                            j->freshness, j->timeout_ms, &j->counts, &j->err);
}

static napi_value five_counts(napi_env env, job* j) {
  const napi_value counts[] = {
      from_number(env, (double)j->counts.queued), from_number(env, (double)j->counts.running),
      from_number(env, (double)j->counts.completed), from_number(env, (double)j->counts.failed),
      from_number(env, (double)j->counts.exited)};
  return from_values(env, counts, 5);
}

/// counts(isSnapshot, handle, organization, journey, freshness, timeout) -> five numbers
static napi_value counts(napi_env env, napi_callback_info info) {
  napi_value a[6];
  job* j = new_job(env, info, 6, a);
  if (j == NULL) return NULL;
  const bool good = to_source(env, j, a[0], a[1]) && to_given_id(env, a[2], j, 0) &&
                    to_given_id(env, a[3], j, 1) && to_i32(env, a[4], &j->freshness) &&
                    to_i64(env, a[5], &j->timeout_ms);
  return run_read(env, j, good, do_counts, five_counts);
}

static void do_changes(job* j) {
  j->status = j->is_snapshot
                  ? milepost_snapshot_changes(j->snapshot, j->number, j->limit, given_id(j, 0),
                                              &j->changes, &j->err)
                  : milepost_tracker_changes(j->tracker, j->number, j->limit, given_id(j, 0),
                                             j->freshness, j->timeout_ms, &j->changes, &j->err);
}

static napi_value page_of_changes(napi_env env, job* j) { return from_changes(env, j->changes); }

/// changes(isSnapshot, handle, after, limit, store, freshness, timeout) -> [changes, ...]
static napi_value changes(napi_env env, napi_callback_info info) {
  napi_value a[7];
  job* j = new_job(env, info, 7, a);
  if (j == NULL) return NULL;
  const bool good = to_source(env, j, a[0], a[1]) && to_u64(env, a[2], &j->number) &&
                    to_u64(env, a[3], &j->limit) && to_given_id(env, a[4], j, 0) &&
                    to_i32(env, a[5], &j->freshness) && to_i64(env, a[6], &j->timeout_ms);
  return run_read(env, j, good, do_changes, page_of_changes);
}

static void do_wait(job* j) {
  j->status = milepost_tracker_wait(j->tracker, &j->ids[1], given_id(j, 0), j->timeout_ms, &j->run,
                                    j->text, sizeof j->text, &j->err);
}

static napi_value one_found(napi_env env, job* j) { return from_run(env, &j->run); }

/// wait(handle, run, organization, timeout) -> promise of a run
static napi_value wait(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value) || !to_id(env, a[1], &j->ids[1]) ||
      !to_given_id(env, a[2], j, 0) || !to_i64(env, a[3], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_wait;
  j->finish = one_found;
  return run_on_thread(env, j);
}

static void do_snapshot(job* j) {
  j->status =
      milepost_tracker_snapshot(j->tracker, j->freshness, j->timeout_ms, &j->snapshot, &j->err);
}

static napi_value snapshot_handle(napi_env env, job* j) { return from_u64(env, j->snapshot.value); }

/// snapshot(handle, freshness, timeout) -> promise of a handle
static napi_value snapshot(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_i32(env, a[1], &j->freshness) &&
                    to_i64(env, a[2], &j->timeout_ms);
  return run_read(env, j, good, do_snapshot, snapshot_handle);
}

/// snapshotSequence(handle) -> bigint
static napi_value snapshot_sequence(napi_env env, napi_callback_info info) {
  napi_value a[1];
  size_t count = 1;
  milepost_snapshot s = {0};
  uint64_t sequence = 0;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &s.value)) return NULL;
  if (milepost_snapshot_sequence(s, &sequence, &err) != MILEPOST_OK) return throw_error(env, &err);
  return from_u64(env, sequence);
}

/// snapshotFree(handle)
static napi_value snapshot_free(napi_env env, napi_callback_info info) {
  napi_value a[1];
  size_t count = 1;
  milepost_snapshot s = {0};
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &s.value)) return NULL;
  milepost_snapshot_free(s);
  return undefined(env);
}

const function read_functions[] = {
    {"getJson", get_json},
    {"getJsonBytes", get_json_bytes},
    {"get", get},
    {"getMany", get_many},
    {"list", list},
    {"listJson", list_json},
    {"counts", counts},
    {"changes", changes},
    {"wait", wait},
    {"snapshot", snapshot},
    {"snapshotSequence", snapshot_sequence},
    {"snapshotFree", snapshot_free},
    {NULL, NULL},
};
