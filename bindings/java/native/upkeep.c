// SPDX-License-Identifier: Apache-2.0
//
// Upkeep, statistics, export and import.
#include "wire.h"

static milepost_status orphans(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_page_options page = mj_page(in);
  milepost_runs runs = {0};
  const milepost_status status =
      milepost_tracker_orphans((milepost_tracker){handle}, &page, &runs, err);
  return status == MILEPOST_OK ? mj_put_runs(out, runs, err) : status;
}

static milepost_status expired(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  milepost_runs runs = {0};
  const milepost_status status =
      milepost_tracker_expired((milepost_tracker){handle}, (uint64_t)mj_i64(in), &runs, err);
  return status == MILEPOST_OK ? mj_put_runs(out, runs, err) : status;
}

static milepost_status purge(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  milepost_purge_options o;
  (void)milepost_purge_options_init(&o, sizeof o);
  o.has_organization_id = mj_optional_id(in, &o.organization_id) != NULL;
  o.dry_run = mj_u8(in);
  o.completed_before = mj_i64(in);
  o.limit = (uint64_t)mj_i64(in);
  o.cursor = mj_text(in);
  o.timeout_ms = mj_i64(in);
  milepost_purge_report report = {.struct_size = sizeof report};
  const milepost_status status =
      milepost_tracker_purge((milepost_tracker){handle}, &o, &report, err);
  mj_put_i64(out, (int64_t)report.removed);
  mj_put_text(out, (milepost_text){report.next, report.next_size});
  return status;
}

static milepost_status erase(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_id organization = mj_id(in);
  const milepost_id profile = mj_id(in);
  milepost_erasure e = {.struct_size = sizeof e};
  const milepost_status status = milepost_tracker_erase_profile(
      (milepost_tracker){handle}, &profile, &organization, mj_i64(in), &e, err);
  mj_put_i64(out, (int64_t)e.runs);
  mj_put_i64(out, (int64_t)e.changes_blanked);
  mj_put_i64(out, (int64_t)e.sequence);
  mj_put_i64(out, (int64_t)e.through);
  mj_put_i64(out, (int64_t)e.journal_bytes);
  mj_put_i64(out, (int64_t)e.free_bytes);
  return status;
}

static milepost_status bulk(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_filter filter = mj_filter(in);
  milepost_bulk_options o;
  (void)milepost_bulk_options_init(&o, sizeof o);
  o.action = mj_i32(in);
  o.error = mj_text(in);
  o.limit = (uint64_t)mj_i64(in);
  o.cursor = mj_text(in);
  o.timeout_ms = mj_i64(in);
  o.dry_run = mj_u8(in);
  milepost_bulk_report report = {.struct_size = sizeof report};
  milepost_runs sample = {0};
  const milepost_status status =
      milepost_tracker_bulk((milepost_tracker){handle}, &filter, &o, &report, &sample, err);
  if (status != MILEPOST_OK) return status;
  mj_put_i64(out, (int64_t)report.matched);
  mj_put_i64(out, (int64_t)report.applied);
  mj_put_text(out, (milepost_text){report.next, report.next_size});
  mj_put_u8(out, sample.value != 0);
  return sample.value != 0 ? mj_put_runs(out, sample, err) : MILEPOST_OK;
}

static void put_stats(mj_out* out, const milepost_stats_values* v) {
  const uint64_t numbers[] = {v->queued,
                              v->running,
                              v->completed,
                              v->failed,
                              v->exited,
                              v->map_bytes,
                              v->map_bytes_max,
                              v->data_bytes,
                              v->free_bytes,
                              v->disk_free_bytes,
                              v->journal_bytes,
                              v->journal_live_bytes,
                              v->recent_runs,
                              v->recent_bytes,
                              v->readers,
                              v->readers_max,
                              (uint64_t)v->oldest_reader_pid,
                              v->oldest_reader_lag,
                              v->snapshots,
                              v->sequence,
                              v->sequence_synced,
                              v->sequence_published,
                              v->feed_first,
                              v->epoch,
                              v->pending,
                              v->leases,
                              v->commands,
                              v->groups,
                              v->publishes,
                              v->commit_count,
                              v->commit_sum_ns,
                              v->commit_p50_ns,
                              v->commit_p99_ns,
                              v->commit_p999_ns,
                              v->publish_count,
                              v->publish_sum_ns,
                              v->publish_p50_ns,
                              v->publish_p99_ns,
                              v->publish_p999_ns,
                              v->oldest_reader_ms,
                              v->oldest_snapshot_ms,
                              v->queue_depth};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
    mj_put_i64(out, (int64_t)numbers[i]);
  }
}

