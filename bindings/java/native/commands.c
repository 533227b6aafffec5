// SPDX-License-Identifier: Apache-2.0
//
// Commands, one by one and in batches. One command is encoded the same way everywhere.
#include <stdlib.h>
#include <string.h>

#include "wire.h"

enum {
  kHasRunId = 1,
  kHasTriggeredAt = 2,
  kHasStartedAt = 4,
  kHasCompletedAt = 8,
  kHasFencingToken = 16,
  kOnlyIfExpired = 32
};

static milepost_command read_command(mj_in* in) {
  milepost_command c;
  (void)milepost_command_init(&c, sizeof c);
  c.kind = mj_i32(in);
  const int32_t flags = mj_i32(in);
  c.has_run_id = (flags & kHasRunId) != 0;
  c.has_triggered_at = (flags & kHasTriggeredAt) != 0;
  c.has_started_at = (flags & kHasStartedAt) != 0;
  c.has_completed_at = (flags & kHasCompletedAt) != 0;
  c.has_fencing_token = (flags & kHasFencingToken) != 0;
  c.only_if_expired = (flags & kOnlyIfExpired) != 0;
  c.run_id = mj_id(in);
  c.organization_id = mj_id(in);
  c.fencing_token = (uint64_t)mj_i64(in);
  c.lease_ms = mj_i64(in);
  c.owner = mj_text(in);
  c.error = mj_text(in);
  if (c.kind == MILEPOST_COMMAND_CREATE || c.kind == MILEPOST_COMMAND_IMPORT) {
    c.journey_id = mj_id(in);
    c.profile_id = mj_id(in);
    c.triggered_at = mj_i64(in);
    c.started_at = mj_i64(in);
    c.completed_at = mj_i64(in);
    c.status = mj_i32(in);
    c.idempotency_key = mj_text(in);
  }
  return c;
}

static milepost_status create(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const int64_t timeout = mj_i64(in);
  const milepost_command command = read_command(in);
  char text[MILEPOST_RUN_TEXT_MAX];
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  const milepost_status status = milepost_tracker_create((milepost_tracker){handle}, &command,
                                                         timeout, &outcome, text, sizeof text, err);
  if (status == MILEPOST_OK) mj_put_outcome(out, &outcome);
  return status;
}

typedef milepost_status (*plain_step)(milepost_tracker, const milepost_id*,
                                      const milepost_step_options*, milepost_outcome*, char*,
                                      size_t, milepost_error*);

static plain_step plain_step_of(int32_t kind) {
  switch (kind) {
    case MILEPOST_COMMAND_START:
      return milepost_tracker_start;
    case MILEPOST_COMMAND_COMPLETE:
      return milepost_tracker_complete;
    case MILEPOST_COMMAND_EXIT:
      return milepost_tracker_exit;
    case MILEPOST_COMMAND_ADOPT:
      return milepost_tracker_adopt;
    default:
      return NULL;
  }
}

static milepost_status step(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const milepost_tracker tracker = {handle};
  milepost_step_options options;
  (void)milepost_step_options_init(&options, sizeof options);
  options.timeout_ms = mj_i64(in);
  const milepost_command c = read_command(in);
  options.has_fencing_token = c.has_fencing_token;
  options.only_if_expired = c.only_if_expired;
  options.organization_id = c.organization_id;
  options.owner = c.owner;
  options.fencing_token = c.fencing_token;
  char text[MILEPOST_RUN_TEXT_MAX];
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  milepost_status status = MILEPOST_E_INVALID_ARGUMENT;
  if (c.kind == MILEPOST_COMMAND_HEARTBEAT) {
    status = milepost_tracker_heartbeat(tracker, &c.run_id, c.lease_ms, &options, &outcome, text,
                                        sizeof text, err);
  } else if (c.kind == MILEPOST_COMMAND_FAIL) {
    options.lease_ms = c.lease_ms;
    status = milepost_tracker_fail(tracker, &c.run_id, c.error.data, c.error.size, &options,
                                   &outcome, text, sizeof text, err);
  } else if (plain_step_of(c.kind) != NULL) {
    options.lease_ms = c.lease_ms;
    status = plain_step_of(c.kind)(tracker, &c.run_id, &options, &outcome, text, sizeof text, err);
  }
  if (status == MILEPOST_OK) mj_put_outcome(out, &outcome);
  return status;
}

static milepost_status put_outcomes(mj_out* out, milepost_outcomes outcomes, milepost_error* err) {
  const milepost_outcome* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  const milepost_status status = milepost_outcomes_view(outcomes, &first, &count, &stride, err);
  if (status == MILEPOST_OK) {
    mj_put_i32(out, (int32_t)count);
    for (size_t i = 0; i < count; ++i) {
      const void* const at = (const char*)first + i * stride;
      mj_put_outcome(out, at);
    }
  }
  milepost_outcomes_free(outcomes);
  return status;
}

static milepost_status apply(uint64_t handle, mj_in* in, mj_out* out, milepost_error* err) {
  const int64_t timeout = mj_i64(in);
  const size_t count = (uint32_t)mj_i32(in);
  milepost_command* const commands = calloc(count + 1, sizeof *commands);
  if (commands == NULL) {
    err->code = MILEPOST_E_OUT_OF_MEMORY;
    return MILEPOST_E_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < count; ++i) commands[i] = read_command(in);
  milepost_outcomes outcomes = {0};
  const milepost_status status =
      milepost_tracker_apply((milepost_tracker){handle}, commands, count, timeout, &outcomes, err);
  free(commands);
  return status == MILEPOST_OK ? put_outcomes(out, outcomes, err) : status;
}

const mj_operation mj_commands[MJ_OPERATIONS] = {
    [MJ_CREATE] = create,
    [MJ_STEP] = step,
    [MJ_APPLY] = apply,
};
