// SPDX-License-Identifier: Apache-2.0
//
// Upkeep: orphans, leases, retention, erasure, bulk steps, and what an operator wants to know.
#include "native.h"

/// orphans(handle, page) -> (tuple of runs, cursor)
static PyObject* orphans(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_page_options page;
  milepost_status status = 0;
  milepost_runs runs = {0};
  NEW_ERROR(err);
  if (!has_count("orphans", count, 2) || !to_handle(a[0], &tracker.value) ||
      !to_page_options(a[1], &page)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_orphans(tracker, &page, &runs, &err));
  return status == MILEPOST_OK ? from_runs(runs) : raise_error(&err);
}

/// expired(handle, limit) -> (tuple of runs, "")
static PyObject* expired(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  uint64_t limit = 0;
  milepost_status status = 0;
  milepost_runs runs = {0};
  NEW_ERROR(err);
  if (!has_count("expired", count, 2) || !to_handle(a[0], &tracker.value) || !to_u64(a[1], &limit))
    return NULL;
  UNLOCKED(status = milepost_tracker_expired(tracker, limit, &runs, &err));
  return status == MILEPOST_OK ? from_runs(runs) : raise_error(&err);
}

/// purge(handle, completed_before, organization, limit, cursor, dry_run, timeout_ms)
/// -> (removed, cursor)
static PyObject* purge(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_purge_options options;
  milepost_purge_report report = {.struct_size = sizeof report};
  milepost_status status = 0;
  NEW_ERROR(err);
  milepost_purge_options_init(&options, sizeof options);
  if (!has_count("purge", count, 7) || !to_handle(a[0], &tracker.value) ||
      !to_i64(a[1], &options.completed_before) ||
      !to_optional_id(a[2], &options.organization_id, &options.has_organization_id) ||
      !to_u64(a[3], &options.limit) || !to_text(a[4], &options.cursor) ||
      !to_bool(a[5], &options.dry_run) || !to_i64(a[6], &options.timeout_ms)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_purge(tracker, &options, &report, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(Ks#)", (unsigned long long)report.removed, report.next,
                       (Py_ssize_t)report.next_size);
}

/// erase_profile(handle, profile, organization, timeout_ms)
/// -> (runs, changes_blanked, sequence, through, journal_bytes, free_bytes)
static PyObject* erase_profile(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_id profile;
  milepost_id organization;
  uint8_t has_organization = 0;
  int64_t timeout = 0;
  milepost_erasure e = {.struct_size = sizeof e};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("erase_profile", count, 4) || !to_handle(a[0], &tracker.value) ||
      !to_id(a[1], &profile) || !to_optional_id(a[2], &organization, &has_organization) ||
      !to_i64(a[3], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_erase_profile(
               tracker, &profile, has_organization ? &organization : NULL, timeout, &e, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(KKKKKK)", (unsigned long long)e.runs,
                       (unsigned long long)e.changes_blanked, (unsigned long long)e.sequence,
                       (unsigned long long)e.through, (unsigned long long)e.journal_bytes,
                       (unsigned long long)e.free_bytes);
}

/// bulk(handle, filter, action, error, limit, cursor, dry_run, timeout_ms)
/// -> (matched, applied, cursor, sample: tuple of runs)
static PyObject* bulk(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_filter filter;
  milepost_bulk_options options;
  milepost_bulk_report report = {.struct_size = sizeof report};
  milepost_runs sample = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  milepost_bulk_options_init(&options, sizeof options);
  if (!has_count("bulk", count, 8) || !to_handle(a[0], &tracker.value) ||
      !to_filter(a[1], &filter) || !to_i32(a[2], &options.action) ||
      !to_text(a[3], &options.error) || !to_u64(a[4], &options.limit) ||
      !to_text(a[5], &options.cursor) || !to_bool(a[6], &options.dry_run) ||
      !to_i64(a[7], &options.timeout_ms)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_bulk(tracker, &filter, &options, &report, &sample, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  PyObject* page = from_runs(sample);
  if (page == NULL) return NULL;
  PyObject* made = Py_BuildValue("(KKs#O)", (unsigned long long)report.matched,
                                 (unsigned long long)report.applied, report.next,
                                 (Py_ssize_t)report.next_size, PyTuple_GetItem(page, 0));
  Py_DECREF(page);
  return made;
}

static const struct number {
  const char* name;
  size_t offset;
} kNumbers[] = {
#define NUMBER(name) \
  { #name, offsetof(milepost_stats_values, name) }
    NUMBER(queued),
    NUMBER(running),
    NUMBER(completed),
    NUMBER(failed),
    NUMBER(exited),
    NUMBER(map_bytes),
    NUMBER(map_bytes_max),
    NUMBER(data_bytes),
    NUMBER(free_bytes),
    NUMBER(disk_free_bytes),
    NUMBER(journal_bytes),
    NUMBER(journal_live_bytes),
    NUMBER(recent_runs),
    NUMBER(recent_bytes),
    NUMBER(oldest_reader_lag),
    NUMBER(snapshots),
    NUMBER(sequence),
    NUMBER(sequence_synced),
    NUMBER(sequence_published),
    NUMBER(feed_first),
    NUMBER(epoch),
    NUMBER(pending),
    NUMBER(leases),
    NUMBER(commands),
    NUMBER(groups),
    NUMBER(publishes),
    NUMBER(commit_count),
    NUMBER(commit_sum_ns),
    NUMBER(commit_p50_ns),
    NUMBER(commit_p99_ns),
    NUMBER(commit_p999_ns),
    NUMBER(publish_count),
    NUMBER(publish_sum_ns),
    NUMBER(publish_p50_ns),
    NUMBER(publish_p99_ns),
    NUMBER(publish_p999_ns),
    NUMBER(oldest_reader_ms),
    NUMBER(oldest_snapshot_ms),
    NUMBER(queue_depth),
#undef NUMBER
};

/// Sets an item that is ours to give; false with an exception if that fails.
static bool give(PyObject* dict, const char* name, PyObject* value) {
  const bool set = value != NULL && PyDict_SetItemString(dict, name, value) == 0;
  Py_XDECREF(value);
  return set;
}

/// The trees as a tuple of (name, depth, entries, bytes).
static PyObject* from_trees(milepost_stats stats, uint32_t count) {
  NEW_ERROR(err);
  PyObject* trees = PyTuple_New((Py_ssize_t)count);
  for (uint32_t i = 0; trees != NULL && i < count; ++i) {
    milepost_tree_stats t = {.struct_size = sizeof t};
    PyObject* tree =
        milepost_stats_tree(stats, i, &t, &err) != MILEPOST_OK
            ? raise_error(&err)
            : Py_BuildValue("(NIKK)", from_text(t.name), (unsigned)t.depth,
                            (unsigned long long)t.entries, (unsigned long long)t.bytes);
    if (tree == NULL) {
      Py_CLEAR(trees);
    } else {
      PyTuple_SetItem(trees, (Py_ssize_t)i, tree);
    }
  }
  return trees;
}

static PyObject* from_stats(milepost_stats stats) {
  NEW_ERROR(err);
  milepost_stats_values v = {.struct_size = sizeof v};
  milepost_text text;
  if (milepost_stats_get(stats, &v, &err) != MILEPOST_OK ||
      milepost_stats_prometheus(stats, &text, &err) != MILEPOST_OK) {
    return raise_error(&err);
  }
  PyObject* dict = PyDict_New();
  if (dict == NULL) return NULL;
  bool good = give(dict, "readers", PyLong_FromUnsignedLong(v.readers)) &&
              give(dict, "readers_max", PyLong_FromUnsignedLong(v.readers_max)) &&
              give(dict, "oldest_reader_pid", PyLong_FromLongLong(v.oldest_reader_pid)) &&
              give(dict, "last_error", from_text(v.last_error)) &&
              give(dict, "prometheus", from_text(text)) &&
              give(dict, "trees", from_trees(stats, v.trees));
  for (size_t i = 0; good && i < sizeof kNumbers / sizeof *kNumbers; ++i) {
    const uint64_t* number = (const void*)((const char*)&v + kNumbers[i].offset);
    good = give(dict, kNumbers[i].name, PyLong_FromUnsignedLongLong(*number));
  }
  if (!good) Py_CLEAR(dict);
  return dict;
}

/// stats(handle) -> dict
static PyObject* stats(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_stats result = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &tracker.value)) return NULL;
  UNLOCKED(status = milepost_tracker_stats(tracker, &result, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  PyObject* made = from_stats(result);
  milepost_stats_free(result);
  return made;
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL, NULL

PyMethodDef upkeep_methods[] = {
    {"orphans", FAST(orphans)}, {"expired", FAST(expired)},
    {"purge", FAST(purge)},     {"erase_profile", FAST(erase_profile)},
    {"bulk", FAST(bulk)},       {"stats", stats, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