static milepost_status stats(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  milepost_stats result = {0};
  milepost_status status = milepost_tracker_stats((milepost_tracker){handle}, &result, err);
  if (status != MILEPOST_OK) return status;
  milepost_stats_values values = {.struct_size = sizeof values};
  milepost_text page = {NULL, 0};
  status = milepost_stats_get(result, &values, err);
  if (status == MILEPOST_OK) status = milepost_stats_prometheus(result, &page, err);
  put_stats(out, &values);
  mj_put_text(out, values.last_error);
  mj_put_text(out, page);
  mj_put_i32(out, (int32_t)values.trees);
  for (uint32_t i = 0; status == MILEPOST_OK && i < values.trees; ++i) {
    milepost_tree_stats tree = {.struct_size = sizeof tree};
    status = milepost_stats_tree(result, i, &tree, err);
    mj_put_text(out, tree.name);
    mj_put_i32(out, (int32_t)tree.depth);
    mj_put_i64(out, (int64_t)tree.entries);
    mj_put_i64(out, (int64_t)tree.bytes);
  }
  milepost_stats_free(result);
  return status;
}

static milepost_status export_begin(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  milepost_id id;
  const milepost_id* const organization = mj_optional_id(in, &id);
  milepost_export operation = {0};
  const milepost_status status = milepost_tracker_export_runs(
      (milepost_tracker){handle}, organization, mj_i32(in), &operation, err);
  mj_put_i64(out, (int64_t)operation.value);
  return status;
}

static milepost_status export_step(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  milepost_text lines = {NULL, 0};
  milepost_progress progress = {.struct_size = sizeof progress};
  const milepost_status status =
      milepost_export_step((milepost_export){handle}, &lines, &progress, err);
  mj_put_u8(out, progress.done);
  mj_put_i64(out, (int64_t)progress.lines);
  mj_put_text(out, lines);
  return status;
}

static milepost_status export_free(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  (void)out;
  (void)err;
  milepost_export_free((milepost_export){handle});
  return MILEPOST_OK;
}

static milepost_status import_begin(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  milepost_import operation = {0};
  const milepost_status status =
      milepost_tracker_import_runs((milepost_tracker){handle}, &operation, err);
  mj_put_i64(out, (int64_t)operation.value);
  return status;
}

static milepost_status import_step(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_import operation = {handle};
  const uint8_t last = mj_u8(in);
  const int64_t timeout = mj_i64(in);
  const milepost_text data = mj_text(in);
  milepost_import_report report = {.struct_size = sizeof report};
  milepost_status status =
      milepost_import_step(operation, data.data, data.size, last, timeout, &report, err);
  mj_put_i64(out, (int64_t)report.lines);
  mj_put_i64(out, (int64_t)report.created);
  mj_put_i64(out, (int64_t)report.unchanged);
  mj_put_i64(out, (int64_t)report.refused);
  mj_put_i32(out, (int32_t)report.problems);
  for (uint32_t i = 0; status == MILEPOST_OK && i < report.problems; ++i) {
    uint64_t line = 0;
    milepost_text reason = {NULL, 0};
    status = milepost_import_problem(operation, i, &line, &reason, err);
    mj_put_i64(out, (int64_t)line);
    mj_put_text(out, reason);
  }
  return status;
}

static milepost_status import_free(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  (void)in;
  (void)out;
  (void)err;
  milepost_import_free((milepost_import){handle});
  return MILEPOST_OK;
}

const mj_operation mj_upkeep[MJ_OPERATIONS] = {
    [MJ_ORPHANS] = orphans,
    [MJ_EXPIRED] = expired,
    [MJ_PURGE] = purge,
    [MJ_ERASE] = erase,
    [MJ_BULK] = bulk,
    [MJ_STATS] = stats,
    [MJ_EXPORT] = export_begin,
    [MJ_EXPORT_STEP] = export_step,
    [MJ_EXPORT_FREE] = export_free,
    [MJ_IMPORT] = import_begin,
    [MJ_IMPORT_STEP] = import_step,
    [MJ_IMPORT_FREE] = import_free,
};
