// SPDX-License-Identifier: Apache-2.0
//
// The log hook. The library calls it from any thread; each line goes to the event loop as a job
// without a promise. A sink is never freed, since the hook may be called until after the close;
// there is one for each tracker that was opened with a log.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"

typedef struct log_sink {
  pthread_mutex_t mutex;
  completion* done;
  napi_ref callback;
  bool ended;
} log_sink;

static napi_value deliver(napi_env env, job* j) {
  napi_value callback = NULL;
  napi_get_reference_value(env, j->log->callback, &callback);
  const napi_value arguments[] = {from_number(env, j->kind),
                                  from_text(env, j->data.data, j->data.size)};
  if (callback != NULL) napi_call_function(env, undefined(env), callback, 2, arguments, NULL);
  return undefined(env);
}

struct log_sink* new_log(napi_env env, napi_value log) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, log, &type);
  if (type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "log: a function is wanted");
    return NULL;
  }
  log_sink* sink = calloc(1, sizeof *sink);
  if (sink == NULL || napi_create_reference(env, log, 1, &sink->callback) != napi_ok) {
    free(sink);
    napi_throw_error(env, NULL, "the log cannot be set up");
    return NULL;
  }
  pthread_mutex_init(&sink->mutex, NULL);
  sink->done = completion_of(env);
  completion_use(sink->done);
  return sink;
}

void log_hook(void* user, int32_t level, const char* text, size_t size) {
  log_sink* sink = user;
  job* j = calloc(1, sizeof *j);
  char* copy = j == NULL ? NULL : job_memory(NULL, j, size);
  if (copy == NULL) {
    free(j);
    return;
  }
  memcpy(copy, text, size);
  j->data = (milepost_text){copy, size};
  j->kind = level;
  j->log = sink;
  j->finish = deliver;
  pthread_mutex_lock(&sink->mutex);
  const bool ended = sink->ended;
  pthread_mutex_unlock(&sink->mutex);
  if (ended) {
    free_job(j);
  } else {
    completion_send(sink->done, j);
  }
}

void end_log(struct log_sink* log) {
  if (log == NULL) return;
  pthread_mutex_lock(&log->mutex);
  log->ended = true;
  pthread_mutex_unlock(&log->mutex);
}
