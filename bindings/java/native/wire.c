// SPDX-License-Identifier: Apache-2.0
//
// See wire.h.
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static uint64_t number(mj_in* in, size_t bytes) {
  if ((size_t)(in->end - in->at) < bytes) {
    in->overrun = 1;
    in->at = in->end;
    return 0;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | *in->at++;
  return value;
}

uint8_t mj_u8(mj_in* in) { return (uint8_t)number(in, 1); }
int32_t mj_i32(mj_in* in) { return (int32_t)(uint32_t)number(in, 4); }
int64_t mj_i64(mj_in* in) { return (int64_t)number(in, 8); }

milepost_id mj_id(mj_in* in) {
  milepost_id id = {{0}};
  if ((size_t)(in->end - in->at) < sizeof id.bytes) {
    in->overrun = 1;
    in->at = in->end;
    return id;
  }
  memcpy(id.bytes, in->at, sizeof id.bytes);
  in->at += sizeof id.bytes;
  return id;
}

const milepost_id* mj_optional_id(mj_in* in, milepost_id* id) {
  const uint8_t there = mj_u8(in);
  *id = mj_id(in);
  return there ? id : NULL;
}

milepost_text mj_text(mj_in* in) {
  const size_t size = (uint32_t)mj_i32(in);
  milepost_text text = {NULL, 0};
  if ((size_t)(in->end - in->at) < size) {
    in->overrun = 1;
    in->at = in->end;
    return text;
  }
  if (size > 0) text = (milepost_text){(const char*)in->at, size};
  in->at += size;
  return text;
}

void mj_out_begin(mj_out* out) {
  out->data = out->first;
  out->size = 0;
  out->capacity = sizeof out->first;
  out->failed = 0;
}

void mj_out_end(mj_out* out) {
  if (out->data != out->first) free(out->data);
}

/* Room for that many bytes more, or NULL. */
static uint8_t* room(mj_out* out, size_t bytes) {
  if (out->failed) return NULL;
  if (out->capacity - out->size < bytes) {
    const size_t capacity = 2 * (out->size + bytes);
    uint8_t* const data = out->data == out->first ? malloc(capacity) : realloc(out->data, capacity);
    if (data == NULL) {
      out->failed = 1;
      return NULL;
    }
    if (out->data == out->first) memcpy(data, out->first, out->size);
    out->data = data;
    out->capacity = capacity;
  }
  uint8_t* const at = out->data + out->size;
  out->size += bytes;
  return at;
}

static void put(mj_out* out, uint64_t value, size_t bytes) {
  uint8_t* const at = room(out, bytes);
  if (at == NULL) return;
  for (size_t i = bytes; i-- > 0; value >>= 8) at[i] = (uint8_t)value;
}

void mj_put_u8(mj_out* out, uint8_t value) { put(out, value, 1); }
void mj_put_i32(mj_out* out, int32_t value) { put(out, (uint32_t)value, 4); }
void mj_put_i64(mj_out* out, int64_t value) { put(out, (uint64_t)value, 8); }

static void put_bytes(mj_out* out, const void* bytes, size_t size) {
  uint8_t* const at = room(out, size);
  if (at != NULL && size > 0) memcpy(at, bytes, size);
}

void mj_put_id(mj_out* out, const milepost_id* id) { put_bytes(out, id->bytes, sizeof id->bytes); }

void mj_put_text(mj_out* out, milepost_text text) {
  const size_t size = text.data == NULL ? 0 : text.size;
  mj_put_i32(out, (int32_t)size);
  put_bytes(out, text.data, size);
}

void mj_put_run(mj_out* out, const milepost_run* run) {
  mj_put_u8(out, run->found);
  if (!run->found) return;
  mj_put_i32(out, run->status);
  mj_put_id(out, &run->run_id);
  mj_put_id(out, &run->journey_id);
  mj_put_id(out, &run->profile_id);
  mj_put_id(out, &run->organization_id);
  mj_put_i64(out, run->triggered_at);
  mj_put_u8(out, run->has_started_at);
  mj_put_i64(out, run->started_at);
  mj_put_u8(out, run->has_completed_at);
  mj_put_i64(out, run->completed_at);
  mj_put_u8(out, run->has_error);
  mj_put_text(out, run->error);
  mj_put_text(out, run->owner);
  mj_put_i64(out, (int64_t)run->fencing_token);
  mj_put_i64(out, (int64_t)run->sequence);
}

void mj_put_outcome(mj_out* out, const milepost_outcome* outcome) {
  mj_put_i32(out, outcome->kind);
  mj_put_run(out, &outcome->run);
}

milepost_status mj_put_runs(mj_out* out, milepost_runs runs, milepost_error* err) {
  const milepost_run* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_text next = {NULL, 0};
  milepost_status status = milepost_runs_view(runs, &first, &count, &stride, err);
  if (status == MILEPOST_OK) status = milepost_runs_next(runs, &next, err);
  if (status == MILEPOST_OK) {
    mj_put_text(out, next);
    mj_put_i32(out, (int32_t)count);
    for (size_t i = 0; i < count; ++i) {
      mj_put_run(out, (const milepost_run*)(const void*)((const char*)first + i * stride));
    }
  }
  milepost_runs_free(runs);
  return status;
}

milepost_status mj_put_changes(mj_out* out, milepost_changes changes, milepost_error* err) {
  const milepost_change* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  milepost_feed_position position = {.struct_size = sizeof position};
  milepost_status status = milepost_changes_view(changes, &first, &count, &stride, err);
  if (status == MILEPOST_OK) status = milepost_changes_position(changes, &position, err);
  if (status == MILEPOST_OK) {
    mj_put_i64(out, (int64_t)position.next);
    mj_put_i64(out, (int64_t)position.newest);
    mj_put_id(out, &position.store_id);
    mj_put_i32(out, (int32_t)count);
    for (size_t i = 0; i < count; ++i) {
      const void* const at = (const char*)first + i * stride;
      const milepost_change* const change = at;
      mj_put_i32(out, change->kind);
      mj_put_i64(out, (int64_t)change->sequence);
      mj_put_run(out, &change->run);
    }
  }
  milepost_changes_free(changes);
  return status;
}
