// SPDX-License-Identifier: Apache-2.0
//
// Jobs: on libuv's pool, on a thread of their own, or here. A job that waits on a thread of its own
// when the environment ends is woken by the close of its tracker, and frees itself.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"

struct block {
  struct block* next;
  max_align_t data[];
};

void* job_memory(napi_env env, job* j, size_t size) {
  struct block* b = malloc(sizeof *b + size + 1);
  if (b == NULL) {
    napi_throw_error(env, "ENOMEM", "memory ran out");
    return NULL;
  }
  b->next = j->blocks;
  j->blocks = b;
  return b->data;
}

void free_job(job* j) {
  for (struct block* b = j->blocks; b != NULL;) {
    struct block* next = b->next;
    free(b);
    b = next;
  }
  free(j);
}

job* new_job(napi_env env, napi_callback_info info, size_t count, napi_value* arguments) {
  size_t given = count;
  napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
  if (given < count) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return NULL;
  }
  job* j = calloc(1, sizeof *j);
  if (j == NULL) {
    napi_throw_error(env, "ENOMEM", "memory ran out");
    return NULL;
  }
  j->err.struct_size = sizeof j->err;
  j->timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
  j->outcome.struct_size = sizeof j->outcome;
  j->run.struct_size = sizeof j->run;
  j->counts.struct_size = sizeof j->counts;
  j->erasure.struct_size = sizeof j->erasure;
  j->purged.struct_size = sizeof j->purged;
  j->bulked.struct_size = sizeof j->bulked;
  j->progress.struct_size = sizeof j->progress;
  j->imported.struct_size = sizeof j->imported;
  return j;
}

napi_value run_now(napi_env env, job* j) {
  j->execute(j);
  napi_value value = j->status == MILEPOST_OK ? j->finish(env, j) : throw_error(env, &j->err);
  free_job(j);
  return value;
}

/// Settles the promise. What is thrown while the value is made rejects it.
static void settle(napi_env env, job* j) {
  napi_value value = NULL;
  bool good = j->status == MILEPOST_OK;
  if (good) {
    value = j->finish(env, j);
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (pending) {
      napi_get_and_clear_last_exception(env, &value);
      good = false;
    }
  } else {
    value = make_error(env, &j->err);
  }
  if (good) {
    napi_resolve_deferred(env, j->deferred, value);
  } else {
    napi_reject_deferred(env, j->deferred, value);
  }
}

static void pool_execute(napi_env env, void* data) {
  (void)env;
  job* j = data;
  j->execute(j);
}

static void pool_complete(napi_env env, napi_status status, void* data) {
  job* j = data;
  if (status == napi_cancelled) {  // the environment ends before the job began
    free_job(j);
    return;
  }
  settle(env, j);
  napi_delete_async_work(env, j->work);
  free_job(j);
}

static napi_value name_of(napi_env env) {
  napi_value name = NULL;
  napi_create_string_utf8(env, "milepost", NAPI_AUTO_LENGTH, &name);
  return name;
}

static napi_value cannot_run(napi_env env, job* j) {
  free_job(j);
  napi_throw_error(env, NULL, "the call cannot be handed to another thread");
  return NULL;
}

napi_value run_in_pool(napi_env env, job* j) {
  napi_value promise = NULL;
  if (napi_create_async_work(env, NULL, name_of(env), pool_execute, pool_complete, j, &j->work) !=
      napi_ok) {
    return cannot_run(env, j);
  }
  napi_create_promise(env, &j->deferred, &promise);
  if (napi_queue_async_work(env, j->work) != napi_ok) {
    napi_delete_async_work(env, j->work);
    return cannot_run(env, j);
  }
  return promise;
}

static void thread_done(napi_env env, napi_value callback, void* context, void* data) {
  (void)callback;
  (void)context;
  job* j = data;
  if (env != NULL) {
    settle(env, j);
  } else if (j->drop != NULL && j->status == MILEPOST_OK) {
    j->drop(j);
  }
  free_job(j);
}

static void* thread_main(void* data) {
  job* j = data;
  napi_threadsafe_function done = j->done;
  j->execute(j);
  // From here on the job belongs to thread_done, unless the environment is gone.
  if (napi_call_threadsafe_function(done, j, napi_tsfn_blocking) != napi_ok) {
    thread_done(NULL, NULL, NULL, j);
    return NULL;
  }
  napi_release_threadsafe_function(done, napi_tsfn_release);
  return NULL;
}

napi_value run_on_thread(napi_env env, job* j) {
  napi_value promise = NULL;
  pthread_t thread;
  if (napi_create_threadsafe_function(env, NULL, NULL, name_of(env), 0, 1, NULL, NULL, NULL,
                                      thread_done, &j->done) != napi_ok) {
    return cannot_run(env, j);
  }
  napi_create_promise(env, &j->deferred, &promise);
  if (pthread_create(&thread, NULL, thread_main, j) != 0) {
    napi_release_threadsafe_function(j->done, napi_tsfn_abort);
    return cannot_run(env, j);
  }
  pthread_detach(thread);
  return promise;
}
