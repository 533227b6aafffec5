// SPDX-License-Identifier: Apache-2.0
//
// Opening, closing, and the commands. What a command waits for, it waits for without the
// interpreter's lock.
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "native.h"

typedef enum option_kind { kBool, kI32, kU32, kI64, kU64, kText } option_kind;

static const struct option {
  const char* name;
  option_kind kind;
  size_t offset;
} kOptions[] = {
#define OPTION(name, kind) \
  { #name, kind, offsetof(milepost_open_options, name) }
    OPTION(directory, kText),
    OPTION(durability, kI32),
    OPTION(create, kBool),
    OPTION(read_only, kBool),
    OPTION(allow_unsupported_filesystem, kBool),
    OPTION(manual_clock, kBool),
    OPTION(readers_max, kU32),
    OPTION(wait_max_ms, kI64),
    OPTION(map_size_start, kU64),
    OPTION(map_size_max, kU64),
    OPTION(recent_bytes_max, kU64),
    OPTION(publish_interval_ms, kI64),
    OPTION(journal_segment_bytes, kU64),
    OPTION(journal_bytes_max, kU64),
    OPTION(relaxed_delay_max_ms, kI64),
    OPTION(relaxed_bytes_max, kU64),
    OPTION(feed_retention, kU64),
    OPTION(idempotency_key_lifetime_s, kI64),
    OPTION(snapshot_age_max_ms, kI64),
    OPTION(clock, kI64),
#undef OPTION
};

static bool set_option(const struct option* option, PyObject* value, void* member) {
  uint64_t number = 0;
  switch (option->kind) {
    case kBool:
      return to_bool(value, member);
    case kI32:
      return to_i32(value, member);
    case kI64:
      return to_i64(value, member);
    case kU64:
      return to_u64(value, member);
    case kText:
      return to_text(value, member);
    case kU32:
      if (!to_u64(value, &number)) return false;
      if (number > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%s is too large", option->name);
        return false;
      }
      *(uint32_t*)member = (uint32_t)number;
      return true;
  }
  return false;
}

/// The options that a dict names; the others keep their defaults.
static bool to_open_options(PyObject* dict, milepost_open_options* options) {
  milepost_open_options_init(options, sizeof *options);
  PyObject* key = NULL;
  PyObject* value = NULL;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value)) {
    const struct option* found = NULL;
    for (size_t i = 0; i < sizeof kOptions / sizeof *kOptions && found == NULL; ++i) {
      if (PyUnicode_CompareWithASCIIString(key, kOptions[i].name) == 0) found = &kOptions[i];
    }
    if (found == NULL) {
      PyErr_Format(PyExc_TypeError, "there is no option %R", key);
      return false;
    }
    if (!set_option(found, value, (char*)options + found->offset)) return false;
  }
  return true;
}

/// open(options: dict, log: int) -> handle
static PyObject* open_tracker(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_open_options options;
  milepost_tracker tracker = {0};
  uint64_t log = 0;
  NEW_ERROR(err);
  if (!has_count("open", count, 2)) return NULL;
  if (!PyDict_Check(a[0])) {
    PyErr_SetString(PyExc_TypeError, "a dict is wanted");
    return NULL;
  }
  if (!to_open_options(a[0], &options) || !to_u64(a[1], &log)) return NULL;
  if (log != 0) {
    options.log = log_hook;
    options.log_user = log_ring(log);
  }
  milepost_status status = 0;
  UNLOCKED(status = milepost_tracker_open(&options, &tracker, &err));
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(tracker.value) : raise_error(&err);
}

/// close(handle)
static PyObject* close_tracker(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_status status = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &tracker.value)) return NULL;
  UNLOCKED(status = milepost_tracker_close(tracker, &err));
  return status == MILEPOST_OK ? Py_NewRef(Py_None) : raise_error(&err);
}

/// flush(handle, timeout_ms)
static PyObject* flush(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_status status = 0;
  int64_t timeout = 0;
  NEW_ERROR(err);
  if (!has_count("flush", count, 2) || !to_handle(a[0], &tracker.value) || !to_i64(a[1], &timeout))
    return NULL;
  UNLOCKED(status = milepost_tracker_flush(tracker, timeout, &err));
  return status == MILEPOST_OK ? Py_NewRef(Py_None) : raise_error(&err);
}

