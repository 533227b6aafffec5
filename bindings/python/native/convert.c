// SPDX-License-Identifier: Apache-2.0
//
// Between Python's values and the C ABI's. A uuid.UUID is taken apart and put together without its
// constructor, which costs more than a whole read of the store.
#include <string.h>

#include "native.h"

static struct {
  PyObject* uuid_type;
  newfunc uuid_new;
  PyObject* safe_unknown;
  PyObject* timedelta_type;
  PyObject* epoch;
  PyObject* name_int;
  PyObject* name_is_safe;
  PyObject* sixty_four;
  PyObject* no_arguments;
} g;

static PyObject* import_attribute(const char* module_name, const char* name) {
  PyObject* module = PyImport_ImportModule(module_name);
  if (module == NULL) return NULL;
  PyObject* attribute = PyObject_GetAttrString(module, name);
  Py_DECREF(module);
  return attribute;
}

static PyObject* make_epoch(void) {
  PyObject* datetime = import_attribute("datetime", "datetime");
  PyObject* timezone = import_attribute("datetime", "timezone");
  PyObject* utc = timezone == NULL ? NULL : PyObject_GetAttrString(timezone, "utc");
  PyObject* epoch = NULL;
  if (datetime != NULL && utc != NULL) {
    epoch = PyObject_CallFunction(datetime, "iiiiiiiO", 1970, 1, 1, 0, 0, 0, 0, utc);
  }
  Py_XDECREF(datetime);
  Py_XDECREF(timezone);
  Py_XDECREF(utc);
  return epoch;
}

int convert_setup(void) {
  g.uuid_type = import_attribute("uuid", "UUID");
  g.timedelta_type = import_attribute("datetime", "timedelta");
  PyObject* safe = import_attribute("uuid", "SafeUUID");
  if (g.uuid_type == NULL || g.timedelta_type == NULL || safe == NULL) return -1;
  g.safe_unknown = PyObject_GetAttrString(safe, "unknown");
  Py_DECREF(safe);
  g.epoch = make_epoch();
  g.name_int = PyUnicode_InternFromString("int");
  g.name_is_safe = PyUnicode_InternFromString("is_safe");
  g.sixty_four = PyLong_FromLong(64);
  g.no_arguments = PyTuple_New(0);
  if (g.safe_unknown == NULL || g.epoch == NULL || g.name_int == NULL || g.name_is_safe == NULL ||
      g.sixty_four == NULL || g.no_arguments == NULL) {
    return -1;
  }
  void* slot = PyType_GetSlot((PyTypeObject*)g.uuid_type, Py_tp_new);
  memcpy(&g.uuid_new, &slot, sizeof slot);  // ISO C has no cast from data to functions
  return 0;
}

bool has_count(const char* function, Py_ssize_t seen, Py_ssize_t expected) {
  if (seen == expected) return true;
  PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", function, expected, seen);
  return false;
}

static bool refuse(const char* wanted, PyObject* seen) {
  PyObject* name = PyType_GetName(Py_TYPE(seen));
  if (name != NULL) PyErr_Format(PyExc_TypeError, "%s is wanted, not %U", wanted, name);
  Py_XDECREF(name);
  return false;
}

bool to_u64(PyObject* object, uint64_t* number) {
  if (!PyLong_Check(object)) return refuse("an int", object);
  *number = PyLong_AsUnsignedLongLong(object);
  if (*number == UINT64_MAX && PyErr_Occurred() != NULL) {
    PyErr_SetString(PyExc_ValueError, "a number from 0 to 2**64-1 is wanted");
    return false;
  }
  return true;
}

bool to_handle(PyObject* object, uint64_t* handle) { return to_u64(object, handle); }

bool to_i64(PyObject* object, int64_t* number) {
  if (!PyLong_Check(object)) return refuse("an int", object);
  *number = PyLong_AsLongLong(object);
  if (*number == -1 && PyErr_Occurred() != NULL) {
    PyErr_SetString(PyExc_ValueError, "a number of 64 bits is wanted");
    return false;
  }
  return true;
}

bool to_i32(PyObject* object, int32_t* number) {
  int64_t wide = 0;
  if (!to_i64(object, &wide)) return false;
  if (wide < INT32_MIN || wide > INT32_MAX) {
    PyErr_SetString(PyExc_ValueError, "a number of 32 bits is wanted");
    return false;
  }
  *number = (int32_t)wide;
  return true;
}

bool to_bool(PyObject* object, uint8_t* value) {
  if (!PyBool_Check(object)) return refuse("True or False", object);
  *value = Py_IsTrue(object) ? 1 : 0;
  return true;
}

