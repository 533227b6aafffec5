// SPDX-License-Identifier: Apache-2.0
//
// Between JavaScript's values and the C ABI's. Ids are texts, instants are bigints of microseconds,
// since a Date would cut them.
#include <string.h>

#include "addon.h"

static bool refuse(napi_env env, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

static bool out_of_range(napi_env env, const char* message) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
  return false;
}

bool is_absent(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined || type == napi_null;
}

bool to_u64(napi_env env, napi_value value, uint64_t* number) {
  bool lossless = false;
  const napi_status status = napi_get_value_bigint_uint64(env, value, number, &lossless);
  if (status == napi_ok) {
    return lossless || out_of_range(env, "a whole number from 0 to 2**64-1 is wanted");
  }
  double real = 0;
  if (napi_get_value_double(env, value, &real) != napi_ok) {
    return refuse(env, "a number or a bigint is wanted");
  }
  if (!(real >= 0 && real <= 9007199254740991.0) || real != (double)(uint64_t)real) {
    return out_of_range(env, "a whole number from 0 on is wanted, from 2**53 on as a bigint");
  }
  *number = (uint64_t)real;
  return true;
}

bool to_i64(napi_env env, napi_value value, int64_t* number) {
  bool lossless = false;
  if (napi_get_value_bigint_int64(env, value, number, &lossless) == napi_ok) {
    return lossless || out_of_range(env, "a whole number of 64 bits is wanted");
  }
  double real = 0;
  if (napi_get_value_double(env, value, &real) != napi_ok) {
    return refuse(env, "a number or a bigint is wanted");
  }
  if (!(real >= -9007199254740991.0 && real <= 9007199254740991.0) ||
      real != (double)(int64_t)real) {
    return out_of_range(env, "a whole number is wanted, from 2**53 on as a bigint");
  }
  *number = (int64_t)real;
  return true;
}

bool to_i32(napi_env env, napi_value value, int32_t* number) {
  int64_t wide = 0;
  if (!to_i64(env, value, &wide)) return false;
  if (wide < INT32_MIN || wide > INT32_MAX) return out_of_range(env, "a small number is wanted");
  *number = (int32_t)wide;
  return true;
}

bool to_bool(napi_env env, napi_value value, uint8_t* boolean) {
  bool given = false;
  if (napi_get_value_bool(env, value, &given) != napi_ok) {
    return refuse(env, "a boolean is wanted");
  }
  *boolean = given ? 1 : 0;
  return true;
}

bool to_id(napi_env env, napi_value value, milepost_id* id) {
  char text[MILEPOST_ID_TEXT_SIZE + 2];
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &size) != napi_ok) {
    return refuse(env, "an id is wanted, as a string");
  }
  // What is longer was cut to a byte too many, and is refused for that; as UTF-8, since Latin-1
  // cuts characters to a byte, which then may be a digit.
  if (milepost_id_parse(text, size, id, NULL) == MILEPOST_OK) return true;
  milepost_error err;
  err.struct_size = sizeof err;
  milepost_id_parse(text, size, id, &err);
  throw_error(env, &err);
  return false;
}

bool to_optional_id(napi_env env, napi_value value, milepost_id* id, uint8_t* has) {
  *has = is_absent(env, value) ? 0 : 1;
  return *has == 0 || to_id(env, value, id);
}

bool to_optional_i64(napi_env env, napi_value value, int64_t* number, uint8_t* has) {
  *has = is_absent(env, value) ? 0 : 1;
  return *has == 0 || to_i64(env, value, number);
}

bool to_text(napi_env env, job* j, napi_value value, milepost_text* text) {
  *text = (milepost_text){NULL, 0};
  if (is_absent(env, value)) return true;
  bool is_array = false;
  napi_is_typedarray(env, value, &is_array);
  if (is_array) {
    napi_typedarray_type type = napi_int8_array;
    void* data = NULL;
    size_t size = 0;
    napi_get_typedarray_info(env, value, &type, &size, &data, NULL, NULL);
    if (type != napi_uint8_array) return refuse(env, "a string or a Uint8Array is wanted");
    char* copy = job_memory(env, j, size);
    if (copy == NULL) return false;
    if (size > 0) memcpy(copy, data, size);
    *text = (milepost_text){copy, size};
    return true;
  }
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &size) != napi_ok) {
    return refuse(env, "a string or a Uint8Array is wanted");
  }
  char* copy = job_memory(env, j, size + 1);
  if (copy == NULL) return false;
  napi_get_value_string_utf8(env, value, copy, size + 1, &size);
  *text = (milepost_text){copy, size};
  return true;
}