/// store_id(handle) -> UUID
static PyObject* store_id(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_id id;
  NEW_ERROR(err);
  if (!to_handle(handle, &tracker.value)) return NULL;
  if (milepost_tracker_store_id(tracker, &id, &err) != MILEPOST_OK) return raise_error(&err);
  return from_id(&id);
}

/// unpublished(handle) -> int
static PyObject* unpublished(PyObject* module, PyObject* handle) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_status status = 0;
  uint64_t effects = 0;
  NEW_ERROR(err);
  if (!to_handle(handle, &tracker.value)) return NULL;
  UNLOCKED(status = milepost_tracker_unpublished(tracker, &effects, &err));
  return status == MILEPOST_OK ? PyLong_FromUnsignedLongLong(effects) : raise_error(&err);
}

/// set_clock(handle, instant)
static PyObject* set_clock(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_status status = 0;
  int64_t instant = 0;
  NEW_ERROR(err);
  if (!has_count("set_clock", count, 2) || !to_handle(a[0], &tracker.value) ||
      !to_i64(a[1], &instant)) {
    return NULL;
  }
  UNLOCKED(status = milepost_tracker_set_clock(tracker, instant, &err));
  return status == MILEPOST_OK ? Py_NewRef(Py_None) : raise_error(&err);
}

/// (kind, run, journey, profile, organization, triggered, started, completed, fencing_token,
/// lease_ms, owner, idempotency_key, error, status, only_if_expired); what a kind has no meaning
/// for is None.
static bool to_command(PyObject* tuple, milepost_command* c) {
  PyObject* m[15];
  uint8_t has = 0;
  uint8_t has_triggered = 0;
  milepost_command_init(c, sizeof *c);
  if (!to_members(tuple, m, 15) || !to_i32(m[0], &c->kind) ||
      !to_optional_id(m[1], &c->run_id, &c->has_run_id) ||
      !to_optional_id(m[2], &c->journey_id, &has) || !to_optional_id(m[3], &c->profile_id, &has) ||
      !to_optional_id(m[4], &c->organization_id, &has) ||
      !to_optional_i64(m[5], &c->triggered_at, &has_triggered) ||
      !to_optional_i64(m[6], &c->started_at, &c->has_started_at) ||
      !to_optional_i64(m[7], &c->completed_at, &c->has_completed_at) ||
      !to_i64(m[9], &c->lease_ms) || !to_text(m[10], &c->owner) ||
      !to_text(m[11], &c->idempotency_key) || !to_text(m[12], &c->error) ||
      !to_i32(m[13], &c->status) || !to_bool(m[14], &c->only_if_expired)) {
    return false;
  }
  if (!Py_IsNone(m[8])) {
    if (!to_u64(m[8], &c->fencing_token)) return false;
    c->has_fencing_token = 1;
  }
  const bool create = c->kind == MILEPOST_COMMAND_CREATE;
  c->has_triggered_at = create ? has_triggered : 0;
  if (!create) c->has_run_id = 0;  // it is not optional there
  return true;
}

/// command(handle, command, timeout_ms) -> outcome
static PyObject* command(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  milepost_command c;
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  char text[MILEPOST_RUN_TEXT_MAX];
  NEW_ERROR(err);
  if (!has_count("command", count, 3) || !to_handle(a[0], &tracker.value) ||
      !to_command(a[1], &c) || !to_i64(a[2], &timeout)) {
    return NULL;
  }
  UNLOCKED(status =
               milepost_tracker_create(tracker, &c, timeout, &outcome, text, sizeof text, &err));
  return status == MILEPOST_OK ? from_outcome(&outcome) : raise_error(&err);
}

static milepost_status take_step(milepost_tracker tracker, int32_t kind, const milepost_id* run_id,
                                 milepost_text error, const milepost_step_options* options,
                                 milepost_outcome* outcome, char* text, size_t capacity,
                                 milepost_error* err) {
  milepost_step_options rest = *options;
  switch (kind) {
    case MILEPOST_COMMAND_START:
      return milepost_tracker_start(tracker, run_id, options, outcome, text, capacity, err);
    case MILEPOST_COMMAND_COMPLETE:
      return milepost_tracker_complete(tracker, run_id, options, outcome, text, capacity, err);
    case MILEPOST_COMMAND_FAIL:
      return milepost_tracker_fail(tracker, run_id, error.data, error.size, options, outcome, text,
                                   capacity, err);
    case MILEPOST_COMMAND_EXIT:
      return milepost_tracker_exit(tracker, run_id, options, outcome, text, capacity, err);
    case MILEPOST_COMMAND_ADOPT:
      return milepost_tracker_adopt(tracker, run_id, options, outcome, text, capacity, err);
    default:  // a heartbeat, whose lease is an argument of its own
      rest.lease_ms = 0;
      return milepost_tracker_heartbeat(tracker, run_id, options->lease_ms, &rest, outcome, text,
                                        capacity, err);
  }
}

