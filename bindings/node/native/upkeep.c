// SPDX-License-Identifier: Apache-2.0
//
// Upkeep: orphans, leases, retention, erasure, bulk steps, and what an operator wants to know.
#include "addon.h"

static napi_value in_pool(napi_env env, job* j, bool good, void (*execute)(job*),
                          napi_value (*finish)(napi_env, job*)) {
  if (!good) {
    free_job(j);
    return NULL;
  }
  j->execute = execute;
  j->finish = finish;
  return run_in_pool(env, j);
}

static napi_value page_of_runs(napi_env env, job* j) { return from_runs(env, j->runs); }

static void do_orphans(job* j) {
  j->status = milepost_tracker_orphans(j->tracker, &j->options.page, &j->runs, &j->err);
}

/// orphans(handle, page) -> promise of [runs, next]
static napi_value orphans(napi_env env, napi_callback_info info) {
  napi_value a[2];
  job* j = new_job(env, info, 2, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_page(env, j, a[1], &j->options.page);
  return in_pool(env, j, good, do_orphans, page_of_runs);
}

static void do_expired(job* j) {
  j->status = milepost_tracker_expired(j->tracker, j->limit, &j->runs, &j->err);
}

/// expired(handle, limit) -> promise of [runs, ""]
static napi_value expired(napi_env env, napi_callback_info info) {
  napi_value a[2];
  job* j = new_job(env, info, 2, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_u64(env, a[1], &j->limit);
  return in_pool(env, j, good, do_expired, page_of_runs);
}

static void do_purge(job* j) {
  j->status = milepost_tracker_purge(j->tracker, &j->options.purge, &j->purged, &j->err);
}

static napi_value purge_report(napi_env env, job* j) {
  const napi_value report[] = {from_number(env, (double)j->purged.removed),
                               from_text(env, j->purged.next, j->purged.next_size)};
  return from_values(env, report, 2);
}

/// purge(handle, completedBefore, organization, limit, cursor, dryRun, timeout)
/// -> promise of [removed, next]
static napi_value purge(napi_env env, napi_callback_info info) {
  napi_value a[7];
  job* j = new_job(env, info, 7, a);
  if (j == NULL) return NULL;
  milepost_purge_options* o = &j->options.purge;
  milepost_purge_options_init(o, sizeof *o);
  const bool good = to_u64(env, a[0], &j->tracker.value) &&
                    to_i64(env, a[1], &o->completed_before) &&
                    to_optional_id(env, a[2], &o->organization_id, &o->has_organization_id) &&
                    to_u64(env, a[3], &o->limit) && to_text(env, j, a[4], &o->cursor) &&
                    to_bool(env, a[5], &o->dry_run) && to_i64(env, a[6], &o->timeout_ms);
  return in_pool(env, j, good, do_purge, purge_report);
}

static void do_erase(job* j) {
  j->status =
      milepost_tracker_erase_profile(j->tracker, &j->ids[1], j->has_id[0] ? &j->ids[0] : NULL,
                                     j->timeout_ms, &j->erasure, &j->err);
}

static napi_value receipt(napi_env env, job* j) {
  const napi_value numbers[] = {from_number(env, (double)j->erasure.runs),
                                from_number(env, (double)j->erasure.changes_blanked),
                                from_u64(env, j->erasure.sequence),
                                from_u64(env, j->erasure.through),
                                from_number(env, (double)j->erasure.journal_bytes),
                                from_number(env, (double)j->erasure.free_bytes)};
  return from_values(env, numbers, 6);
}

/// eraseProfile(handle, profile, organization, timeout)
/// -> promise of [runs, changesBlanked, sequence, through, journalBytes, freeBytes]
static napi_value erase_profile(napi_env env, napi_callback_info info) {
  napi_value a[4];
  job* j = new_job(env, info, 4, a);
  if (j == NULL) return NULL;
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_id(env, a[1], &j->ids[1]) &&
                    to_optional_id(env, a[2], &j->ids[0], &j->has_id[0]) &&
                    to_i64(env, a[3], &j->timeout_ms);
  return in_pool(env, j, good, do_erase, receipt);
}

static void do_bulk(job* j) {
  j->status = milepost_tracker_bulk(j->tracker, &j->filter, &j->options.bulk, &j->bulked, &j->runs,
                                    &j->err);
}

static napi_value bulk_report(napi_env env, job* j) {
  const napi_value report[] = {
      from_number(env, (double)j->bulked.matched), from_number(env, (double)j->bulked.applied),
      from_text(env, j->bulked.next, j->bulked.next_size), from_runs(env, j->runs)};
  return from_values(env, report, 4);
}

/// bulk(handle, filter, action, error, limit, cursor, dryRun, timeout)
/// -> promise of [matched, applied, next, [sample, ""]]
static napi_value bulk(napi_env env, napi_callback_info info) {
  napi_value a[8];
  job* j = new_job(env, info, 8, a);
  if (j == NULL) return NULL;
  milepost_bulk_options* o = &j->options.bulk;
  milepost_bulk_options_init(o, sizeof *o);
  const bool good = to_u64(env, a[0], &j->tracker.value) && to_filter(env, a[1], &j->filter) &&
                    to_i32(env, a[2], &o->action) && to_text(env, j, a[3], &o->error) &&
                    to_u64(env, a[4], &o->limit) && to_text(env, j, a[5], &o->cursor) &&
                    to_bool(env, a[6], &o->dry_run) && to_i64(env, a[7], &o->timeout_ms);
  return in_pool(env, j, good, do_bulk, bulk_report);
}

static const struct number {
  const char* name;
  size_t offset;
} kNumbers[] = {
#define NUMBER(name, member) \
  { name, offsetof(milepost_stats_values, member) }
    NUMBER("queued", queued),
    NUMBER("running", running),
    NUMBER("completed", completed),
    NUMBER("failed", failed),
    NUMBER("exited", exited),
    NUMBER("mapBytes", map_bytes),
    NUMBER("mapBytesMax", map_bytes_max),
    NUMBER("dataBytes", data_bytes),
    NUMBER("freeBytes", free_bytes),
    NUMBER("diskFreeBytes", disk_free_bytes),
    NUMBER("journalBytes", journal_bytes),
    NUMBER("journalLiveBytes", journal_live_bytes),
    NUMBER("recentRuns", recent_runs),
    NUMBER("recentBytes", recent_bytes),
    NUMBER("oldestReaderLag", oldest_reader_lag),
    NUMBER("snapshots", snapshots),
    NUMBER("sequence", sequence),
    NUMBER("sequenceSynced", sequence_synced),
    NUMBER("sequencePublished", sequence_published),
    NUMBER("feedFirst", feed_first),
    NUMBER("epoch", epoch),
    NUMBER("pending", pending),
    NUMBER("leases", leases),
    NUMBER("commands", commands),
    NUMBER("groups", groups),
    NUMBER("publishes", publishes),
    NUMBER("commitCount", commit_count),
    NUMBER("commitSumNs", commit_sum_ns),
    NUMBER("commitP50Ns", commit_p50_ns),
    NUMBER("commitP99Ns", commit_p99_ns),
    NUMBER("commitP999Ns", commit_p999_ns),
    NUMBER("publishCount", publish_count),
    NUMBER("publishSumNs", publish_sum_ns),
    NUMBER("publishP50Ns", publish_p50_ns),
    NUMBER("publishP99Ns", publish_p99_ns),
    NUMBER("publishP999Ns", publish_p999_ns),
    NUMBER("oldestReaderMs", oldest_reader_ms),
    NUMBER("oldestSnapshotMs", oldest_snapshot_ms),
    NUMBER("queueDepth", queue_depth),
#undef NUMBER
};

static void do_stats(job* j) { j->status = milepost_tracker_stats(j->tracker, &j->stats, &j->err); }

static napi_value from_tree(napi_env env, milepost_stats stats, uint32_t index) {
  milepost_tree_stats t = {.struct_size = sizeof t};
  napi_value tree = NULL;
  milepost_stats_tree(stats, index, &t, NULL);
  napi_create_object(env, &tree);
  napi_set_named_property(env, tree, "name", from_text(env, t.name.data, t.name.size));
  napi_set_named_property(env, tree, "depth", from_number(env, t.depth));
  napi_set_named_property(env, tree, "entries", from_number(env, (double)t.entries));
  napi_set_named_property(env, tree, "bytes", from_number(env, (double)t.bytes));
  return tree;
}

static napi_value stats_object(napi_env env, job* j) {
  milepost_stats_values v = {.struct_size = sizeof v};
  milepost_text text = {NULL, 0};
  napi_value object = NULL;
  napi_value trees = NULL;
  milepost_stats_get(j->stats, &v, NULL);
  milepost_stats_prometheus(j->stats, &text, NULL);
  napi_create_object(env, &object);
  for (size_t i = 0; i < sizeof kNumbers / sizeof *kNumbers; ++i) {
    const uint64_t* number = (const void*)((const char*)&v + kNumbers[i].offset);
    napi_set_named_property(env, object, kNumbers[i].name, from_number(env, (double)*number));
  }
  napi_set_named_property(env, object, "readers", from_number(env, v.readers));
  napi_set_named_property(env, object, "readersMax", from_number(env, v.readers_max));
  napi_set_named_property(env, object, "oldestReaderPid",
                          from_number(env, (double)v.oldest_reader_pid));
  napi_set_named_property(env, object, "lastError",
                          from_text(env, v.last_error.data, v.last_error.size));
  napi_set_named_property(env, object, "prometheus", from_text(env, text.data, text.size));
  napi_create_array_with_length(env, v.trees, &trees);
  for (uint32_t i = 0; i < v.trees; ++i) {
    napi_set_element(env, trees, i, from_tree(env, j->stats, i));
  }
  napi_set_named_property(env, object, "trees", trees);
  milepost_stats_free(j->stats);
  return object;
}

/// stats(handle) -> promise of an object
static napi_value stats(napi_env env, napi_callback_info info) {
  napi_value a[1];
  job* j = new_job(env, info, 1, a);
  if (j == NULL) return NULL;
  return in_pool(env, j, to_u64(env, a[0], &j->tracker.value), do_stats, stats_object);
}

const function upkeep_functions[] = {
    {"orphans", orphans}, {"expired", expired}, {"purge", purge}, {"eraseProfile", erase_profile},
    {"bulk", bulk},       {"stats", stats},     {NULL, NULL},
};
