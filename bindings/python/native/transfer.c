// SPDX-License-Identifier: Apache-2.0
//
// What is made once and asked again and again: subscriptions, exports, imports.
#include "native.h"

/// subscribe(handle, after, store) -> handle
static PyObject* subscribe(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  uint64_t after = 0;
  milepost_id store;
  uint8_t has_store = 0;
  milepost_subscription made = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("subscribe", count, 3) || !to_handle(a[0], &tracker.value) ||
      !to_u64(a[1], &after) || !to_optional_id(a[2], &store, &has_store)) {
    return NULL;
  }
  UNLOCKED(status =
               milepost_tracker_subscribe(tracker, after, has_store ? &store : NULL, &made, &err));
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(made.value) : raise_error(&err);
}

/// subscription_next(handle, limit, timeout_ms) -> (tuple of changes, next, newest, store)
static PyObject* subscription_next(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_subscription subscription = {0};
  uint64_t limit = 0;
  int64_t timeout = 0;
  milepost_changes changes = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("subscription_next", count, 3) || !to_handle(a[0], &subscription.value) ||
      !to_u64(a[1], &limit) || !to_i64(a[2], &timeout)) {
    return NULL;
  }
  UNLOCKED(status = milepost_subscription_next(subscription, limit, timeout, &changes, &err));
  return status == MILEPOST_OK ? from_changes(changes) : raise_error(&err);
}

/// subscription_stop(handle)
static PyObject* subscription_stop(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_subscription subscription = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &subscription.value)) return NULL;
  UNLOCKED(status = milepost_subscription_stop(subscription, &err));
  return status == MILEPOST_OK ? Py_NewRef(Py_None) : raise_error(&err);
}

/// subscription_position(handle) -> int
static PyObject* subscription_position(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_subscription subscription = {0};
  uint64_t sequence = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &subscription.value)) return NULL;
  if (milepost_subscription_position(subscription, &sequence, &err) != MILEPOST_OK) {
    return raise_error(&err);
  }
  return PyLong_FromUnsignedLongLong(sequence);
}

/// subscription_free(handle)
static PyObject* subscription_free(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_subscription subscription = {0};
  if (!to_handle(handle, &subscription.value)) return NULL;
  UNLOCKED(milepost_subscription_free(subscription));
  return Py_NewRef(Py_None);
}

/// export_runs(handle, organization, freshness) -> handle
static PyObject* export_runs(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_id organization;
  uint8_t has_organization = 0;
  int32_t freshness = 0;
  milepost_export made = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("export_runs", count, 3) || !to_handle(a[0], &tracker.value) ||
      !to_optional_id(a[1], &organization, &has_organization) || !to_i32(a[2], &freshness)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_export_runs(tracker, has_organization ? &organization : NULL,
                                                 freshness, &made, &err));
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(made.value) : raise_error(&err);
}

/// export_step(handle) -> (bytes, done)
static PyObject* export_step(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_export operation = {0};
  milepost_text lines = {NULL, 0};
  milepost_progress progress = {.struct_size = sizeof progress};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &operation.value)) return NULL;
  UNLOCKED(status = milepost_export_step(operation, &lines, &progress, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  return Py_BuildValue("(NN)", from_bytes(lines), PyBool_FromLong(progress.done));
}

/// export_free(handle)
static PyObject* export_free(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_export operation = {0};
  if (!to_handle(handle, &operation.value)) return NULL;
  UNLOCKED(milepost_export_free(operation));
  return Py_NewRef(Py_None);
}

/// import_runs(handle) -> handle
static PyObject* import_runs(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_import made = {0};
  NEW_ERROR(err);
  if (!to_handle(handle, &tracker.value)) return NULL;
  if (milepost_tracker_import_runs(tracker, &made, &err) != MILEPOST_OK) return raise_error(&err);
  return PyLong_FromUnsignedLongLong(made.value);
}

/// The lines that the last step refused, as a tuple of (line, reason).
static PyObject* from_problems(milepost_import operation, uint32_t count) {
  NEW_ERROR(err);
  PyObject* problems = PyTuple_New((Py_ssize_t)count);
  for (uint32_t i = 0; problems != NULL && i < count; ++i) {
    uint64_t line = 0;
    milepost_text reason = {NULL, 0};
    PyObject* problem = milepost_import_problem(operation, i, &line, &reason, &err) != MILEPOST_OK
                            ? raise_error(&err)
                            : Py_BuildValue("(KN)", (unsigned long long)line, from_text(reason));
    if (problem == NULL) {
      Py_CLEAR(problems);
    } else {
      PyTuple_SetItem(problems, (Py_ssize_t)i, problem);
    }
  }
  return problems;
}

/// import_step(handle, data, last, timeout_ms)
/// -> (lines, created, unchanged, refused, tuple of problems)
static PyObject* import_step(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_import operation = {0};
  milepost_text data = {NULL, 0};
  uint8_t last = 0;
  int64_t timeout = 0;
  milepost_import_report report = {.struct_size = sizeof report};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!has_count("import_step", count, 4) || !to_handle(a[0], &operation.value) ||
      !to_text(a[1], &data) || !to_bool(a[2], &last) || !to_i64(a[3], &timeout)) {
    return NULL;
  }
  UNLOCKED(status =
               milepost_import_step(operation, data.data, data.size, last, timeout, &report, &err));
  if (status != MILEPOST_OK) return raise_error(&err);
  PyObject* problems = from_problems(operation, report.problems);
  if (problems == NULL) return NULL;
  return Py_BuildValue("(KKKKN)", (unsigned long long)report.lines,
                       (unsigned long long)report.created, (unsigned long long)report.unchanged,
                       (unsigned long long)report.refused, problems);
}

/// import_free(handle)
static PyObject* import_free(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_import operation = {0};
  if (!to_handle(handle, &operation.value)) return NULL;
  UNLOCKED(milepost_import_free(operation));
  return Py_NewRef(Py_None);
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL, NULL

PyMethodDef transfer_methods[] = {
    {"subscribe", FAST(subscribe)},
    {"subscription_next", FAST(subscription_next)},
    {"subscription_stop", subscription_stop, METH_O, NULL},
    {"subscription_position", subscription_position, METH_O, NULL},
    {"subscription_free", subscription_free, METH_O, NULL},
    {"export_runs", FAST(export_runs)},
    {"export_step", export_step, METH_O, NULL},
    {"export_free", export_free, METH_O, NULL},
    {"import_runs", import_runs, METH_O, NULL},
    {"import_step", FAST(import_step)},
    {"import_free", import_free, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