static void put_big_endian(uint64_t number, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_big_endian(const uint8_t* bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | bytes[i];
  return number;
}

bool to_id(PyObject* object, milepost_id* id) {
  if (Py_TYPE(object) != (PyTypeObject*)g.uuid_type) {
    const int is = PyObject_IsInstance(object, g.uuid_type);
    if (is < 0) return false;
    if (is == 0) return refuse("a uuid.UUID", object);
  }
  PyObject* number = PyObject_GetAttr(object, g.name_int);
  if (number == NULL) return false;
  PyObject* high = PyNumber_Rshift(number, g.sixty_four);
  const uint64_t low = PyLong_AsUnsignedLongLongMask(number);
  Py_DECREF(number);
  if (high == NULL) return false;
  put_big_endian(PyLong_AsUnsignedLongLongMask(high), id->bytes);
  put_big_endian(low, id->bytes + 8);
  Py_DECREF(high);
  return PyErr_Occurred() == NULL;
}

bool to_optional_id(PyObject* object, milepost_id* id, uint8_t* has) {
  *has = 0;
  if (Py_IsNone(object)) return true;
  *has = 1;
  return to_id(object, id);
}

bool to_optional_i64(PyObject* object, int64_t* number, uint8_t* has) {
  *has = 0;
  if (Py_IsNone(object)) return true;
  *has = 1;
  return to_i64(object, number);
}

bool to_text(PyObject* object, milepost_text* text) {
  *text = (milepost_text){NULL, 0};
  if (Py_IsNone(object)) return true;
  Py_ssize_t size = 0;
  if (PyUnicode_Check(object)) {
    text->data = PyUnicode_AsUTF8AndSize(object, &size);
    if (text->data == NULL) return false;
  } else if (PyBytes_Check(object)) {
    char* data = NULL;
    if (PyBytes_AsStringAndSize(object, &data, &size) != 0) return false;
    text->data = data;
  } else {
    return refuse("str or bytes", object);
  }
  text->size = (size_t)size;
  return true;
}

bool to_members(PyObject* tuple, PyObject** members, Py_ssize_t count) {
  if (!PyTuple_Check(tuple)) return refuse("a tuple", tuple);
  if (!has_count("a tuple", PyTuple_Size(tuple), count)) return false;
  for (Py_ssize_t i = 0; i < count; ++i) members[i] = PyTuple_GetItem(tuple, i);
  return true;
}

bool to_filter(PyObject* tuple, milepost_filter* filter) {
  PyObject* m[6];
  uint64_t statuses = 0;
  uint8_t has_organization = 0;
  milepost_filter_init(filter, sizeof *filter);
  if (!to_members(tuple, m, 6) || !to_u64(m[0], &statuses)) return false;
  filter->statuses = (uint32_t)statuses;
  return to_optional_id(m[1], &filter->organization_id, &has_organization) &&
         to_optional_id(m[2], &filter->journey_id, &filter->has_journey_id) &&
         to_optional_id(m[3], &filter->profile_id, &filter->has_profile_id) &&
         to_optional_i64(m[4], &filter->triggered_from, &filter->has_triggered_from) &&
         to_optional_i64(m[5], &filter->triggered_to, &filter->has_triggered_to);
}

bool to_page_options(PyObject* tuple, milepost_page_options* page) {
  PyObject* m[5];
  milepost_page_options_init(page, sizeof *page);
  return to_members(tuple, m, 5) && to_i32(m[0], &page->order) && to_i32(m[1], &page->freshness) &&
         to_u64(m[2], &page->limit) && to_text(m[3], &page->cursor) &&
         to_i64(m[4], &page->timeout_ms);
}

PyObject* from_id(const milepost_id* id) {
  PyObject* high = PyLong_FromUnsignedLongLong(get_big_endian(id->bytes));
  PyObject* low = PyLong_FromUnsignedLongLong(get_big_endian(id->bytes + 8));
  PyObject* shifted = high == NULL ? NULL : PyNumber_Lshift(high, g.sixty_four);
  PyObject* number = shifted == NULL || low == NULL ? NULL : PyNumber_Or(shifted, low);
  PyObject* uuid = NULL;
  if (number != NULL) uuid = g.uuid_new((PyTypeObject*)g.uuid_type, g.no_arguments, NULL);
  // A UUID refuses assignment; its constructor goes past that in the same way.
  if (uuid != NULL && (PyObject_GenericSetAttr(uuid, g.name_int, number) != 0 ||
                       PyObject_GenericSetAttr(uuid, g.name_is_safe, g.safe_unknown) != 0)) {
    Py_CLEAR(uuid);
  }
  Py_XDECREF(high);
  Py_XDECREF(low);
  Py_XDECREF(shifted);
  Py_XDECREF(number);
  return uuid;
}

PyObject* from_instant(int64_t instant) {
  PyObject* since = PyObject_CallFunction(g.timedelta_type, "iiL", 0, 0, (long long)instant);
  if (since == NULL) return NULL;
  PyObject* moment = PyNumber_Add(g.epoch, since);
  Py_DECREF(since);
  return moment;
}

PyObject* from_text(milepost_text text) {
  return PyUnicode_FromStringAndSize(text.data == NULL ? "" : text.data,
                                     text.data == NULL ? 0 : (Py_ssize_t)text.size);
}

PyObject* from_bytes(milepost_text text) {
  return PyBytes_FromStringAndSize(text.data == NULL ? "" : text.data, (Py_ssize_t)text.size);
}

static PyObject* none(void) { return Py_NewRef(Py_None); }

/// Sets the next member; false if there is none to set, with the exception that says why.
static bool put(PyObject* tuple, Py_ssize_t* index, PyObject* member) {
  if (member == NULL) return false;
  PyTuple_SetItem(tuple, (*index)++, member);
  return true;
}

PyObject* from_run(const milepost_run* run) {
  if (!run->found) return none();
  PyObject* tuple = PyTuple_New(12);
  if (tuple == NULL) return NULL;
  Py_ssize_t i = 0;
  if (put(tuple, &i, from_id(&run->run_id)) && put(tuple, &i, from_id(&run->journey_id)) &&
      put(tuple, &i, from_id(&run->profile_id)) && put(tuple, &i, from_id(&run->organization_id)) &&
      put(tuple, &i, PyLong_FromLong(run->status)) &&
      put(tuple, &i, from_instant(run->triggered_at)) &&
      put(tuple, &i, run->has_started_at ? from_instant(run->started_at) : none()) &&
      put(tuple, &i, run->has_completed_at ? from_instant(run->completed_at) : none()) &&
      put(tuple, &i, run->has_error ? from_text(run->error) : none()) &&
      put(tuple, &i, from_text(run->owner)) &&
      put(tuple, &i, PyLong_FromUnsignedLongLong(run->fencing_token)) &&
      put(tuple, &i, PyLong_FromUnsignedLongLong(run->sequence))) {
    return tuple;
  }
  Py_DECREF(tuple);
  return NULL;
}

PyObject* from_outcome(const milepost_outcome* outcome) {
  PyObject* run = from_run(&outcome->run);
  return run == NULL ? NULL : Py_BuildValue("(iN)", outcome->kind, run);
}

PyObject* from_runs(milepost_runs runs) {
  NEW_ERROR(err);
  const milepost_run* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_text next = {NULL, 0};
  PyObject* page = NULL;
  if (milepost_runs_view(runs, &first, &count, &stride, &err) != MILEPOST_OK ||
      milepost_runs_next(runs, &next, &err) != MILEPOST_OK) {
    raise_error(&err);
  } else {
    page = PyTuple_New((Py_ssize_t)count);
    Py_ssize_t i = 0;
    for (size_t k = 0; page != NULL && k < count; ++k) {
      const void* at = (const char*)first + k * stride;
      if (!put(page, &i, from_run(at))) Py_CLEAR(page);
    }
    if (page != NULL) page = Py_BuildValue("(NN)", page, from_text(next));
  }
  milepost_runs_free(runs);
  return page;
}

PyObject* from_changes(milepost_changes changes) {
  NEW_ERROR(err);
  const milepost_change* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_feed_position position = {.struct_size = sizeof position};
  PyObject* page = NULL;
  if (milepost_changes_view(changes, &first, &count, &stride, &err) != MILEPOST_OK ||
      milepost_changes_position(changes, &position, &err) != MILEPOST_OK) {
    raise_error(&err);
  } else {
    page = PyTuple_New((Py_ssize_t)count);
    Py_ssize_t i = 0;
    for (size_t k = 0; page != NULL && k < count; ++k) {
      const milepost_change* change = (const void*)((const char*)first + k * stride);
      PyObject* run = from_run(&change->run);
      PyObject* made = run == NULL ? NULL
                                   : Py_BuildValue("(iKN)", change->kind,
                                                   (unsigned long long)change->sequence, run);
      if (!put(page, &i, made)) Py_CLEAR(page);
    }
    if (page != NULL) {
      page = Py_BuildValue("(NKKN)", page, (unsigned long long)position.next,
                           (unsigned long long)position.newest, from_id(&position.store_id));
    }
  }
  milepost_changes_free(changes);
  return page;
}
