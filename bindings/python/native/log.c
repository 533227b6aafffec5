// SPDX-License-Identifier: Apache-2.0
//
// A ring of log lines. Rings are never freed, since a hook may be called until after the close; a
// process has as many as it opened trackers with a log, and a ring is small once it is empty.
#include "log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

enum { kLines = 256, kRings = 4096 };

typedef struct line {
  int32_t level;
  size_t size;
  char* text;
} line;

typedef struct ring {
  pthread_mutex_t mutex;
  pthread_cond_t filled;
  size_t first;
  size_t count;
  bool ended;
  line lines[kLines];
} ring;

static ring* rings[kRings];
static uint64_t rings_made;

void* log_ring(uint64_t number) {
  return number == 0 || number > rings_made ? NULL : rings[number - 1];
}

void log_hook(void* user, int32_t level, const char* text, size_t size) {
  ring* r = user;
  char* copy = r == NULL ? NULL : malloc(size + 1);
  if (copy == NULL) return;
  memcpy(copy, text, size);
  pthread_mutex_lock(&r->mutex);
  if (r->count == kLines) {  // the oldest goes: who reads too slowly learns what happened last
    free(r->lines[r->first].text);
    r->first = (r->first + 1) % kLines;
    --r->count;
  }
  r->lines[(r->first + r->count++) % kLines] = (line){level, size, copy};
  pthread_cond_signal(&r->filled);
  pthread_mutex_unlock(&r->mutex);
}

/// log_new() -> number
static PyObject* log_new(PyObject* module, PyObject* none) {
  (void)module;
  (void)none;
  if (rings_made == kRings) {
    PyErr_SetString(PyExc_RuntimeError, "this process opened too many trackers with a log");
    return NULL;
  }
  ring* r = calloc(1, sizeof *r);
  if (r == NULL) return PyErr_NoMemory();
  pthread_mutex_init(&r->mutex, NULL);
  pthread_cond_init(&r->filled, NULL);
  rings[rings_made++] = r;
  return PyLong_FromUnsignedLongLong(rings_made);
}

static bool take(ring* r, line* taken) {
  pthread_mutex_lock(&r->mutex);
  while (r->count == 0 && !r->ended) pthread_cond_wait(&r->filled, &r->mutex);
  const bool is_line = r->count > 0;
  if (is_line) {
    *taken = r->lines[r->first];
    r->first = (r->first + 1) % kLines;
    --r->count;
  }
  pthread_mutex_unlock(&r->mutex);
  return is_line;
}

/// log_next(number) -> (level, text), or None when the log has ended
static PyObject* log_next(PyObject* module, PyObject* number) {
  (void)module;
  uint64_t which = 0;
  if (!to_u64(number, &which)) return NULL;
  ring* r = log_ring(which);
  if (r == NULL) return Py_NewRef(Py_None);
  line taken;
  bool is_line = false;
  UNLOCKED(is_line = take(r, &taken));
  if (!is_line) return Py_NewRef(Py_None);
  PyObject* text = PyUnicode_DecodeUTF8(taken.text, (Py_ssize_t)taken.size, "replace");
  free(taken.text);
  return text == NULL ? NULL : Py_BuildValue("(iN)", taken.level, text);
}

/// log_end(number): what is in the ring can still be read
static PyObject* log_end(PyObject* module, PyObject* number) {
  (void)module;
  uint64_t which = 0;
  if (!to_u64(number, &which)) return NULL;
  ring* r = log_ring(which);
  if (r != NULL) {
    pthread_mutex_lock(&r->mutex);
    r->ended = true;
    pthread_cond_broadcast(&r->filled);
    pthread_mutex_unlock(&r->mutex);
  }
  return Py_NewRef(Py_None);
}

PyMethodDef log_methods[] = {
    {"log_new", log_new, METH_NOARGS, NULL},
    {"log_next", log_next, METH_O, NULL},
    {"log_end", log_end, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
