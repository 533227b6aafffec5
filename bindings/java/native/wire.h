// SPDX-License-Identifier: Apache-2.0
//
// What crosses between Java and C: one array of bytes in, one out, numbers in network order, texts
// as a size and their bytes. Java encodes and decodes on its side (Request.java, Reply.java), so
// that a call is one transition, touches no Java object, and holds no array while it waits.
#ifndef MILEPOST_JAVA_WIRE_H
#define MILEPOST_JAVA_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "milepost/milepost.h"

/* A request. Reading past its end yields zeros and notes it. */
typedef struct mj_in {
  const uint8_t* at;
  const uint8_t* end;
  int overrun;
} mj_in;

uint8_t mj_u8(mj_in* in);
int32_t mj_i32(mj_in* in);
int64_t mj_i64(mj_in* in);
milepost_id mj_id(mj_in* in);
milepost_text mj_text(mj_in* in);
/* An id that may be left out: NULL then. */
const milepost_id* mj_optional_id(mj_in* in, milepost_id* id);

/* In reads.c: the filter and the page of a list. */
milepost_filter mj_filter(mj_in* in);
milepost_page_options mj_page(mj_in* in);

/* A reply, in memory of its own once it is larger than `first`. */
typedef struct mj_out {
  uint8_t* data;
  size_t size;
  size_t capacity;
  int failed; /* memory ran out */
  uint8_t first[5120];
} mj_out;

void mj_out_begin(mj_out* out);
void mj_out_end(mj_out* out);
void mj_put_u8(mj_out* out, uint8_t value);
void mj_put_i32(mj_out* out, int32_t value);
void mj_put_i64(mj_out* out, int64_t value);
void mj_put_id(mj_out* out, const milepost_id* id);
void mj_put_text(mj_out* out, milepost_text text);
void mj_put_run(mj_out* out, const milepost_run* run);
void mj_put_outcome(mj_out* out, const milepost_outcome* outcome);
/* What a result holds; frees it. */
milepost_status mj_put_runs(mj_out* out, milepost_runs runs, milepost_error* err);
milepost_status mj_put_changes(mj_out* out, milepost_changes changes, milepost_error* err);

/* One operation: what it is called on (a tracker, a snapshot, ...), its request, its reply. */
typedef milepost_status (*mj_operation)(uint64_t handle, mj_in* in, mj_out* out,
                                        milepost_error* err);

/* The numbers of Operation.java. */
enum mj_operation_number {
  MJ_OPEN,
  MJ_CLOSE,
  MJ_FLUSH,
  MJ_STORE_ID,
  MJ_UNPUBLISHED,
  MJ_SET_CLOCK,
  MJ_DEFAULTS,
  MJ_VERSION,
  MJ_ID_PARSE,
  MJ_INSTANT_PARSE,
  MJ_INSTANT_FORMAT,
  MJ_RUN_JSON,
  MJ_CREATE,
  MJ_STEP,
  MJ_APPLY,
  MJ_GET,
  MJ_GET_MANY,
  MJ_WAIT,
  MJ_LIST,
  MJ_LIST_JSON,
  MJ_COUNTS,
  MJ_CHANGES,
  MJ_SNAPSHOT,
  MJ_SNAPSHOT_SEQUENCE,
  MJ_SNAPSHOT_FREE,
  MJ_SUBSCRIBE,
  MJ_SUBSCRIPTION_NEXT,
  MJ_SUBSCRIPTION_STOP,
  MJ_SUBSCRIPTION_POSITION,
  MJ_SUBSCRIPTION_FREE,
  MJ_STATS,
  MJ_ORPHANS,
  MJ_EXPIRED,
  MJ_PURGE,
  MJ_ERASE,
  MJ_BULK,
  MJ_EXPORT,
  MJ_EXPORT_STEP,
  MJ_EXPORT_FREE,
  MJ_IMPORT,
  MJ_IMPORT_STEP,
  MJ_IMPORT_FREE,
  MJ_FAIL_ORPHANS,
  MJ_VERIFY,
  MJ_BACKUP,
  MJ_DIRECTORY_VERIFY,
  MJ_DIRECTORY_REPAIR,
  MJ_BACKUP_RESTORE,
  MJ_WORK_STEP,
  MJ_WORK_GET,
  MJ_WORK_FREE,
  MJ_OPERATIONS
};

/* Each may be NULL for a number that another file has. */
extern const mj_operation mj_basics[MJ_OPERATIONS];
extern const mj_operation mj_commands[MJ_OPERATIONS];
extern const mj_operation mj_reads[MJ_OPERATIONS];
extern const mj_operation mj_upkeep[MJ_OPERATIONS];
extern const mj_operation mj_works[MJ_OPERATIONS];

/* In jni.c: the log hook that ends in Java; `user` is the hook's number there. */
void mj_log(void* user, int32_t level, const char* text, size_t size);

#endif  // MILEPOST_JAVA_WIRE_H
