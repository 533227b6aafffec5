// SPDX-License-Identifier: Apache-2.0
//
// The C ABI as functions on bigints, strings and arrays. The addon knows nothing of the package's
// classes; lib/ makes those of what comes out here. A call is a job: its arguments are copied on
// the event loop's thread, it runs on another one, and its promise is settled back on the first.
#ifndef MILEPOST_NODE_ADDON_H
#define MILEPOST_NODE_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milepost/milepost.h"

/// What one call needs from its arguments until its promise is settled.
typedef struct job job;
struct job {
  void (*execute)(job* j);                     ///< The call, on any thread. Sets `status`.
  napi_value (*finish)(napi_env env, job* j);  ///< Its value, and frees its result.
  void (*drop)(job* j);                        ///< Frees a result nobody will see; or NULL.
  job* next;                                   ///< In the pool's queue.
  struct completion* done;                     ///< Back to the event loop.
  napi_deferred deferred;
  struct block* blocks;  ///< Memory that the arguments point into.
  milepost_status status;
  milepost_error err;

  bool is_snapshot;
  milepost_tracker tracker;
  milepost_snapshot snapshot;
  milepost_subscription subscription;
  milepost_export exporting;
  milepost_import importing;
  milepost_work working;
  int32_t kind;
  int32_t freshness;
  int64_t timeout_ms;
  uint64_t number;
  uint64_t limit;
  uint8_t flag;
  milepost_text data;
  milepost_id ids[3];
  uint8_t has_id[3];
  milepost_id* many;
  milepost_command* commands;
  size_t count;
  union {
    milepost_open_options open;
    milepost_step_options step;
    milepost_purge_options purge;
    milepost_bulk_options bulk;
    milepost_page_options page;
  } options;
  milepost_filter filter;
  struct log_sink* log;

  milepost_outcome outcome;
  milepost_run run;
  milepost_runs runs;
  milepost_outcomes outcomes;
  milepost_changes changes;
  milepost_json_page json;
  milepost_stats stats;
  milepost_counts counts;
  milepost_erasure erasure;
  milepost_purge_report purged;
  milepost_bulk_report bulked;
  milepost_progress progress;
  milepost_import_report imported;
  milepost_text lines;
  char text[MILEPOST_RUN_TEXT_MAX];
};

// --- jobs ----------------------------------------------------------------------------------------

/// The arguments of a call and its job; NULL, with an exception pending, when there are fewer.
job* new_job(napi_env env, napi_callback_info info, size_t count, napi_value* arguments);
void free_job(job* j);
/// Memory that lives as long as the job; NULL, with an exception pending, when there is none.
void* job_memory(napi_env env, job* j, size_t size);
/// Runs the job here and now, and yields its value.
napi_value run_now(napi_env env, job* j);
/// Yields a promise and runs the job on the addon's pool.
napi_value run_in_pool(napi_env env, job* j);
/// The same on a thread of its own: for what may wait long, of which the pool would run out.
napi_value run_on_thread(napi_env env, job* j);

/// How jobs come back to one environment's event loop, which stays alive while there are any. It
/// outlives the environment while jobs are on their way.
typedef struct completion completion;
/// NULL if it cannot be made. The environment's own, until it calls completion_end.
completion* completion_new(napi_env env);
void completion_end(completion* c);
completion* completion_of(napi_env env);
/// One more user, who sends jobs from other threads.
void completion_use(completion* c);
/// Sends a job to the event loop, where `finish` is called and, if it has a promise, that settled.
/// Without an environment any more it is dropped.
void completion_send(completion* c, job* j);

/// An Error of the package's for what the library said; throw_error() throws it.
napi_value make_error(napi_env env, const milepost_error* err);
napi_value throw_error(napi_env env, const milepost_error* err);

// --- from JavaScript: each yields false with an exception pending --------------------------------

bool to_u64(napi_env env, napi_value value, uint64_t* number);   ///< A bigint or a number.
bool to_i64(napi_env env, napi_value value, int64_t* number);    ///< A bigint or a number.
bool to_i32(napi_env env, napi_value value, int32_t* number);    ///< A number.
bool to_bool(napi_env env, napi_value value, uint8_t* boolean);  ///< A boolean.
bool to_id(napi_env env, napi_value value, milepost_id* id);     ///< Its text.
/// null and undefined: there is none.
bool to_optional_id(napi_env env, napi_value value, milepost_id* id, uint8_t* has);
bool to_optional_i64(napi_env env, napi_value value, int64_t* number, uint8_t* has);
/// A string or a Uint8Array, copied; null and undefined are empty.
bool to_text(napi_env env, job* j, napi_value value, milepost_text* text);
/// An array's members.
bool to_members(napi_env env, napi_value array, napi_value* members, uint32_t count);
bool is_absent(napi_env env, napi_value value);
/// [statuses, organization, journey, profile, from, to]
bool to_filter(napi_env env, napi_value array, milepost_filter* filter);
/// [order, freshness, limit, cursor, timeout]
bool to_page(napi_env env, job* j, napi_value array, milepost_page_options* page);

// --- to JavaScript -------------------------------------------------------------------------------

napi_value from_u64(napi_env env, uint64_t number);  ///< A bigint.
napi_value from_number(napi_env env, double number);
napi_value from_bool(napi_env env, bool boolean);
napi_value from_id(napi_env env, const milepost_id* id);
napi_value from_text(napi_env env, const char* data, size_t size);
napi_value from_bytes(napi_env env, const char* data, size_t size);
napi_value undefined(napi_env env);
/// An array of what is given.
napi_value from_values(napi_env env, const napi_value* values, uint32_t count);
/// [run, journey, profile, organization, status, triggered, started, completed, error, owner,
/// token, sequence]; an instant is [milliseconds, microseconds]; null for a run not found.
napi_value from_run(napi_env env, const milepost_run* run);
napi_value from_outcome(napi_env env, const milepost_outcome* outcome);  ///< [kind, run]
napi_value from_runs(napi_env env, milepost_runs runs);           ///< [runs, next]; frees it.
napi_value from_changes(napi_env env, milepost_changes changes);  ///< Frees it.

// --- the functions of each file, ended by an empty one -------------------------------------------

typedef struct function {
  const char* name;
  napi_callback body;
} function;

extern const function command_functions[];
extern const function read_functions[];
extern const function upkeep_functions[];
extern const function transfer_functions[];
extern const function work_functions[];

/// Notes a tracker that the environment must close when it ends, and where it logs to (or NULL).
void note_open(napi_env env, uint64_t handle, struct log_sink* log);
/// Notes that it is closed now. Yields where it logs to.
struct log_sink* note_closed(napi_env env, uint64_t handle);

/// Where a tracker logs to: a JavaScript function of level and text. NULL with an exception
/// pending.
struct log_sink* new_log(napi_env env, napi_value log);
/// A milepost_log_function; `user` is a sink.
void log_hook(void* user, int32_t level, const char* text, size_t size);
/// Lines that come later are dropped. Any thread; NULL does nothing.
void end_log(struct log_sink* log);

#endif  // MILEPOST_NODE_ADDON_H
