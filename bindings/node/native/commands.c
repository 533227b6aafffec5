// SPDX-License-Identifier: Apache-2.0
//
// Opening, closing, and the commands, all of them promises; closeSync alone waits, for `using`.
#include <string.h>

#include "addon.h"

typedef enum option_kind { kBool, kI32, kU32, kI64, kU64 } option_kind;

static const struct option {
  const char* name;
  option_kind kind;
  size_t offset;
} kOptions[] = {
#define OPTION(name, kind, member) \
  { name, kind, offsetof(milepost_open_options, member) }
    OPTION("durability", kI32, durability),
    OPTION("create", kBool, create),
    OPTION("readOnly", kBool, read_only),
    OPTION("allowUnsupportedFilesystem", kBool, allow_unsupported_filesystem),
    OPTION("manualClock", kBool, manual_clock),
    OPTION("readersMax", kU32, readers_max),
    OPTION("waitMaxMs", kI64, wait_max_ms),
    OPTION("mapSizeStart", kU64, map_size_start),
    OPTION("mapSizeMax", kU64, map_size_max),
    OPTION("recentBytesMax", kU64, recent_bytes_max),
    OPTION("publishIntervalMs", kI64, publish_interval_ms),
    OPTION("journalSegmentBytes", kU64, journal_segment_bytes),
    OPTION("journalBytesMax", kU64, journal_bytes_max),
    OPTION("relaxedDelayMaxMs", kI64, relaxed_delay_max_ms),
    OPTION("relaxedBytesMax", kU64, relaxed_bytes_max),
    OPTION("feedRetention", kU64, feed_retention),
    OPTION("idempotencyKeyLifetimeS", kI64, idempotency_key_lifetime_s),
    OPTION("snapshotAgeMaxMs", kI64, snapshot_age_max_ms),
    OPTION("clock", kI64, clock),
#undef OPTION
};

static bool set_option(napi_env env, const struct option* option, napi_value value, void* member) {
  uint64_t number = 0;
  switch (option->kind) {
    case kBool:
      return to_bool(env, value, member);
    case kI32:
      return to_i32(env, value, member);
    case kI64:
      return to_i64(env, value, member);
    case kU64:
      return to_u64(env, value, member);
    case kU32:
      if (!to_u64(env, value, &number)) return false;
      if (number > UINT32_MAX) {
        napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "readersMax is too large");
        return false;
      }
      *(uint32_t*)member = (uint32_t)number;
      return true;
  }
  return false;
}

static void do_open(job* j) {
  j->status = milepost_tracker_open(&j->options.open, &j->tracker, &j->err);
  if (j->status != MILEPOST_OK) end_log(j->log);
}

static void drop_open(job* j) {
  milepost_tracker_close(j->tracker, NULL);
  end_log(j->log);
}

static napi_value opened(napi_env env, job* j) {
  note_open(env, j->tracker.value, j->log);
  return from_u64(env, j->tracker.value);
}

/// open(directory, [name, value, ...], log) -> promise of a handle
static napi_value open_tracker(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  milepost_open_options* options = &j->options.open;
  milepost_open_options_init(options, sizeof *options);
  uint32_t length = 0;
  bool good = to_text(env, j, a[0], &options->directory) &&
              napi_get_array_length(env, a[1], &length) == napi_ok;
  for (uint32_t i = 0; good && i + 1 < length; i += 2) {
    napi_value pair[2];
    char name[40];
    size_t size = 0;
    napi_get_element(env, a[1], i, &pair[0]);
    napi_get_element(env, a[1], i + 1, &pair[1]);
    good = napi_get_value_string_latin1(env, pair[0], name, sizeof name, &size) == napi_ok;
    const struct option* found = NULL;
    for (size_t k = 0; k < sizeof kOptions / sizeof *kOptions; ++k) {
      if (strcmp(name, kOptions[k].name) == 0) found = &kOptions[k];
    }
    if (good && found == NULL) {
      napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "there is no such option of open()");
      good = false;
    }
    good = good && set_option(env, found, pair[1], (char*)options + found->offset);
  }
  if (good && !is_absent(env, a[2])) {
    j->log = new_log(env, a[2]);
    good = j->log != NULL;
    options->log = log_hook;
    options->log_user = j->log;
  }
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->execute = do_open;
  j->finish = opened;
  j->drop = drop_open;
  return run_on_thread(env, j);
}

