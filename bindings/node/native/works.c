// SPDX-License-Identifier: Apache-2.0
//
// Verify, backup, restore and repair: begun here and now, done in steps on the pool, and asked
// for their report.
#include "addon.h"

static napi_value handle_of_work(napi_env env, job* j) { return from_u64(env, j->working.value); }

static void drop_work(job* j) { milepost_work_free(j->working); }

static napi_value begin(napi_env env, job* j, bool good, void (*execute)(job*)) {
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->execute = execute;
  j->finish = handle_of_work;
  j->drop = drop_work;
  return run_in_pool(env, j);
}

static void do_tracker_verify(job* j) {
  j->status = milepost_tracker_verify(j->tracker, j->kind, j->timeout_ms, &j->working, &j->err);
}

/// trackerVerify(handle, level, timeout) -> promise of a handle
static napi_value tracker_verify(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_i32(env, a[1], &j->kind) &&
                    to_i64(env, a[2], &j->timeout_ms);
  return begin(env, j, good, do_tracker_verify);
}

static void do_tracker_backup(job* j) {
  j->status = milepost_tracker_backup(j->tracker, j->data.data, j->data.size, j->flag,
                                      j->timeout_ms, &j->working, &j->err);
}

/// trackerBackup(handle, to, compact, timeout) -> promise of a handle
static napi_value tracker_backup(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_text(env, j, a[1], &j->data) &&
                    to_bool(env, a[2], &j->flag) && to_i64(env, a[3], &j->timeout_ms);
  return begin(env, j, good, do_tracker_backup);
}

static void do_directory_verify(job* j) {
  j->status = milepost_directory_verify(j->data.data, j->data.size, j->kind, &j->working, &j->err);
}

/// directoryVerify(directory, level) -> promise of a handle
static napi_value directory_verify(napi_env env, napi_callback_info info) {
  napi_value a[2];
  job* j = new_job(env, info, 2, a);
  if (j == NULL) return NULL;
  const bool good = to_text(env, j, a[0], &j->data) && to_i32(env, a[1], &j->kind);
  return begin(env, j, good, do_directory_verify);
}

static void do_directory_repair(job* j) {
  j->status = milepost_directory_repair(j->data.data, j->data.size, j->lines.data, j->lines.size,
                                        &j->working, &j->err);
}

/// directoryRepair(from, to) -> promise of a handle
static napi_value directory_repair(napi_env env, napi_callback_info info) {
  napi_value a[2];
  job* j = new_job(env, info, 2, a);
  if (j == NULL) return NULL;
  const bool good = to_text(env, j, a[0], &j->data) && to_text(env, j, a[1], &j->lines);
  return begin(env, j, good, do_directory_repair);
}

static void do_backup_restore(job* j) {
  j->status = milepost_backup_restore(j->data.data, j->data.size, j->lines.data, j->lines.size,
                                      j->flag, &j->working, &j->err);
}

/// backupRestore(backup, directory, replace) -> promise of a handle
static napi_value backup_restore(napi_env env, napi_callback_info info) {
  napi_value a[3];
  job* j = new_job(env, info, 3, a);
  if (j == NULL) return NULL;
  const bool good = to_text(env, j, a[0], &j->data) && to_text(env, j, a[1], &j->lines) &&
                    to_bool(env, a[2], &j->flag);
  return begin(env, j, good, do_backup_restore);
}

static void do_work_step(job* j) {
  j->status = milepost_work_step(j->working, &j->progress, &j->err);
}

static napi_value work_progress(napi_env env, job* j) {
  const napi_value members[] = {from_bool(env, j->progress.done != 0),
                                from_number(env, (double)j->progress.lines),
                                from_number(env, (double)j->progress.bytes)};
  return from_values(env, members, 3);
}

/// workStep(handle) -> promise of [done, rows, bytes]
static napi_value work_step(napi_env env, napi_callback_info info) {
  napi_value a[1];
  job* j = new_job(env, info, 1, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->working.value)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_work_step;
  j->finish = work_progress;
  return run_in_pool(env, j);
}

static napi_value from_finding(napi_env env, milepost_work work, uint32_t index) {
  milepost_finding f = {.struct_size = sizeof f};
  milepost_work_finding(work, index, &f, NULL);
  const napi_value members[] = {from_text(env, f.kind.data, f.kind.size),
                                from_text(env, f.where.data, f.where.size),
                                from_text(env, f.text.data, f.text.size)};
  return from_values(env, members, 3);
}

/// workReport(handle) -> [findings, findingsCount, runs, rows, changes, pages, journaled, sequence,
/// lost, bytes, store]
static napi_value work_report(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  milepost_work work = {0};
  milepost_work_report r = {.struct_size = sizeof r};
  napi_value findings = NULL;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &work.value)) return NULL;
  if (milepost_work_get(work, &r, &err) != MILEPOST_OK) return throw_error(env, &err);
  napi_create_array_with_length(env, r.findings, &findings);
  for (uint32_t i = 0; i < r.findings; ++i) {
    napi_set_element(env, findings, i, from_finding(env, work, i));
  }
  const napi_value members[] = {findings,
                                from_number(env, (double)r.findings_count),
                                from_number(env, (double)r.runs),
                                from_number(env, (double)r.rows),
                                from_number(env, (double)r.changes),
                                from_number(env, (double)r.pages),
                                from_number(env, (double)r.journaled),
                                from_u64(env, r.sequence),
                                from_number(env, (double)r.lost),
                                from_number(env, (double)r.bytes),
                                from_id(env, &r.store_id)};
  return from_values(env, members, sizeof members / sizeof *members);
}

/// workFree(handle)
static napi_value work_free(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  milepost_work work = {0};
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &work.value)) return NULL;
  milepost_work_free(work);
  return undefined(env);
}

static void do_fail_orphans(job* j) {
  j->status = milepost_tracker_fail_orphans(j->tracker, j->data.data, j->data.size, j->limit,
                                            j->timeout_ms, &j->number, &j->flag, &j->err);
}

static napi_value failed_and_more(napi_env env, job* j) {
  const napi_value members[] = {from_number(env, (double)j->number), from_bool(env, j->flag != 0)};
  return from_values(env, members, 2);
}

/// failOrphans(handle, error, limit, timeout) -> promise of [failed, more]
static napi_value fail_orphans(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  if (!to_u64(env, a[0], &j->tracker.value) || !to_text(env, j, a[1], &j->data) ||
      !to_u64(env, a[2], &j->limit) || !to_i64(env, a[3], &j->timeout_ms)) {
    free_job(j);
    return NULL;
  }
  j->execute = do_fail_orphans;
  j->finish = failed_and_more;
  return run_in_pool(env, j);
}

const function work_functions[] = {
    {"trackerVerify", tracker_verify},     {"trackerBackup", tracker_backup},
    {"directoryVerify", directory_verify}, {"directoryRepair", directory_repair},
    {"backupRestore", backup_restore},     {"workStep", work_step},
    {"workReport", work_report},           {"workFree", work_free},
    {"failOrphans", fail_orphans},         {NULL, NULL},
};
