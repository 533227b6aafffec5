// SPDX-License-Identifier: Apache-2.0
//
// The addon: its functions for each environment (the main thread's and each worker's), how an error
// becomes an Error, and the trackers that an environment closes when it ends.
#include <stdlib.h>

#include "addon.h"

/// A tracker that is open.
typedef struct opened {
  uint64_t handle;
  struct log_sink* log;
} opened;

/// What one environment has.
typedef struct state {
  napi_ref error_factory;
  completion* done;
  opened* open;
  size_t count;
  size_t capacity;
} state;

static state* state_of(napi_env env) {
  void* data = NULL;
  napi_get_instance_data(env, &data);
  return data;
}

completion* completion_of(napi_env env) { return state_of(env)->done; }

void note_open(napi_env env, uint64_t handle, struct log_sink* log) {
  state* s = state_of(env);
  if (s->count == s->capacity) {
    const size_t capacity = s->capacity * 2 + 4;
    opened* open = realloc(s->open, capacity * sizeof *open);
    if (open == NULL) return;  // the process's end releases it then
    s->open = open;
    s->capacity = capacity;
  }
  s->open[s->count++] = (opened){handle, log};
}

struct log_sink* note_closed(napi_env env, uint64_t handle) {
  state* s = state_of(env);
  for (size_t i = 0; i < s->count; ++i) {
    if (s->open[i].handle != handle) continue;
    struct log_sink* log = s->open[i].log;
    s->open[i] = s->open[--s->count];
    return log;
  }
  return NULL;
}

/// Closes what is left, which wakes the threads that wait.
static void end(void* data) {
  state* s = data;
  completion_end(s->done);
  for (size_t i = 0; i < s->count; ++i) {
    end_log(s->open[i].log);
    milepost_tracker_close((milepost_tracker){s->open[i].handle}, NULL);
  }
  s->count = 0;
}

static void free_state(napi_env env, void* data, void* hint) {
  (void)env;
  (void)hint;
  free(((state*)data)->open);
  free(data);
}

napi_value make_error(napi_env env, const milepost_error* err) {
  napi_value factory = NULL;
  napi_value error = NULL;
  napi_value message = NULL;
  napi_create_string_utf8(env, err->message, NAPI_AUTO_LENGTH, &message);
  const napi_value arguments[] = {from_number(env, err->code), from_number(env, err->system),
                                  from_number(env, err->applied),
                                  from_bool(env, err->retry_safe != 0), message};
  const state* s = state_of(env);
  if (s->error_factory != NULL) napi_get_reference_value(env, s->error_factory, &factory);
  if (factory == NULL ||
      napi_call_function(env, undefined(env), factory, 5, arguments, &error) != napi_ok) {
    napi_create_error(env, NULL, message, &error);
  }
  return error;
}

napi_value throw_error(napi_env env, const milepost_error* err) {
  napi_throw(env, make_error(env, err));
  return NULL;
}

/// setErrorFactory(function of code, system, applied, retrySafe, message)
static napi_value set_error_factory(napi_env env, napi_callback_info info) {
  napi_value a[1];
  size_t count = 1;
  state* s = state_of(env);
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (s->error_factory != NULL) napi_delete_reference(env, s->error_factory);
  napi_create_reference(env, a[0], 1, &s->error_factory);
  return undefined(env);
}

/// version() -> string
static napi_value version(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value text = NULL;
  napi_create_string_utf8(env, milepost_version(), NAPI_AUTO_LENGTH, &text);
  return text;
}

/// errorName(code) -> string
static napi_value error_name(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  int32_t code = 0;
  napi_value text = NULL;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_i32(env, a[0], &code)) return NULL;
  napi_create_string_utf8(env, milepost_error_name(code), NAPI_AUTO_LENGTH, &text);
  return text;
}