static void do_close(job* j) {
  j->status = milepost_tracker_close(j->tracker, &j->err);
  end_log(j->log);
}

static napi_value nothing(napi_env env, job* j) {
  (void)j;
  return undefined(env);
}

static napi_value close_by(napi_env env, napi_callback_info info,
                           napi_value (*run)(napi_env, job*)) {
  napi_value a[1];
  job* j = new_job(env, info, 1, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value)) {
    free_job(j);
    return NULL;
  }
  j->log = note_closed(env, j->tracker.value);
  j->execute = do_close;
  j->finish = nothing;
  return run(env, j);
}

/// close(handle) -> promise
static napi_value close_tracker(napi_env env, napi_callback_info info) {
  return close_by(env, info, run_on_thread);
}

/// closeSync(handle)
static napi_value close_sync(napi_env env, napi_callback_info info) {
  return close_by(env, info, run_now);
}

static void do_flush(job* j) {
  j->status = milepost_tracker_flush(j->tracker, j->timeout_ms, &j->err);
}

/// flush(handle, timeout) -> promise
static napi_value flush(napi_env env, napi_callback_info info) {
  napi_value a[2];
  job* j = new_job(env, info, 2, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value) || !to_i64(env, a[1], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_flush;
  j->finish = nothing;
  return run_in_pool(env, j);
}

/// [kind, run, journey, profile, organization, triggered, started, completed, token, lease, owner,
/// key, error, status, onlyIfExpired]; what a kind has no meaning for is null.
static bool to_command(napi_env env, job* j, napi_value array, milepost_command* c) {
  napi_value m[15];
  uint8_t has = 0;
  uint8_t has_triggered = 0;
  milepost_command_init(c, sizeof *c);
  if (!to_members(env, array, m, 15) || !to_i32(env, m[0], &c->kind) ||
      !to_optional_id(env, m[1], &c->run_id, &c->has_run_id) ||
      !to_optional_id(env, m[2], &c->journey_id, &has) ||
      !to_optional_id(env, m[3], &c->profile_id, &has) ||
      !to_optional_id(env, m[4], &c->organization_id, &has) ||
      !to_optional_i64(env, m[5], &c->triggered_at, &has_triggered) ||
      !to_optional_i64(env, m[6], &c->started_at, &c->has_started_at) ||
      !to_optional_i64(env, m[7], &c->completed_at, &c->has_completed_at) ||
      !to_i64(env, m[9], &c->lease_ms) || !to_text(env, j, m[10], &c->owner) ||
      !to_text(env, j, m[11], &c->idempotency_key) || !to_text(env, j, m[12], &c->error) ||
      !to_i32(env, m[13], &c->status) || !to_bool(env, m[14], &c->only_if_expired)) {
    return false;
  }
  if (!is_absent(env, m[8])) {
    if (!to_u64(env, m[8], &c->fencing_token)) return false;
    c->has_fencing_token = 1;
  }
  const bool create = c->kind == MILEPOST_COMMAND_CREATE;
  c->has_triggered_at = create ? has_triggered : 0;
  if (!create) c->has_run_id = 0;  // it is not optional there
  return true;
}

static void do_create(job* j) {
  j->status = milepost_tracker_create(j->tracker, j->commands, j->timeout_ms, &j->outcome, j->text,
                                      sizeof j->text, &j->err);
}

static napi_value one_outcome(napi_env env, job* j) { return from_outcome(env, &j->outcome); }

/// command(handle, command, timeout) -> promise of [kind, run]
static napi_value command(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  j->commands = job_memory(env, j, sizeof *j->commands);
  if (j->commands == NULL || !to_u64(env, a[0], &j->tracker.value) ||
      !to_command(env, j, a[1], j->commands) || !to_i64(env, a[2], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_create;
  j->finish = one_outcome;
  return run_in_pool(env, j);
}

static void do_step(job* j) {
  milepost_step_options* options = &j->options.step;
  const milepost_id* id = &j->ids[0];
  const size_t size = sizeof j->text;
  const int64_t lease = options->lease_ms;
  switch (j->kind) {
    case MILEPOST_COMMAND_START:
      j->status =
          milepost_tracker_start(j->tracker, id, options, &j->outcome, j->text, size, &j->err);
      return;
    case MILEPOST_COMMAND_COMPLETE:
      j->status =
          milepost_tracker_complete(j->tracker, id, options, &j->outcome, j->text, size, &j->err);
      return;
    case MILEPOST_COMMAND_FAIL:
      j->status = milepost_tracker_fail(j->tracker, id, j->data.data, j->data.size, options,
                                        &j->outcome, j->text, size, &j->err);
      return;
    case MILEPOST_COMMAND_EXIT:
      j->status =
          milepost_tracker_exit(j->tracker, id, options, &j->outcome, j->text, size, &j->err);
      return;
    case MILEPOST_COMMAND_ADOPT:
      j->status =
          milepost_tracker_adopt(j->tracker, id, options, &j->outcome, j->text, size, &j->err);
      return;
    default:  // a heartbeat, whose lease is an argument of its own
      options->lease_ms = 0;
      j->status = milepost_tracker_heartbeat(j->tracker, id, lease, options, &j->outcome, j->text,
                                             size, &j->err);
  }
}

/// step(handle, kind, run, organization, owner, token, lease, onlyIfExpired, error, timeout)
/// -> promise of [kind, run]
static napi_value step(napi_env env, napi_callback_info info) {
  napi_value a[10];
  job* j = new_job(env, info, 10, a);
  if (j == NULL) return NULL;
  milepost_step_options* options = &j->options.step;
  milepost_step_options_init(options, sizeof *options);
  uint8_t has = 0;
  bool good = to_u64(env, a[0], &j->tracker.value) && to_i32(env, a[1], &j->kind) &&
              to_id(env, a[2], &j->ids[0]) &&
              to_optional_id(env, a[3], &options->organization_id, &has) &&
              to_text(env, j, a[4], &options->owner) && to_i64(env, a[6], &options->lease_ms) &&
              to_bool(env, a[7], &options->only_if_expired) && to_text(env, j, a[8], &j->data) &&
              to_i64(env, a[9], &options->timeout_ms);
  if (good && !is_absent(env, a[5])) {
    good = to_u64(env, a[5], &options->fencing_token);
    options->has_fencing_token = 1;
  }
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->execute = do_step;
  j->finish = one_outcome;
  return run_in_pool(env, j);
}

static void do_apply(job* j) {
  j->status = milepost_tracker_apply(j->tracker, j->commands, j->count, j->timeout_ms, &j->outcomes,
                                     &j->err);
}

static napi_value all_outcomes(napi_env env, job* j) {
  const milepost_outcome* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  napi_value array = NULL;
  if (milepost_outcomes_view(j->outcomes, &first, &count, &stride, &j->err) != MILEPOST_OK) {
    return throw_error(env, &j->err);
  }
  napi_create_array_with_length(env, count, &array);
  for (size_t i = 0; i < count; ++i) {
    napi_handle_scope scope = NULL;
    napi_open_handle_scope(env, &scope);
    const milepost_outcome* outcome = (const void*)((const char*)first + i * stride);
    napi_set_element(env, array, (uint32_t)i, from_outcome(env, outcome));
    napi_close_handle_scope(env, scope);
  }
  milepost_outcomes_free(j->outcomes);
  return array;
}

/// apply(handle, commands, timeout) -> promise of an array of [kind, run]
static napi_value apply(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  uint32_t length = 0;
  bool good = to_u64(env, a[0], &j->tracker.value) && to_i64(env, a[2], &j->timeout_ms) &&
              napi_get_array_length(env, a[1], &length) == napi_ok;
  if (good) j->commands = job_memory(env, j, (size_t)length * sizeof *j->commands);
  good = good && j->commands != NULL;
  for (uint32_t i = 0; good && i < length; ++i) {
    napi_handle_scope scope = NULL;
    napi_value one = NULL;
    napi_open_handle_scope(env, &scope);
    napi_get_element(env, a[1], i, &one);
    good = to_command(env, j, one, &j->commands[i]);
    napi_close_handle_scope(env, scope);
  }
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->count = length;
  j->execute = do_apply;
  j->finish = all_outcomes;
  return run_in_pool(env, j);
}

const function command_functions[] = {
    {"open", open_tracker}, {"close", close_tracker}, {"closeSync", close_sync}, {"flush", flush},
    {"command", command},   {"step", step},           {"apply", apply},          {NULL, NULL},
};
