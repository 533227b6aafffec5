// SPDX-License-Identifier: Apache-2.0
//
// What Go cannot say by itself: calls whose structs hold texts. Frames live in C memory, so that no
// Go memory ever holds a pointer; a pointer into a Go string is put into one for the length of a
// call and taken out again. Included by the preambles only, where _GoString_ is known.
#ifndef MILEPOST_GO_SHIM_H
#define MILEPOST_GO_SHIM_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "milepost/milepost.h"

// What one call needs: its inputs, its outputs and its error. Taken from a pool.
typedef struct mp_frame {
  milepost_error err;
  milepost_id id;
  milepost_id organization;
  milepost_step_options options;
  milepost_command command;
  milepost_outcome outcome;
  milepost_run run;
  size_t size;
  char text[MILEPOST_RUN_TEXT_MAX];
  char json[MILEPOST_RUN_JSON_MAX];
} mp_frame;

static inline mp_frame* mp_frame_new(void) {
  mp_frame* const f = calloc(1, sizeof *f);
  if (f == NULL) abort();  // As Go itself does when memory runs out.
  f->err.struct_size = sizeof f->err;
  (void)milepost_step_options_init(&f->options, sizeof f->options);
  (void)milepost_command_init(&f->command, sizeof f->command);
  f->outcome.struct_size = sizeof f->outcome;
  f->run.struct_size = sizeof f->run;
  return f;
}

static inline void mp_frame_free(mp_frame* f) { free(f); }

static inline milepost_text mp_text(const char* data, size_t size) {
  const milepost_text text = {size == 0 ? NULL : data, size};
  return text;
}

#define MP_TEXT(s) mp_text(_GoStringPtr(s), _GoStringLen(s))
static const milepost_text mp_none = {NULL, 0};

#ifdef MILEPOST_GO_STEPS
static inline milepost_status mp_step(mp_frame* f, milepost_tracker t, int32_t kind, int64_t lease,
                                      _GoString_ owner, _GoString_ error) {
  milepost_status status = MILEPOST_E_INVALID_ARGUMENT;
  f->options.owner = MP_TEXT(owner);
  switch (kind) {
    case MILEPOST_COMMAND_START:
      status = milepost_tracker_start(t, &f->id, &f->options, &f->outcome, f->text, sizeof f->text,
                                      &f->err);
      break;
    case MILEPOST_COMMAND_COMPLETE:
      status = milepost_tracker_complete(t, &f->id, &f->options, &f->outcome, f->text,
                                         sizeof f->text, &f->err);
      break;
    case MILEPOST_COMMAND_FAIL: {
      const milepost_text text = MP_TEXT(error);
      status = milepost_tracker_fail(t, &f->id, text.data, text.size, &f->options, &f->outcome,
                                     f->text, sizeof f->text, &f->err);
      break;
    }
    case MILEPOST_COMMAND_EXIT:
      status = milepost_tracker_exit(t, &f->id, &f->options, &f->outcome, f->text, sizeof f->text,
                                     &f->err);
      break;
    case MILEPOST_COMMAND_ADOPT:
      status = milepost_tracker_adopt(t, &f->id, &f->options, &f->outcome, f->text, sizeof f->text,
                                      &f->err);
      break;
    case MILEPOST_COMMAND_HEARTBEAT:
      status = milepost_tracker_heartbeat(t, &f->id, lease, &f->options, &f->outcome, f->text,
                                          sizeof f->text, &f->err);
      break;
    default:
      break;
  }
  f->options.owner = mp_none;
  return status;
}

static inline milepost_status mp_create(mp_frame* f, milepost_tracker t, int64_t timeout_ms,
                                        _GoString_ key) {
  f->command.idempotency_key = MP_TEXT(key);
  const milepost_status status = milepost_tracker_create(t, &f->command, timeout_ms, &f->outcome,
                                                         f->text, sizeof f->text, &f->err);
  f->command.idempotency_key = mp_none;
  return status;
}
#endif

#ifdef MILEPOST_GO_TEXTS
static inline milepost_status mp_list(milepost_tracker t, milepost_snapshot s,
                                      const milepost_filter* filter, milepost_page_options page,
                                      _GoString_ cursor, milepost_runs* runs, milepost_error* err) {
  page.cursor = MP_TEXT(cursor);
  return s.value != 0 ? milepost_snapshot_list(s, filter, &page, runs, err)
                      : milepost_tracker_list(t, filter, &page, runs, err);
}