/// parseInstant(text) -> bigint of microseconds
static napi_value parse_instant(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  char text[256];
  size_t size = 0;
  int64_t instant = 0;
  napi_value micros = NULL;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (napi_get_value_string_utf8(env, a[0], text, sizeof text, &size) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "an instant is wanted, as a string");
    return NULL;
  }
  if (milepost_instant_parse(text, size, &instant, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  napi_create_bigint_int64(env, instant, &micros);
  return micros;
}

/// parseId(text) -> text
static napi_value parse_id(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  milepost_id id;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  return to_id(env, a[0], &id) ? from_id(env, &id) : NULL;
}

/// formatInstant(microseconds) -> string
static napi_value format_instant(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  int64_t instant = 0;
  char text[MILEPOST_INSTANT_TEXT_SIZE_MAX];
  size_t size = 0;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_i64(env, a[0], &instant)) return NULL;
  if (milepost_instant_format(instant, text, sizeof text, &size, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  return from_text(env, text, size);
}

/// setClock(handle, microseconds)
static napi_value set_clock(napi_env env, napi_callback_info info) {
  napi_value a[2] = {NULL, NULL};
  size_t count = 2;
  milepost_tracker tracker = {0};
  int64_t instant = 0;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &tracker.value) || !to_i64(env, a[1], &instant)) return NULL;
  if (milepost_tracker_set_clock(tracker, instant, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  return undefined(env);
}

/// storeId(handle) -> id
static napi_value store_id(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  milepost_tracker tracker = {0};
  milepost_id id;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &tracker.value)) return NULL;
  if (milepost_tracker_store_id(tracker, &id, &err) != MILEPOST_OK) return throw_error(env, &err);
  return from_id(env, &id);
}

/// unpublished(handle) -> number
static napi_value unpublished(napi_env env, napi_callback_info info) {
  napi_value a[1] = {NULL};
  size_t count = 1;
  milepost_tracker tracker = {0};
  uint64_t effects = 0;
  milepost_error err;
  err.struct_size = sizeof err;
  napi_get_cb_info(env, info, &count, a, NULL, NULL);
  if (!to_u64(env, a[0], &tracker.value)) return NULL;
  if (milepost_tracker_unpublished(tracker, &effects, &err) != MILEPOST_OK) {
    return throw_error(env, &err);
  }
  return from_number(env, (double)effects);
}

/// Sizes of the structs this addon was compiled with, for the tests.
static napi_value layout(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value object = NULL;
  napi_create_object(env, &object);
#define SIZE(name) napi_set_named_property(env, object, #name, from_number(env, sizeof(name)))
  SIZE(milepost_error);
  SIZE(milepost_id);
  SIZE(milepost_text);
  SIZE(milepost_run);
  SIZE(milepost_outcome);
  SIZE(milepost_command);
  SIZE(milepost_step_options);
  SIZE(milepost_filter);
  SIZE(milepost_page_options);
  SIZE(milepost_counts);
  SIZE(milepost_change);
  SIZE(milepost_feed_position);
  SIZE(milepost_purge_options);
  SIZE(milepost_purge_report);
  SIZE(milepost_erasure);
  SIZE(milepost_bulk_options);
  SIZE(milepost_bulk_report);
  SIZE(milepost_progress);
  SIZE(milepost_work_report);
  SIZE(milepost_finding);
  SIZE(milepost_import_report);
  SIZE(milepost_stats_values);
  SIZE(milepost_tree_stats);
  SIZE(milepost_open_options);
#undef SIZE
  return object;
}

static const function module_functions[] = {
    {"setErrorFactory", set_error_factory},
    {"version", version},
    {"errorName", error_name},
    {"parseId", parse_id},
    {"parseInstant", parse_instant},
    {"formatInstant", format_instant},
    {"setClock", set_clock},
    {"storeId", store_id},
    {"unpublished", unpublished},
    {"layout", layout},
    {NULL, NULL},
};

static void add_functions(napi_env env, napi_value exports, const function* functions) {
  for (const function* f = functions; f->name != NULL; ++f) {
    napi_value made = NULL;
    napi_create_function(env, f->name, NAPI_AUTO_LENGTH, f->body, NULL, &made);
    napi_set_named_property(env, exports, f->name, made);
  }
}

NAPI_MODULE_INIT() {
  if (milepost_abi_version() != MILEPOST_ABI_VERSION) {
    napi_throw_error(env, "ERR_MILEPOST_ABI",
                     "libmilepost-c has another ABI version than this package needs");
    return NULL;
  }
  state* s = calloc(1, sizeof *s);
  if (s == NULL || napi_set_instance_data(env, s, free_state, NULL) != napi_ok ||
      (s->done = completion_new(env)) == NULL ||
      napi_add_env_cleanup_hook(env, end, s) != napi_ok) {
    napi_throw_error(env, "ENOMEM", "the addon cannot be set up");
    return NULL;
  }
  add_functions(env, exports, module_functions);
  add_functions(env, exports, command_functions);
  add_functions(env, exports, read_functions);
  add_functions(env, exports, upkeep_functions);
  add_functions(env, exports, transfer_functions);
  add_functions(env, exports, work_functions);
  return exports;
}