bool to_members(napi_env env, napi_value array, napi_value* members, uint32_t count) {
  bool is_array = false;
  uint32_t length = 0;
  napi_is_array(env, array, &is_array);
  if (is_array) napi_get_array_length(env, array, &length);
  if (length != count) return refuse(env, "an array of another length is wanted");
  for (uint32_t i = 0; i < count; ++i) {
    if (napi_get_element(env, array, i, &members[i]) != napi_ok) return refuse(env, "no member");
  }
  return true;
}

bool to_filter(napi_env env, napi_value array, milepost_filter* filter) {
  napi_value m[6];
  uint64_t statuses = 0;
  uint8_t has = 0;
  milepost_filter_init(filter, sizeof *filter);
  if (!to_members(env, array, m, 6) || !to_u64(env, m[0], &statuses)) return false;
  filter->statuses = (uint32_t)statuses;
  return to_optional_id(env, m[1], &filter->organization_id, &has) &&
         to_optional_id(env, m[2], &filter->journey_id, &filter->has_journey_id) &&
         to_optional_id(env, m[3], &filter->profile_id, &filter->has_profile_id) &&
         to_optional_i64(env, m[4], &filter->triggered_from, &filter->has_triggered_from) &&
         to_optional_i64(env, m[5], &filter->triggered_to, &filter->has_triggered_to);
}

bool to_page(napi_env env, job* j, napi_value array, milepost_page_options* page) {
  napi_value m[5];
  milepost_page_options_init(page, sizeof *page);
  return to_members(env, array, m, 5) && to_i32(env, m[0], &page->order) &&
         to_i32(env, m[1], &page->freshness) && to_u64(env, m[2], &page->limit) &&
         to_text(env, j, m[3], &page->cursor) && to_i64(env, m[4], &page->timeout_ms);
}

napi_value from_u64(napi_env env, uint64_t number) {
  napi_value value = NULL;
  napi_create_bigint_uint64(env, number, &value);
  return value;
}

napi_value from_number(napi_env env, double number) {
  napi_value value = NULL;
  napi_create_double(env, number, &value);
  return value;
}

napi_value from_bool(napi_env env, bool boolean) {
  napi_value value = NULL;
  napi_get_boolean(env, boolean, &value);
  return value;
}

napi_value undefined(napi_env env) {
  napi_value value = NULL;
  napi_get_undefined(env, &value);
  return value;
}

static napi_value null(napi_env env) {
  napi_value value = NULL;
  napi_get_null(env, &value);
  return value;
}

napi_value from_id(napi_env env, const milepost_id* id) {
  char text[MILEPOST_ID_TEXT_SIZE];
  napi_value value = NULL;
  milepost_id_format(id, text, NULL);
  napi_create_string_latin1(env, text, sizeof text, &value);
  return value;
}

static bool is_ascii(const char* data, size_t size) {
  uint64_t seen = 0;
  uint64_t word = 0;
  size_t i = 0;
  for (; i + sizeof word <= size; i += sizeof word) {
    memcpy(&word, data + i, sizeof word);
    seen |= word;
  }
  for (; i < size; ++i) seen |= (unsigned char)data[i];
  return (seen & UINT64_C(0x8080808080808080)) == 0;
}

napi_value from_text(napi_env env, const char* data, size_t size) {
  napi_value value = NULL;
  if (data == NULL) size = 0;
  if (is_ascii(data, size)) {  // V8 is told, rather than left to find out more slowly
    napi_create_string_latin1(env, size == 0 ? "" : data, size, &value);
  } else {
    napi_create_string_utf8(env, data, size, &value);
  }
  return value;
}

