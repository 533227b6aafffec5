// SPDX-License-Identifier: Apache-2.0
//
// The log hook. The library calls it from any thread; lines go to the environment's own thread by a
// threadsafe function that does not keep the event loop alive. A sink is never freed, since the
// hook may be called until after the close; there is one for each tracker that was opened with a
// log.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"

typedef struct log_sink {
  pthread_mutex_t mutex;
  napi_threadsafe_function function;
  bool ended;
} log_sink;

typedef struct line {
  int32_t level;
  size_t size;
  char text[];
} line;

static void deliver(napi_env env, napi_value callback, void* context, void* data) {
  (void)context;
  line* l = data;
  if (env != NULL) {
    const napi_value arguments[] = {from_number(env, l->level), from_text(env, l->text, l->size)};
    napi_call_function(env, undefined(env), callback, 2, arguments, NULL);
  }
  free(l);
}

struct log_sink* new_log(napi_env env, napi_value log) {
  napi_value name = NULL;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, log, &type);
  if (type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "log: a function is wanted");
    return NULL;
  }
  log_sink* sink = calloc(1, sizeof *sink);
  napi_create_string_utf8(env, "milepost log", NAPI_AUTO_LENGTH, &name);
  if (sink == NULL || napi_create_threadsafe_function(env, log, NULL, name, 0, 1, NULL, NULL, NULL,
                                                      deliver, &sink->function) != napi_ok) {
    free(sink);
    napi_throw_error(env, NULL, "the log cannot be set up");
    return NULL;
  }
  napi_unref_threadsafe_function(env, sink->function);
  pthread_mutex_init(&sink->mutex, NULL);
  return sink;
}

void log_hook(void* user, int32_t level, const char* text, size_t size) {
  log_sink* sink = user;
  line* l = malloc(sizeof *l + size);
  if (l == NULL) return;
  l->level = level;
  l->size = size;
  memcpy(l->text, text, size);
  pthread_mutex_lock(&sink->mutex);
  if (sink->ended ||
      napi_call_threadsafe_function(sink->function, l, napi_tsfn_nonblocking) != napi_ok) {
    sink->ended = true;  // the environment ends: the function must not be used again
    free(l);
  }
  pthread_mutex_unlock(&sink->mutex);
}

void end_log(struct log_sink* log) {
  if (log == NULL) return;
  pthread_mutex_lock(&log->mutex);
  if (!log->ended) napi_release_threadsafe_function(log->function, napi_tsfn_release);
  log->ended = true;
  pthread_mutex_unlock(&log->mutex);
}
