// SPDX-License-Identifier: Apache-2.0
//
// The module: its functions, its constants, and how an error becomes an exception. It refuses to be
// loaded with a library of another ABI than it was compiled for.
#include "native.h"

static PyObject* error_factory;

PyObject* set_error_factory(PyObject* module, PyObject* factory) {
  (void)module;
  PyObject* before = error_factory;
  error_factory = Py_NewRef(factory);
  Py_XDECREF(before);
  return Py_NewRef(Py_None);
}

PyObject* raise_error(const milepost_error* err) {
  if (error_factory == NULL) {
    PyErr_SetString(PyExc_RuntimeError, err->message);
    return NULL;
  }
  PyObject* error =
      PyObject_CallFunction(error_factory, "iiiNs", err->code, err->system, err->applied,
                            PyBool_FromLong(err->retry_safe), err->message);
  if (error != NULL) {
    PyErr_SetObject((PyObject*)Py_TYPE(error), error);
    Py_DECREF(error);
  }
  return NULL;
}

/// version() -> str
static PyObject* version(PyObject* module, PyObject* none) {
  (void)module;
  (void)none;
  return PyUnicode_FromString(milepost_version());
}

/// error_name(code) -> str
static PyObject* error_name(PyObject* module, PyObject* code) {
  (void)module;
  int32_t number = 0;
  return to_i32(code, &number) ? PyUnicode_FromString(milepost_error_name(number)) : NULL;
}

/// parse_id(text) -> UUID
static PyObject* parse_id(PyObject* module, PyObject* text) {
  (void)module;
  milepost_text in;
  milepost_id id;
  NEW_ERROR(err);
  if (!to_text(text, &in)) return NULL;
  if (milepost_id_parse(in.data, in.size, &id, &err) != MILEPOST_OK) return raise_error(&err);
  return from_id(&id);
}

/// parse_instant(text) -> datetime
static PyObject* parse_instant(PyObject* module, PyObject* text) {
  (void)module;
  milepost_text in;
  int64_t instant = 0;
  NEW_ERROR(err);
  if (!to_text(text, &in)) return NULL;
  if (milepost_instant_parse(in.data, in.size, &instant, &err) != MILEPOST_OK) {
    return raise_error(&err);
  }
  return from_instant(instant);
}

/// format_instant(microseconds) -> str
static PyObject* format_instant(PyObject* module, PyObject* instant) {
  (void)module;
  int64_t number = 0;
  char out[MILEPOST_INSTANT_TEXT_SIZE_MAX];
  size_t size = 0;
  NEW_ERROR(err);
  if (!to_i64(instant, &number)) return NULL;
  if (milepost_instant_format(number, out, sizeof out, &size, &err) != MILEPOST_OK) {
    return raise_error(&err);
  }
  return PyUnicode_FromStringAndSize(out, (Py_ssize_t)size);
}

static PyMethodDef module_methods[] = {
    {"set_error_factory", set_error_factory, METH_O, NULL},
    {"version", version, METH_NOARGS, NULL},
    {"error_name", error_name, METH_O, NULL},
    {"parse_id", parse_id, METH_O, NULL},
    {"parse_instant", parse_instant, METH_O, NULL},
    {"format_instant", format_instant, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "milepost._native",
    .m_doc = "The C ABI of Milepost; use the package milepost.",
    .m_size = -1,
    .m_methods = module_methods,
};

PyMODINIT_FUNC PyInit__native(void) {
  if (milepost_abi_version() != MILEPOST_ABI_VERSION) {
    PyErr_Format(PyExc_ImportError,
                 "libmilepost-c has ABI version %d, this package needs %d: install one that fits",
                 (int)milepost_abi_version(), MILEPOST_ABI_VERSION);
    return NULL;
  }
  PyObject* module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  if (convert_setup() != 0 || PyModule_AddFunctions(module, command_methods) != 0 ||
      PyModule_AddFunctions(module, read_methods) != 0 ||
      PyModule_AddFunctions(module, upkeep_methods) != 0 ||
      PyModule_AddFunctions(module, transfer_methods) != 0 ||
      PyModule_AddFunctions(module, work_methods) != 0 ||
      PyModule_AddFunctions(module, log_methods) != 0 ||
      PyModule_AddFunctions(module, layout_methods) != 0 ||
      PyModule_AddIntConstant(module, "abi_version", MILEPOST_ABI_VERSION) != 0) {
    Py_CLEAR(module);
  }
  return module;
}
