// SPDX-License-Identifier: Apache-2.0
//
// What is made once and asked again and again: subscriptions, exports, imports.
#include "addon.h"

static napi_value handle_of_subscription(napi_env env, job* j) {
  return from_u64(env, j->subscription.value);
}

static void do_subscribe(job* j) {
  j->status = milepost_tracker_subscribe(j->tracker, j->number, j->has_id[0] ? &j->ids[0] : NULL,
                                         &j->subscription, &j->err);
}

/// subscribe(handle, after, store) -> handle
static napi_value subscribe(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value) || !to_u64(env, a[1], &j->number) ||
      !to_optional_id(env, a[2], &j->ids[0], &j->has_id[0])) {
    free_job(j);
    return NULL;
  }
  j->execute = do_subscribe;
  j->finish = handle_of_subscription;
  return run_now(env, j);
}

static void do_next(job* j) {
  j->status =
      milepost_subscription_next(j->subscription, j->limit, j->timeout_ms, &j->changes, &j->err);
}

static void drop_changes(job* j) { milepost_changes_free(j->changes); }

static napi_value page_of_changes(napi_env env, job* j) { return from_changes(env, j->changes); }

/// subscriptionNext(handle, limit, timeout) -> promise of [changes, next, newest, store]
static napi_value subscription_next(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->subscription.value) || !to_u64(env, a[1], &j->limit) ||
      !to_i64(env, a[2], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_next;
  j->finish = page_of_changes;
  j->drop = drop_changes;
  return run_on_thread(env, j);
}

/// The handle that is a function's only argument.
static bool to_only_handle(napi_env env, napi_callback_info info, uint64_t* handle) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  return to_u64(env, a[0], handle);
}

/// subscriptionStop(handle)
static napi_value subscription_stop(napi_env env, napi_callback_info info) {
  milepost_subscription s = {0};
  milepost_error err;
  err.struct_size = sizeof err;
  if (!to_only_handle(env, info, &s.value)) return NULL;
  if (milepost_subscription_stop(s, &err) != MILEPOST_OK) return throw_error(env, &err);
  return undefined(env);
}

/// subscriptionPosition(handle) -> bigint
static napi_value subscription_position(napi_env env, napi_callback_info info) {
  milepost_subscription s = {0};
  uint64_t sequence = 0;
  milepost_error err;
  err.struct_size = sizeof err;
  if (!to_only_handle(env, info, &s.value)) return NULL;
  if (milepost_subscription_position(s, &sequence, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  return from_u64(env, sequence);
}

/// subscriptionFree(handle)
static napi_value subscription_free(napi_env env, napi_callback_info info) {
  milepost_subscription s = {0};
  if (!to_only_handle(env, info, &s.value)) return NULL;
  milepost_subscription_free(s);
  return undefined(env);
}

static void do_export(job* j) {
  j->status = milepost_tracker_export_runs(j->tracker, j->has_id[0] ? &j->ids[0] : NULL,
                                           j->freshness, &j->exporting, &j->err);
}

static napi_value handle_of_export(napi_env env, job* j) {
  return from_u64(env, j->exporting.value);
}

/// exportRuns(handle, organization, freshness) -> handle
static napi_value export_runs(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value) ||
      !to_optional_id(env, a[1], &j->ids[0], &j->has_id[0]) || !to_i32(env, a[2], &j->freshness)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_export;
  j->finish = handle_of_export;
  return run_now(env, j);
}

static void do_export_step(job* j) {
  j->status = milepost_export_step(j->exporting, &j->lines, &j->progress, &j->err);
}

static napi_value chunk(napi_env env, job* j) {
  // Valid until the next step, which the package only makes after this promise.
  const napi_value members[] = {from_bytes(env, j->lines.data, j->lines.size),
                                from_bool(env, j->progress.done)};
  return from_values(env, members, 2);
}

/// exportStep(handle) -> promise of [Buffer, done]
static napi_value export_step(napi_env env, napi_callback_info info) {
  napi_value a[1];
  job* j = new_job(env, info, 1, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->exporting.value)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_export_step;
  j->finish = chunk;
  return run_in_pool(env, j);
}

/// exportFree(handle)
static napi_value export_free(napi_env env, napi_callback_info info) {
  milepost_export operation = {0};
  if (!to_only_handle(env, info, &operation.value)) return NULL;
  milepost_export_free(operation);
  return undefined(env);
}

/// importRuns(handle) -> handle
static napi_value import_runs(napi_env env, napi_callback_info info) {
  milepost_tracker tracker = {0};
  milepost_import made = {0};
  milepost_error err;
  err.struct_size = sizeof err;
  if (!to_only_handle(env, info, &tracker.value)) return NULL;
  if (milepost_tracker_import_runs(tracker, &made, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  return from_u64(env, made.value);
}

static void do_import_step(job* j) {
  j->status = milepost_import_step(j->importing, j->data.data, j->data.size, j->flag, j->timeout_ms,
                                   &j->imported, &j->err);
}

static napi_value import_report(napi_env env, job* j) {
  napi_value problems = NULL;
  napi_create_array_with_length(env, j->imported.problems, &problems);
  for (uint32_t i = 0; i < j->imported.problems; ++i) {
    uint64_t line = 0;
    milepost_text reason = {NULL, 0};
    milepost_import_problem(j->importing, i, &line, &reason, NULL);
    const napi_value problem[] = {from_number(env, (double)line),
                                  from_text(env, reason.data, reason.size)};
    napi_set_element(env, problems, i, from_values(env, problem, 2));
  }
  const napi_value report[] = {from_number(env, (double)j->imported.lines),
                               from_number(env, (double)j->imported.created),
                               from_number(env, (double)j->imported.unchanged),
                               from_number(env, (double)j->imported.refused), problems};
  return from_values(env, report, 5);
}

/// importStep(handle, data, last, timeout)
/// -> promise of [lines, created, unchanged, refused, [[line, reason], ...]]
static napi_value import_step(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->importing.value) || !to_text(env, j, a[1], &j->data) ||
      !to_bool(env, a[2], &j->flag) || !to_i64(env, a[3], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_import_step;
  j->finish = import_report;
  return run_in_pool(env, j);
}

/// importFree(handle)
static napi_value import_free(napi_env env, napi_callback_info info) {
  milepost_import operation = {0};
  if (!to_only_handle(env, info, &operation.value)) return NULL;
  milepost_import_free(operation);
  return undefined(env);
}

const function transfer_functions[] = {
    {"subscribe", subscribe},
    {"subscriptionNext", subscription_next},
    {"subscriptionStop", subscription_stop},
    {"subscriptionPosition", subscription_position},
    {"subscriptionFree", subscription_free},
    {"exportRuns", export_runs},
    {"exportStep", export_step},
    {"exportFree", export_free},
    {"importRuns", import_runs},
    {"importStep", import_step},
    {"importFree", import_free},
    {NULL, NULL},
};
