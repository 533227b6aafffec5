// SPDX-License-Identifier: Apache-2.0
//
// Verify, backup, restore and repair: begun, done in steps, and asked for their report. Between
// steps the interpreter looks for signals.
#include "native.h"

static PyObject* from_begun(milepost_status status, milepost_work work, const milepost_error* err) {
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(work.value) : raise_error(err);
}

/// tracker_verify(handle, level, timeout_ms) -> handle
static PyObject* tracker_verify(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  int32_t level = 0;
  int64_t timeout = 0;
  milepost_work work = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("tracker_verify", count, 3) || !to_handle(a[0], &tracker.value) ||
      !to_i32(a[1], &level) || !to_i64(a[2], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_verify(tracker, level, timeout, &work, &err));
  return from_begun(status, work, &err);
}

/// tracker_backup(handle, to, compact, timeout_ms) -> handle
static PyObject* tracker_backup(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_text to = {NULL, 0};
  uint8_t compact = 0;
  int64_t timeout = 0;
  milepost_work work = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("tracker_backup", count, 4) || !to_handle(a[0], &tracker.value) ||
      !to_text(a[1], &to) || !to_bool(a[2], &compact) || !to_i64(a[3], &timeout)) {
    return NULL;
  }
  UNLOCKED(status =
               milepost_tracker_backup(tracker, to.data, to.size, compact, timeout, &work, &err));
  return from_begun(status, work, &err);
}

/// directory_verify(directory, level) -> handle
static PyObject* directory_verify(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_text directory = {NULL, 0};
  int32_t level = 0;
  milepost_work work = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("directory_verify", count, 2) || !to_text(a[0], &directory) ||
      !to_i32(a[1], &level)) {
    return NULL;
  }
  UNLOCKED(status = milepost_directory_verify(directory.data, directory.size, level, &work, &err));
  return from_begun(status, work, &err);
}

/// directory_repair(from, to) -> handle
static PyObject* directory_repair(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_text from = {NULL, 0};
  milepost_text to = {NULL, 0};
  milepost_work work = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("directory_repair", count, 2) || !to_text(a[0], &from) || !to_text(a[1], &to))
    return NULL;
  UNLOCKED(status = milepost_directory_repair(from.data, from.size, to.data, to.size, &work, &err));
  return from_begun(status, work, &err);
}

/// backup_restore(backup, directory, replace) -> handle
static PyObject* backup_restore(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_text backup = {NULL, 0};
  milepost_text directory = {NULL, 0};
  uint8_t replace = 0;
  milepost_work work = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("backup_restore", count, 3) || !to_text(a[0], &backup) ||
      !to_text(a[1], &directory) || !to_bool(a[2], &replace)) {
    return NULL;
  }
  UNLOCKED(status = milepost_backup_restore(backup.data, backup.size, directory.data,
                                            directory.size, replace, &work, &err));
  return from_begun(status, work, &err);
}

/// work_step(handle) -> (done, lines, bytes)
static PyObject* work_step(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_work work = {0};
  milepost_progress progress = {.struct_size = sizeof progress};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &work.value)) return NULL;
  UNLOCKED(status = milepost_work_step(work, &progress, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(NKK)", PyBool_FromLong(progress.done), (unsigned long long)progress.lines,
                       (unsigned long long)progress.bytes);
}

/// The findings as a tuple of (kind, where, text).
static PyObject* from_findings(milepost_work work, uint32_t count) {
  NEW_ERROR(err);
  PyObject* findings = PyTuple_New((Py_ssize_t)count);
  for (uint32_t i = 0; findings != NULL && i < count; ++i) {
    milepost_finding f = {.struct_size = sizeof f};
    PyObject* finding =
        milepost_work_finding(work, i, &f, &err) != MILEPOST_OK
            ? raise_error(&err)
            : Py_BuildValue("(NNN)", from_text(f.kind), from_text(f.where), from_text(f.text));
    if (finding == NULL) {
      Py_CLEAR(findings);
    } else {
      PyTuple_SetItem(findings, (Py_ssize_t)i, finding);
    }
  }
  return findings;
}

/// work_report(handle) -> (findings, findings_count, runs, rows, changes, pages, journaled,
/// sequence, lost, bytes, store)
static PyObject* work_report(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_work work = {0};
  milepost_work_report r = {.struct_size = sizeof r};
  NEW_ERROR(err);
  if (!to_handle(handle, &work.value)) return NULL;
  if (milepost_work_get(work, &r, &err) != MILEPOST_OK) return raise_error(&err);
  PyObject* findings = from_findings(work, r.findings);
  if (findings == NULL) return NULL;
  return Py_BuildValue(
      "(NKKKKKKKKKN)", findings, (unsigned long long)r.findings_count, (unsigned long long)r.runs,
      (unsigned long long)r.rows, (unsigned long long)r.changes, (unsigned long long)r.pages,
      (unsigned long long)r.journaled, (unsigned long long)r.sequence, (unsigned long long)r.lost,
      (unsigned long long)r.bytes, from_id(&r.store_id));
}

/// work_free(handle)
static PyObject* work_free(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_work work = {0};
  if (!to_handle(handle, &work.value)) return NULL;
  UNLOCKED(milepost_work_free(work));
  return Py_NewRef(Py_None);
}

/// fail_orphans(handle, error, limit, timeout_ms) -> (failed, more)
static PyObject* fail_orphans(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_text error = {NULL, 0};
  uint64_t limit = 0;
  int64_t timeout = 0;
  uint64_t failed = 0;
  uint8_t more = 0;
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("fail_orphans", count, 4) || !to_handle(a[0], &tracker.value) ||
      !to_text(a[1], &error) || !to_u64(a[2], &limit) || !to_i64(a[3], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_fail_orphans(tracker, error.data, error.size, limit, timeout,
                                                  &failed, &more, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(KN)", (unsigned long long)failed, PyBool_FromLong(more));
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL, NULL

PyMethodDef work_methods[] = {
    {"tracker_verify", FAST(tracker_verify)},     {"tracker_backup", FAST(tracker_backup)},
    {"directory_verify", FAST(directory_verify)}, {"directory_repair", FAST(directory_repair)},
    {"backup_restore", FAST(backup_restore)},     {"work_step", work_step, METH_O, NULL},
    {"work_report", work_report, METH_O, NULL},   {"work_free", work_free, METH_O, NULL},
    {"fail_orphans", FAST(fail_orphans)},         {NULL, NULL, 0, NULL},
};