/// step(handle, kind, run, organization, owner, fencing_token, lease_ms, only_if_expired, error,
/// timeout_ms) -> outcome
static PyObject* step(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  int32_t kind = 0;
  milepost_id run_id;
  uint8_t has = 0;
  milepost_text error;
  milepost_step_options options;
  milepost_status status = 0;
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  char text[MILEPOST_RUN_TEXT_MAX];
  NEW_ERROR(err);
  milepost_step_options_init(&options, sizeof options);
  if (!has_count("step", count, 10) || !to_handle(a[0], &tracker.value) || !to_i32(a[1], &kind) ||
      !to_id(a[2], &run_id) || !to_optional_id(a[3], &options.organization_id, &has) ||
      !to_text(a[4], &options.owner) || !to_i64(a[6], &options.lease_ms) ||
      !to_bool(a[7], &options.only_if_expired) || !to_text(a[8], &error) ||
      !to_i64(a[9], &options.timeout_ms)) {
    return NULL;
  }
  if (!Py_IsNone(a[5])) {
    if (!to_u64(a[5], &options.fencing_token)) return NULL;
    options.has_fencing_token = 1;
  }
  UNLOCKED(status = take_step(tracker, kind, &run_id, error, &options, &outcome, text, sizeof text,
                              &err));
  return status == MILEPOST_OK ? from_outcome(&outcome) : raise_error(&err);
}

static PyObject* from_outcomes(milepost_outcomes outcomes) {
  NEW_ERROR(err);
  const milepost_outcome* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  if (milepost_outcomes_view(outcomes, &first, &count, &stride, &err) != MILEPOST_OK) {
    return raise_error(&err);
  }
  PyObject* tuple = PyTuple_New((Py_ssize_t)count);
  for (size_t i = 0; tuple != NULL && i < count; ++i) {
    PyObject* outcome = from_outcome((const void*)((const char*)first + i * stride));
    if (outcome == NULL) {
      Py_CLEAR(tuple);
    } else {
      PyTuple_SetItem(tuple, (Py_ssize_t)i, outcome);
    }
  }
  return tuple;
}

/// apply(handle, commands: tuple, timeout_ms) -> tuple of outcomes
static PyObject* apply(PyObject* module, PyObject* const* a, Py_ssize_t count) {
  (void)module;
  milepost_tracker tracker = {0};
  int64_t timeout = 0;
  milepost_status status = 0;
  milepost_outcomes outcomes = {0};
  NEW_ERROR(err);
  if (!has_count("apply", count, 3) || !to_handle(a[0], &tracker.value) || !to_i64(a[2], &timeout))
    return NULL;
  const Py_ssize_t size = PyTuple_Size(a[1]);
  if (size < 0) return NULL;
  milepost_command* commands = calloc((size_t)size + 1, sizeof *commands);
  if (commands == NULL) return PyErr_NoMemory();
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!to_command(PyTuple_GetItem(a[1], i), &commands[i])) {
      free(commands);
      return NULL;
    }
  }
  UNLOCKED(status =
               milepost_tracker_apply(tracker, commands, (size_t)size, timeout, &outcomes, &err));
  free(commands);
  if (status != MILEPOST_OK) return raise_error(&err);
  PyObject* result = from_outcomes(outcomes);
  milepost_outcomes_free(outcomes);
  return result;
}

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL, NULL

PyMethodDef command_methods[] = {
    {"open", FAST(open_tracker)},
    {"close", close_tracker, METH_O, NULL},
    {"flush", FAST(flush)},
    {"store_id", store_id, METH_O, NULL},
    {"unpublished", unpublished, METH_O, NULL},
    {"set_clock", FAST(set_clock)},
    {"command", FAST(command)},
    {"step", FAST(step)},
    {"apply", FAST(apply)},
    {NULL, NULL, 0, NULL},
};
