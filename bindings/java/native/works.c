// SPDX-License-Identifier: Apache-2.0
//
// Verify, backup, restore and repair, and failing orphans: what goes in steps beside transfers.
#include "wire.h"

static milepost_status fail_orphans(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_text error = mj_text(in);
  const uint64_t limit = (uint64_t)mj_i64(in);
  const int64_t timeout = mj_i64(in);
  uint64_t failed = 0;
  uint8_t more = 0;
  const milepost_status status = milepost_tracker_fail_orphans(
      (milepost_tracker){handle}, error.data, error.size, limit, timeout, &failed, &more, err);
  mj_put_i64(out, (int64_t)failed);
  mj_put_u8(out, more);
  return status;
}

static milepost_status verify(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const int32_t level = mj_i32(in);
  milepost_work work = {0};
  const milepost_status status =
      milepost_tracker_verify((milepost_tracker){handle}, level, mj_i64(in), &work, err);
  mj_put_i64(out, (int64_t)work.value);
  return status;
}

static milepost_status backup(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_text to = mj_text(in);
  const uint8_t compact = mj_u8(in);
  milepost_work work = {0};
  const milepost_status status = milepost_tracker_backup((milepost_tracker){handle}, to.data,
                                                         to.size, compact, mj_i64(in), &work, err);
  mj_put_i64(out, (int64_t)work.value);
  return status;
}

static milepost_status directory_verify(uint64_t handle, mj_in* in, mj_out* out,
                                        milepost_error* err) {
  (void)handle;
  const milepost_text directory = mj_text(in);
  milepost_work work = {0};
  const milepost_status status =
      milepost_directory_verify(directory.data, directory.size, mj_i32(in), &work, err);
  mj_put_i64(out, (int64_t)work.value);
  return status;
}

static milepost_status directory_repair(uint64_t handle, mj_in* in, mj_out* out,
                                        milepost_error* err) {
  (void)handle;
  const milepost_text from = mj_text(in);
  const milepost_text to = mj_text(in);
  milepost_work work = {0};
  const milepost_status status =
      milepost_directory_repair(from.data, from.size, to.data, to.size, &work, err);
  mj_put_i64(out, (int64_t)work.value);
  return status;
}

static milepost_status backup_restore(uint64_t handle, mj_in* in, mj_out* out,
                                      milepost_error* err) {
  (void)handle;
  const milepost_text from = mj_text(in);
  const milepost_text to = mj_text(in);
  const uint8_t replace = mj_u8(in);
  milepost_work work = {0};
  const milepost_status status =
      milepost_backup_restore(from.data, from.size, to.data, to.size, replace, &work, err);
  mj_put_i64(out, (int64_t)work.value);
  return status;
}

static milepost_status work_step(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  milepost_progress progress = {.struct_size = sizeof progress};
  const milepost_status status = milepost_work_step((milepost_work){handle}, &progress, err);
  mj_put_u8(out, progress.done);
  mj_put_i64(out, (int64_t)progress.lines);
  mj_put_i64(out, (int64_t)progress.bytes);
  return status;
}

static milepost_status work_get(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  const milepost_work work = {handle};
  milepost_work_report r = {.struct_size = sizeof r};
  milepost_status status = milepost_work_get(work, &r, err);
  const uint64_t numbers[] = {r.findings_count, r.runs,     r.rows, r.changes, r.pages,
                              r.journaled,      r.sequence, r.lost, r.bytes};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
    mj_put_i64(out, (int64_t)numbers[i]);
  }
  mj_put_id(out, &r.store_id);
  mj_put_i32(out, (int32_t)r.findings);
  for (uint32_t i = 0; status == MILEPOST_OK && i < r.findings; ++i) {
    milepost_finding finding = {.struct_size = sizeof finding};
    status = milepost_work_finding(work, i, &finding, err);
    mj_put_text(out, finding.kind);
    mj_put_text(out, finding.where);
    mj_put_text(out, finding.text);
  }
  return status;
}

static milepost_status work_free(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  (void)out;
  (void)err;
  milepost_work_free((milepost_work){handle});
  return MILEPOST_OK;
}

const mj_operation mj_works[MJ_OPERATIONS] = {
    [MJ_FAIL_ORPHANS] = fail_orphans,
    [MJ_VERIFY] = verify,
    [MJ_BACKUP] = backup,
    [MJ_DIRECTORY_VERIFY] = directory_verify,
    [MJ_DIRECTORY_REPAIR] = directory_repair,
    [MJ_BACKUP_RESTORE] = backup_restore,
    [MJ_WORK_STEP] = work_step,
    [MJ_WORK_GET] = work_get,
    [MJ_WORK_FREE] = work_free,
};