napi_value from_bytes(napi_env env, const char* data, size_t size) {
  napi_value value = NULL;
  napi_create_buffer_copy(env, size, size == 0 ? "" : data, NULL, &value);
  return value;
}

napi_value from_values(napi_env env, const napi_value* values, uint32_t count) {
  napi_value array = NULL;
  napi_create_array_with_length(env, count, &array);
  for (uint32_t i = 0; i < count; ++i) napi_set_element(env, array, i, values[i]);
  return array;
}

static napi_value from_instant(napi_env env, int64_t instant) {
  int64_t milliseconds = instant / 1000;
  if (instant % 1000 < 0) --milliseconds;
  napi_value micros = NULL;
  napi_create_bigint_int64(env, instant, &micros);
  const napi_value pair[] = {from_number(env, (double)milliseconds), micros};
  return from_values(env, pair, 2);
}

napi_value from_run(napi_env env, const milepost_run* run) {
  if (!run->found) return null(env);
  const napi_value members[] = {
      from_id(env, &run->run_id),
      from_id(env, &run->journey_id),
      from_id(env, &run->profile_id),
      from_id(env, &run->organization_id),
      from_number(env, run->status),
      from_instant(env, run->triggered_at),
      run->has_started_at ? from_instant(env, run->started_at) : null(env),
      run->has_completed_at ? from_instant(env, run->completed_at) : null(env),
      run->has_error ? from_text(env, run->error.data, run->error.size) : null(env),
      from_text(env, run->owner.data, run->owner.size),
      from_u64(env, run->fencing_token),
      from_u64(env, run->sequence),
  };
  return from_values(env, members, sizeof members / sizeof *members);
}

napi_value from_outcome(napi_env env, const milepost_outcome* outcome) {
  const napi_value members[] = {from_number(env, outcome->kind), from_run(env, &outcome->run)};
  return from_values(env, members, 2);
}

/// The members of an array are made in a scope of their own: there may be thousands.
#define EACH_IN_SCOPE(array, i, count, made)             \
  for (size_t i = 0; i < (count); ++i) {                 \
    napi_handle_scope scope = NULL;                      \
    napi_open_handle_scope(env, &scope);                 \
    napi_set_element(env, (array), (uint32_t)i, (made)); \
    napi_close_handle_scope(env, scope);                 \
  }

napi_value from_runs(napi_env env, milepost_runs runs) {
  milepost_error err = {.struct_size = sizeof err};
  const milepost_run* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_text next = {NULL, 0};
  napi_value page[2] = {NULL, NULL};
  if (milepost_runs_view(runs, &first, &count, &stride, &err) != MILEPOST_OK ||
      milepost_runs_next(runs, &next, &err) != MILEPOST_OK) {
    milepost_runs_free(runs);
    return throw_error(env, &err);
  }
  napi_create_array_with_length(env, count, &page[0]);
  EACH_IN_SCOPE(page[0], i, count, from_run(env, (const void*)((const char*)first + i * stride)));
  page[1] = from_text(env, next.data, next.size);
  milepost_runs_free(runs);
  return from_values(env, page, 2);
}

static napi_value from_change(napi_env env, const milepost_change* change) {
  const napi_value members[] = {from_number(env, change->kind), from_u64(env, change->sequence),
                                from_run(env, &change->run)};
  return from_values(env, members, 3);
}

napi_value from_changes(napi_env env, milepost_changes changes) {
  milepost_error err = {.struct_size = sizeof err};
  const milepost_change* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_feed_position position = {.struct_size = sizeof position};
  napi_value page[4] = {NULL, NULL, NULL, NULL};
  if (milepost_changes_view(changes, &first, &count, &stride, &err) != MILEPOST_OK ||
      milepost_changes_position(changes, &position, &err) != MILEPOST_OK) {
    milepost_changes_free(changes);
    return throw_error(env, &err);
  }
  napi_create_array_with_length(env, count, &page[0]);
  EACH_IN_SCOPE(page[0], i, count,
                from_change(env, (const void*)((const char*)first + i * stride)));
  page[1] = from_u64(env, position.next);
  page[2] = from_u64(env, position.newest);
  page[3] = from_id(env, &position.store_id);
  milepost_changes_free(changes);
  return from_values(env, page, 4);
}
