// SPDX-License-Identifier: Apache-2.0
//
// How large the structs are that this extension was compiled with, for the tests to compare with
// the header's.
#include "native.h"

static const struct size {
  const char* name;
  size_t size;
} kSizes[] = {
#define SIZE(name) \
  { #name, sizeof(name) }
    SIZE(milepost_error),         SIZE(milepost_id),           SIZE(milepost_text),
    SIZE(milepost_run),           SIZE(milepost_outcome),      SIZE(milepost_command),
    SIZE(milepost_step_options),  SIZE(milepost_filter),       SIZE(milepost_page_options),
    SIZE(milepost_counts),        SIZE(milepost_change),       SIZE(milepost_feed_position),
    SIZE(milepost_purge_options), SIZE(milepost_purge_report), SIZE(milepost_erasure),
    SIZE(milepost_bulk_options),  SIZE(milepost_bulk_report),  SIZE(milepost_progress),
    SIZE(milepost_work_report),   SIZE(milepost_finding),      SIZE(milepost_work),
    SIZE(milepost_import_report), SIZE(milepost_stats_values), SIZE(milepost_tree_stats),
    SIZE(milepost_open_options),  SIZE(milepost_tracker),      SIZE(milepost_snapshot),
    SIZE(milepost_subscription),  SIZE(milepost_export),       SIZE(milepost_import),
    SIZE(milepost_runs),          SIZE(milepost_outcomes),     SIZE(milepost_changes),
    SIZE(milepost_json_page),     SIZE(milepost_stats),
#undef SIZE
};

/// layout() -> dict of name: size
static PyObject* layout(PyObject* module, PyObject* none) {
  (void)module;
  (void)none;
  PyObject* dict = PyDict_New();
  for (size_t i = 0; dict != NULL && i < sizeof kSizes / sizeof *kSizes; ++i) {
    PyObject* size = PyLong_FromSize_t(kSizes[i].size);
    if (size == NULL || PyDict_SetItemString(dict, kSizes[i].name, size) != 0) Py_CLEAR(dict);
    Py_XDECREF(size);
  }
  return dict;
}

PyMethodDef layout_methods[] = {
    {"layout", layout, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
