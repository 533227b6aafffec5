// SPDX-License-Identifier: Apache-2.0
//
// milepost._native: the C ABI as functions on numbers, bytes and tuples. It knows nothing of the
// package's classes; src/milepost makes those of what comes out here. Every call that may wait, or
// touch a disk, runs without the interpreter's lock.
#ifndef MILEPOST_PYTHON_NATIVE_H
#define MILEPOST_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "milepost/milepost.h"

// UNLOCKED(status = call(...)): the call, while other Python threads run.
#define UNLOCKED(statement) \
  do {                      \
    Py_BEGIN_ALLOW_THREADS; \
    statement;              \
    Py_END_ALLOW_THREADS;   \
  } while (0)

// An error that a call can be given. Its text needs no zeroing.
#define NEW_ERROR(name) \
  milepost_error name;  \
  name.struct_size = sizeof name

/// The functions of one file, ended by an empty one.
extern PyMethodDef command_methods[];
extern PyMethodDef read_methods[];
extern PyMethodDef upkeep_methods[];
extern PyMethodDef transfer_methods[];
extern PyMethodDef work_methods[];
extern PyMethodDef log_methods[];
extern PyMethodDef layout_methods[];

/// Imports what the conversions need. -1: an exception is set.
int convert_setup(void);
/// Raises what the package's error factory makes of an error. Yields NULL.
PyObject* raise_error(const milepost_error* err);
/// Replaces the factory: a callable of code, system, applied, retry_safe, message.
PyObject* set_error_factory(PyObject* module, PyObject* factory);

/// Whether a function was given as many arguments as it takes; if not, an exception is set.
bool has_count(const char* function, Py_ssize_t seen, Py_ssize_t expected);

// From Python. Each yields false with an exception set.
bool to_handle(PyObject* object, uint64_t* handle);
bool to_u64(PyObject* object, uint64_t* number);
bool to_i64(PyObject* object, int64_t* number);
bool to_i32(PyObject* object, int32_t* number);
bool to_bool(PyObject* object, uint8_t* value);
/// A uuid.UUID.
bool to_id(PyObject* object, milepost_id* id);
/// None leaves `*given` alone and sets `*has` to 0.
bool to_optional_id(PyObject* object, milepost_id* id, uint8_t* has);
bool to_optional_i64(PyObject* object, int64_t* number, uint8_t* has);
/// str or bytes; None is empty. Borrowed from the object.
bool to_text(PyObject* object, milepost_text* text);
/// A tuple of that many members; borrowed ones.
bool to_members(PyObject* tuple, PyObject** members, Py_ssize_t count);
/// (statuses, organization, journey, profile, from, to)
bool to_filter(PyObject* tuple, milepost_filter* filter);
/// (order, freshness, limit, cursor, timeout_ms)
bool to_page_options(PyObject* tuple, milepost_page_options* page);

// To Python. Each yields a new reference, or NULL with an exception set.
PyObject* from_id(const milepost_id* id);
PyObject* from_instant(int64_t instant);
PyObject* from_text(milepost_text text);
PyObject* from_bytes(milepost_text text);
/// (run, journey, profile, organization, status, triggered, started, completed, error, owner,
/// fencing_token, sequence), or None for a run that was not found.
PyObject* from_run(const milepost_run* run);
/// (kind, run)
PyObject* from_outcome(const milepost_outcome* outcome);
/// A tuple of runs and the next cursor. Frees the result.
PyObject* from_runs(milepost_runs runs);
/// A tuple of (kind, sequence, run), the next position, the newest sequence, the store's id. Frees
/// the result.
PyObject* from_changes(milepost_changes changes);

#endif  // MILEPOST_PYTHON_NATIVE_H