static inline milepost_status mp_list_json(milepost_tracker t, milepost_snapshot s,
                                           const milepost_filter* filter,
                                           milepost_page_options page, _GoString_ cursor,
                                           milepost_json_page* json, milepost_error* err) {
  page.cursor = MP_TEXT(cursor);
  return s.value != 0 ? milepost_snapshot_list_json(s, filter, &page, json, err)
                      : milepost_tracker_list_json(t, filter, &page, json, err);
}

static inline milepost_status mp_orphans(milepost_tracker t, milepost_page_options page,
                                         _GoString_ cursor, milepost_runs* runs,
                                         milepost_error* err) {
  page.cursor = MP_TEXT(cursor);
  return milepost_tracker_orphans(t, &page, runs, err);
}

static inline milepost_status mp_purge(milepost_tracker t, milepost_purge_options options,
                                       _GoString_ cursor, milepost_purge_report* report,
                                       milepost_error* err) {
  options.cursor = MP_TEXT(cursor);
  report->struct_size = sizeof *report;
  return milepost_tracker_purge(t, &options, report, err);
}

static inline milepost_status mp_bulk(milepost_tracker t, const milepost_filter* filter,
                                      milepost_bulk_options options, _GoString_ error,
                                      _GoString_ cursor, milepost_bulk_report* report,
                                      milepost_runs* sample, milepost_error* err) {
  options.error = MP_TEXT(error);
  options.cursor = MP_TEXT(cursor);
  report->struct_size = sizeof *report;
  return milepost_tracker_bulk(t, filter, &options, report, sample, err);
}

static inline milepost_status mp_fail_orphans(milepost_tracker t, _GoString_ error, uint64_t limit,
                                              int64_t timeout_ms, uint64_t* failed, uint8_t* more,
                                              milepost_error* err) {
  return milepost_tracker_fail_orphans(t, _GoStringPtr(error), _GoStringLen(error), limit,
                                       timeout_ms, failed, more, err);
}

static inline milepost_status mp_backup(milepost_tracker t, _GoString_ to, uint8_t compact,
                                        int64_t timeout_ms, milepost_work* work,
                                        milepost_error* err) {
  return milepost_tracker_backup(t, _GoStringPtr(to), _GoStringLen(to), compact, timeout_ms, work,
                                 err);
}

static inline milepost_status mp_directory_verify(_GoString_ directory, int32_t level,
                                                  milepost_work* work, milepost_error* err) {
  return milepost_directory_verify(_GoStringPtr(directory), _GoStringLen(directory), level, work,
                                   err);
}

static inline milepost_status mp_directory_repair(_GoString_ from, _GoString_ to,
                                                  milepost_work* work, milepost_error* err) {
  return milepost_directory_repair(_GoStringPtr(from), _GoStringLen(from), _GoStringPtr(to),
                                   _GoStringLen(to), work, err);
}

static inline milepost_status mp_backup_restore(_GoString_ backup, _GoString_ directory,
                                                uint8_t replace, milepost_work* work,
                                                milepost_error* err) {
  return milepost_backup_restore(_GoStringPtr(backup), _GoStringLen(backup),
                                 _GoStringPtr(directory), _GoStringLen(directory), replace, work,
                                 err);
}

static inline milepost_status mp_id_parse(_GoString_ text, milepost_id* id, milepost_error* err) {
  return milepost_id_parse(_GoStringPtr(text), _GoStringLen(text), id, err);
}

static inline milepost_status mp_instant_parse(_GoString_ text, int64_t* at, milepost_error* err) {
  return milepost_instant_parse(_GoStringPtr(text), _GoStringLen(text), at, err);
}

static inline milepost_status mp_status_parse(_GoString_ text, int32_t* to, milepost_error* err) {
  return milepost_run_status_parse(_GoStringPtr(text), _GoStringLen(text), to, err);
}

static inline milepost_status mp_run_json(mp_frame* f, _GoString_ error) {
  f->run.error = MP_TEXT(error);
  const milepost_status status =
      milepost_run_json(&f->run, f->json, sizeof f->json, &f->size, &f->err);
  f->run.error = mp_none;
  return status;
}
#endif

#endif  // MILEPOST_GO_SHIM_H
