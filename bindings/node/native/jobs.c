// SPDX-License-Identifier: Apache-2.0
//
// Jobs: on a pool of the addon's, on a thread of their own, or here. A job that waits when its
// environment ends is woken by the close of its tracker, and frees itself.
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
    if (env != NULL) napi_throw_error(env, "ENOMEM", "memory ran out");
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

// What Node offers may be deleted with the environment, whoever still uses it: hence the lock and
// the flag, and an object of our own that lives as long as its users.
struct completion {
  pthread_mutex_t mutex;
  napi_threadsafe_function function;
  size_t pending;  ///< Promises; the event loop's thread only.
  size_t users;
  bool ended;
};

static void drop(job* j) {
  if (j->drop != NULL && j->status == MILEPOST_OK) j->drop(j);
  free_job(j);
}

static void back_on_loop(napi_env env, napi_value callback, void* context, void* data) {
  (void)callback;
  (void)context;
  job* j = data;
  if (env == NULL) {  // it ended while the job was in the queue
    drop(j);
    return;
  }
  if (j->deferred != NULL) {
    completion* c = completion_of(env);
    if (--c->pending == 0) napi_unref_threadsafe_function(env, c->function);
    settle(env, j);
  } else {
    j->finish(env, j);
  }
  free_job(j);
}

completion* completion_new(napi_env env) {
  napi_value name = NULL;
  completion* c = calloc(1, sizeof *c);
  napi_create_string_utf8(env, "milepost", NAPI_AUTO_LENGTH, &name);
  if (c == NULL || napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL,
                                                   back_on_loop, &c->function) != napi_ok) {
    free(c);
    return NULL;
  }
  napi_unref_threadsafe_function(env, c->function);
  pthread_mutex_init(&c->mutex, NULL);
  c->users = 1;
  return c;
}

void completion_use(completion* c) {
  pthread_mutex_lock(&c->mutex);
  ++c->users;
  pthread_mutex_unlock(&c->mutex);
}

static void leave(completion* c) {
  pthread_mutex_lock(&c->mutex);
  const bool last = --c->users == 0;
  pthread_mutex_unlock(&c->mutex);
  if (!last) return;
  pthread_mutex_destroy(&c->mutex);
  free(c);
}

void completion_end(completion* c) {
  pthread_mutex_lock(&c->mutex);
  c->ended = true;
  pthread_mutex_unlock(&c->mutex);
  leave(c);
}

void completion_send(completion* c, job* j) {
  pthread_mutex_lock(&c->mutex);
  const bool sent =
      !c->ended && napi_call_threadsafe_function(c->function, j, napi_tsfn_nonblocking) == napi_ok;
  pthread_mutex_unlock(&c->mutex);
  if (!sent) drop(j);
}

static void execute(job* j) {
  completion* c = j->done;
  j->execute(j);
  completion_send(c, j);
  leave(c);
}

static void* run_one(void* data) {
  execute(data);
  return NULL;
}

static bool start_thread(job* j) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_one, j) != 0) return false;
  pthread_detach(thread);
  return true;
}

// libuv's pool has four threads, and is other people's too: with one of our own, as many commands
// as it has threads share a sync. Threads are made as they are needed, and stay.
enum { kPoolThreads = 32 };

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t filled;
  job* first;
  job* last;
  size_t queued;
  size_t idle;
  size_t threads;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void* run_pool(void* none) {
  (void)none;
  for (;;) {
    pthread_mutex_lock(&pool.mutex);
    while (pool.first == NULL) {
      ++pool.idle;
      pthread_cond_wait(&pool.filled, &pool.mutex);
      --pool.idle;
    }
    job* j = pool.first;
    pool.first = j->next;
    --pool.queued;
    pthread_mutex_unlock(&pool.mutex);
    execute(j);
  }
  return NULL;
}

static bool enqueue(job* j) {
  pthread_mutex_lock(&pool.mutex);
  if (pool.queued >= pool.idle && pool.threads < kPoolThreads) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_pool, NULL) == 0) {
      pthread_detach(thread);
      ++pool.threads;
    }
  }
  const bool served = pool.threads > 0;
  if (served) {
    j->next = NULL;
    if (pool.first == NULL) {
      pool.first = j;
    } else {
      pool.last->next = j;
    }
    pool.last = j;
    ++pool.queued;
    pthread_cond_signal(&pool.filled);
  }
  pthread_mutex_unlock(&pool.mutex);
  return served;
}

static napi_value hand_over(napi_env env, job* j, bool (*start)(job*)) {
  completion* c = completion_of(env);
  napi_value promise = NULL;
  j->done = c;
  napi_create_promise(env, &j->deferred, &promise);
  if (c->pending++ == 0) napi_ref_threadsafe_function(env, c->function);
  completion_use(c);
  if (start(j)) return promise;
  leave(c);
  if (--c->pending == 0) napi_unref_threadsafe_function(env, c->function);
  free_job(j);
  napi_throw_error(env, NULL, "the call cannot be handed to another thread");
  return NULL;
}

napi_value run_in_pool(napi_env env, job* j) { return hand_over(env, j, enqueue); }

napi_value run_on_thread(napi_env env, job* j) { return hand_over(env, j, start_thread); }
