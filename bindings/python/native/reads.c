// SPDX-License-Identifier: Apache-2.0
//
// The reads of trackers and snapshots. A source is two arguments: whether it is a snapshot, and the
// handle. Reads give up the interpreter's lock too: one may wait for the map to grow, which waits
// for a snapshot that another Python thread is about to free.
#include "native.h"

typedef struct source {
  bool is_snapshot;
  milepost_tracker tracker;
  milepost_snapshot snapshot;
} source;

static bool to_source(PyObject* const* a, source* s) {
  s->is_snapshot = Py_IsTrue(a[0]) != 0;
  uint64_t* handle = s->is_snapshot ? &s->snapshot.value : &s->tracker.value;
  return to_handle(a[1], handle);
}

/// The organization of an argument, or NULL for the nil one.
static bool to_organization(PyObject* object, milepost_id* id, const milepost_id** given) {
  uint8_t has = 0;
  if (!to_optional_id(object, id, &has)) return false;
  *given = has ? id : NULL;
  return true;
}

/// get_json(is_snapshot, handle, run, organization) -> bytes
static PyObject* get_json(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_id run_id;
  milepost_id organization;
  const milepost_id* given = NULL;
  milepost_status status = 0;
  char out[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  NEW_ERROR(err);
  if (!has_count("get_json", count, 4) || !to_source(a, &s) || !to_id(a[2], &run_id) ||
      !to_organization(a[3], &organization, &given)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot ? milepost_snapshot_get_json(s.snapshot, &run_id, given, out,
                                                               sizeof out, &size, &err)
                                  : milepost_tracker_get_json(s.tracker, &run_id, given, out,
                                                              sizeof out, &size, &err));
  return status == MILEPOST_OK ? PyBytes_FromStringAndSize(out, (Py_ssize_t)size)
                               : raise_error(&err);
}

/// get(is_snapshot, handle, run, organization) -> run or None
static PyObject* get(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_id run_id;
  milepost_id organization;
  const milepost_id* given = NULL;
  milepost_status status = 0;
  milepost_run run = {.struct_size = sizeof run};
  char text[MILEPOST_RUN_TEXT_MAX];
  NEW_ERROR(err);
  if (!has_count("get", count, 4) || !to_source(a, &s) || !to_id(a[2], &run_id) ||
      !to_organization(a[3], &organization, &given)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot ? milepost_snapshot_get(s.snapshot, &run_id, given, &run, text,
                                                          sizeof text, &err)
                                  : milepost_tracker_get(s.tracker, &run_id, given, &run, text,
                                                         sizeof text, &err));
  return status == MILEPOST_OK ? from_run(&run) : raise_error(&err);
}

/// get_many(is_snapshot, handle, runs: tuple, organization) -> tuple of runs and Nones
static PyObject* get_many(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_id organization;
  const milepost_id* given = NULL;
  milepost_status status = 0;
  milepost_runs runs = {0};
  NEW_ERROR(err);
  if (!has_count("get_many", count, 4) || !to_source(a, &s) ||
      !to_organization(a[3], &organization, &given)) {
    return NULL;
  }
  const Py_ssize_t size = PyTuple_Size(a[2]);
  if (size < 0) return NULL;
  milepost_id* ids = PyMem_Calloc((size_t)size + 1, sizeof *ids);
  if (ids == NULL) return PyErr_NoMemory();
  bool good = true;
  for (Py_ssize_t i = 0; good && i < size; ++i) good = to_id(PyTuple_GetItem(a[2], i), &ids[i]);
  if (good) {
    UNLOCKED(status =
                 s.is_snapshot
                     ? milepost_snapshot_get_many(s.snapshot, ids, (size_t)size, given, &runs, &err)
                     : milepost_tracker_get_many(s.tracker, ids, (size_t)size, given, &runs, &err));
  }
  PyMem_Free(ids);
  if (!good) return NULL;
  return status == MILEPOST_OK ? from_runs(runs) : raise_error(&err);
}

/// list(is_snapshot, handle, filter, page) -> (tuple of runs, cursor)
static PyObject* list(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_filter filter;
  milepost_page_options page;
  milepost_status status = 0;
  milepost_runs runs = {0};
  NEW_ERROR(err);
  if (!has_count("list", count, 4) || !to_source(a, &s) || !to_filter(a[2], &filter) ||
      !to_page_options(a[3], &page)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot ? milepost_snapshot_list(s.snapshot, &filter, &page, &runs, &err)
                                  : milepost_tracker_list(s.tracker, &filter, &page, &runs, &err));
  return status == MILEPOST_OK ? from_runs(runs) : raise_error(&err);
}

/// list_json(is_snapshot, handle, filter, page) -> (bytes, count, cursor)
static PyObject* list_json(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_filter filter;
  milepost_page_options page;
  milepost_status status = 0;
  milepost_json_page result = {0};
  milepost_text json;
  milepost_text next;
  size_t runs = 0;
  NEW_ERROR(err);
  if (!has_count("list_json", count, 4) || !to_source(a, &s) || !to_filter(a[2], &filter) ||
      !to_page_options(a[3], &page)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot
                        ? milepost_snapshot_list_json(s.snapshot, &filter, &page, &result, &err)
                        : milepost_tracker_list_json(s.tracker, &filter, &page, &result, &err));
  if (status == MILEPOST_OK) {
    status = milepost_json_page_get(result, &json, &runs, &next, &err);
  }
  PyObject* made = status != MILEPOST_OK ? raise_error(&err)
                                         : Py_BuildValue("(NnN)", from_bytes(json),
                                                         (Py_ssize_t)runs, from_text(next));
  milepost_json_page_free(result);
  return made;
}

/// counts(is_snapshot, handle, organization, journey, freshness, timeout_ms) -> five numbers
static PyObject* counts(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  milepost_id organization;
  milepost_id journey;
  const milepost_id* of_organization = NULL;
  const milepost_id* of_journey = NULL;
  int32_t freshness = 0;
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_counts c = {.struct_size = sizeof c};
  NEW_ERROR(err);
  if (!has_count("counts", count, 6) || !to_source(a, &s) ||
      !to_organization(a[2], &organization, &of_organization) ||
      !to_organization(a[3], &journey, &of_journey) || !to_i32(a[4], &freshness) ||
      !to_i64(a[5], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot ? milepost_snapshot_counts(s.snapshot, of_organization,
                                                             of_journey, &c, &err)
                                  : milepost_tracker_counts(s.tracker, of_organization, of_journey,
                                                            freshness, timeout, &c, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(KKKKK)", (unsigned long long)c.queued, (unsigned long long)c.running,
                       (unsigned long long)c.completed, (unsigned long long)c.failed,
                       (unsigned long long)c.exited);
}

/// changes(is_snapshot, handle, after, limit, store, freshness, timeout_ms)
/// -> (tuple of changes, next, newest, store)
static PyObject* changes(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  source s;
  uint64_t after = 0;
  uint64_t limit = 0;
  milepost_id store;
  const milepost_id* given = NULL;
  int32_t freshness = 0;
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_changes page = {0};
  NEW_ERROR(err);
  if (!has_count("changes", count, 7) || !to_source(a, &s) || !to_u64(a[2], &after) ||
      !to_u64(a[3], &limit) || !to_organization(a[4], &store, &given) ||
      !to_i32(a[5], &freshness) || !to_i64(a[6], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = s.is_snapshot
                        ? milepost_snapshot_changes(s.snapshot, after, limit, given, &page, &err)
                        : milepost_tracker_changes(s.tracker, after, limit, given, freshness,
                                                   timeout, &page, &err));
  return status == MILEPOST_OK ? from_changes(page) : raise_error(&err);
}

/// wait(handle, run, organization, timeout_ms) -> run
static PyObject* wait(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_id run_id;
  milepost_id organization;
  const milepost_id* given = NULL;
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_run run = {.struct_size = sizeof run};
  char text[MILEPOST_RUN_TEXT_MAX];
  NEW_ERROR(err);
  if (!has_count("wait", count, 4) || !to_handle(a[0], &tracker.value) || !to_id(a[1], &run_id) ||
      !to_organization(a[2], &organization, &given) || !to_i64(a[3], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_wait(tracker, &run_id, given, timeout, &run, text, sizeof text,
                                          &err));
  return status == MILEPOST_OK ? from_run(&run) : raise_error(&err);
}

/// snapshot(handle, freshness, timeout_ms) -> handle
static PyObject* snapshot(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  int32_t freshness = 0;
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_snapshot made = {0};
  NEW_ERROR(err);
  if (!has_count("snapshot", count, 3) || !to_handle(a[0], &tracker.value) ||
      !to_i32(a[1], &freshness) || !to_i64(a[2], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_snapshot(tracker, freshness, timeout, &made, &err));
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(made.value) : raise_error(&err);
}

/// snapshot_sequence(handle) -> int
static PyObject* snapshot_sequence(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_snapshot s = {0};
  uint64_t sequence = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &s.value)) return NULL;
  if (milepost_snapshot_sequence(s, &sequence, &err) != MILEPOST_OK) return raise_error(&err);
  return PyLong_FromUnsignedLongLong(sequence);
}

/// snapshot_free(handle)
static PyObject* snapshot_free(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_snapshot s = {0};
  if (!to_handle(handle, &s.value)) return NULL;
  UNLOCKED(milepost_snapshot_free(s));
  return Py_NewRef(Py_None);
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL, NULL

PyMethodDef read_methods[] = {
    {"get_json", FAST(get_json)},
    {"get", FAST(get)},
    {"get_many", FAST(get_many)},
    {"list", FAST(list)},
    {"list_json", FAST(list_json)},
    {"counts", FAST(counts)},
    {"changes", FAST(changes)},
    {"wait", FAST(wait)},
    {"snapshot", FAST(snapshot)},
    {"snapshot_sequence", snapshot_sequence, METH_O, NULL},
    {"snapshot_free", snapshot_free, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
