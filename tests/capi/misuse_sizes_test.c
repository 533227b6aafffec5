// SPDX-License-Identifier: Apache-2.0
//
// Sizes, limits at their edges and far past them; structs of other versions.
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

static char json[MILEPOST_RUN_JSON_MAX];
static size_t size;

static void struct_sizes_nobody_released(void) {
  open_with_a_run();
  const uint32_t bad[] = {0, 1, 4, 8, 63, 4097, 0xeeeeeeee, UINT32_MAX};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    run.struct_size = bad[i];
    REFUSED(milepost_tracker_get(tracker, &kRun, NULL, &run, NULL, 0, &failure));
    outcome.struct_size = bad[i];
    REFUSED(milepost_tracker_start(tracker, &kRun, NULL, &outcome, NULL, 0, &failure));
    milepost_command command = create_command(id_of(2));
    command.struct_size = bad[i];
    outcome = fresh_outcome();
    REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
    milepost_outcomes outcomes = {0};
    REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
    milepost_step_options step;
    CHECK_OK(milepost_step_options_init(&step, sizeof step));
    step.struct_size = bad[i];
    REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
    milepost_open_options options = small_store("x");
    options.struct_size = bad[i];
    milepost_tracker opened = {0};
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
    milepost_filter filter;
    CHECK_CODE(milepost_filter_init(&filter, bad[i]), MILEPOST_E_INVALID_ARGUMENT);
  }
  run.struct_size = sizeof run - 1;
  REFUSED(milepost_tracker_get(tracker, &kRun, NULL, &run, NULL, 0, &failure));
  CHECK_CODE(milepost_filter_init((milepost_filter*)&outcome, SIZE_MAX),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_command commands[2] = {create_command(id_of(2)), create_command(id_of(3))};
  commands[1].struct_size = sizeof commands[1] + 8;
  milepost_outcomes outcomes = {0};
  REFUSED(milepost_tracker_apply(tracker, commands, 2, 0, &outcomes, &failure));

  // An error of a wrong size is left alone, and the call goes on.
  milepost_error odd;
  memset(&odd, 0xee, sizeof odd);
  milepost_error before = odd;
  CHECK_CODE(milepost_tracker_get(tracker, NULL, NULL, &run, NULL, 0, &odd),
             MILEPOST_E_INVALID_ARGUMENT);
  CHECK(memcmp(&odd, &before, sizeof odd) == 0);
  close_unchanged();
}

static void structs_of_newer_headers(void) {
  open_with_a_run();
  union {
    milepost_run run;
    milepost_outcome outcome;
    milepost_error error;
    milepost_step_options step;
    unsigned char bytes[2048];
  } newer;
  memset(&newer, 0xee, sizeof newer);
  newer.run.struct_size = sizeof newer.run + 16;
  CHECK_OK(milepost_tracker_get(tracker, &kRun, NULL, &newer.run, NULL, 0, &failure));
  CHECK_EQUAL(newer.run.struct_size, sizeof newer.run + 16);
  CHECK_EQUAL(newer.run.found, 1);
  for (size_t i = 0; i < 16; ++i) CHECK_EQUAL(newer.bytes[sizeof newer.run + i], 0);
  CHECK_EQUAL(newer.bytes[sizeof newer.run + 16], 0xee);

  memset(&newer, 0xee, sizeof newer);
  newer.error.struct_size = sizeof newer.error + 8;
  CHECK_CODE(milepost_tracker_get(tracker, NULL, NULL, &run, NULL, 0, &newer.error),
             MILEPOST_E_INVALID_ARGUMENT);
  CHECK_EQUAL(newer.error.code, MILEPOST_E_INVALID_ARGUMENT);
  CHECK_EQUAL(newer.bytes[sizeof newer.error], 0);
  CHECK_EQUAL(newer.bytes[sizeof newer.error + 8], 0xee);

  memset(&newer, 0, sizeof newer);
  CHECK_OK(milepost_step_options_init(&newer.step, sizeof newer.step + 24));
  newer.bytes[sizeof newer.step + 23] = 1;  // something that this version cannot do
  REFUSED(milepost_tracker_start(tracker, &kRun, &newer.step, &outcome, NULL, 0, &failure));
  close_unchanged();

  open_with_a_run();
  newer.bytes[sizeof newer.step + 23] = 0;
  CHECK_OK(milepost_tracker_start(tracker, &kRun, &newer.step, &outcome, NULL, 0, &failure));
  memset(&newer, 0xee, sizeof newer);
  newer.outcome.struct_size = sizeof newer.outcome + 8;
  CHECK_OK(milepost_tracker_complete(tracker, &kRun, NULL, &newer.outcome, NULL, 0, &failure));
  CHECK_EQUAL(newer.outcome.run.struct_size, sizeof newer.outcome.run + 8);
  CHECK_EQUAL(newer.bytes[sizeof newer.outcome + 7], 0);
  close_tracker(tracker);
}

static void sizes_out_of_all_bounds(void) {
  open_with_a_run();
  const size_t huge[] = {(size_t)MILEPOST_TEXT_SIZE_MAX + 1, SIZE_MAX, SIZE_MAX / 2};
  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  milepost_open_options options = small_store("x");
  milepost_command command = create_command(id_of(2));
  milepost_outcomes outcomes = {0};
  milepost_runs runs = {0};
  milepost_tracker opened = {0};
  milepost_id id = {{0}};
  milepost_import importing = {0};
  milepost_import_report imported;
  imported.struct_size = sizeof imported;
  CHECK_OK(milepost_tracker_import_runs(tracker, &importing, &failure));
  for (size_t i = 0; i < sizeof huge / sizeof huge[0]; ++i) {
    const milepost_text text = {"x", huge[i]};
    step.owner = text;
    REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
    REFUSED(milepost_tracker_fail(tracker, &kRun, "x", huge[i], NULL, &outcome, NULL, 0, &failure));
    page.cursor = text;
    REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
    options.directory = text;
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
    command.idempotency_key = text;
    REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
    REFUSED(milepost_tracker_apply(tracker, &command, huge[i], 0, &outcomes, &failure));
    REFUSED(milepost_tracker_get_many(tracker, &kRun, huge[i], NULL, &runs, &failure));
    REFUSED(milepost_id_parse("x", huge[i], &id, &failure));
    REFUSED(milepost_import_step(importing, "x", huge[i], 0, 0, &imported, &failure));
    // Room that is claimed but not there is not touched beyond what a run takes.
    CHECK_OK(milepost_tracker_get_json(tracker, &kRun, NULL, json, huge[i], &size, &failure));
  }
  REFUSED(milepost_import_step(importing, "x", MILEPOST_IMPORT_STEP_MAX + 1, 0, 0, &imported,
                               &failure));
  milepost_import_free(importing);
  char* owner = calloc(1, MILEPOST_OWNER_SIZE_MAX + 1);
  step.owner.data = owner;
  step.owner.size = MILEPOST_OWNER_SIZE_MAX + 1;
  REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  command.idempotency_key = step.owner;
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  free(owner);
  REFUSED(
      milepost_tracker_get_many(tracker, &kRun, MILEPOST_GET_MANY_MAX + 1, NULL, &runs, &failure));
  REFUSED(milepost_tracker_apply(tracker, &command, MILEPOST_BATCH_COMMANDS_MAX + 1, 0, &outcomes,
                                 &failure));
  close_unchanged();
}

static void limits_at_their_edges(void) {
  open_with_a_run();
  const uint64_t bad[] = {
      0,         MILEPOST_CHANGES_LIMIT_MAX + 1, UINT64_C(1) << 31, INT64_MAX, UINT64_C(1) << 63,
      UINT64_MAX};
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  milepost_purge_options purge;
  CHECK_OK(milepost_purge_options_init(&purge, sizeof purge));
  milepost_bulk_options bulk;
  CHECK_OK(milepost_bulk_options_init(&bulk, sizeof bulk));
  milepost_purge_report purged = {sizeof purged, 0, 0, {0}};
  milepost_bulk_report report = {sizeof report, 0, 0, 0, {0}};
  milepost_subscription subscription = {0};
  CHECK_OK(milepost_tracker_subscribe(tracker, 0, NULL, &subscription, &failure));
  milepost_runs runs = {0};
  milepost_json_page json_page = {0};
  milepost_changes changes = {0};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    page.limit = bad[i];
    REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
    REFUSED(milepost_tracker_list_json(tracker, NULL, &page, &json_page, &failure));
    REFUSED(milepost_tracker_orphans(tracker, &page, &runs, &failure));
    REFUSED(milepost_tracker_expired(tracker, bad[i], &runs, &failure));
    REFUSED(milepost_tracker_changes(tracker, 0, bad[i], NULL, 0, 0, &changes, &failure));
    REFUSED(milepost_subscription_next(subscription, bad[i], 0, &changes, &failure));
    purge.limit = bad[i];
    REFUSED(milepost_tracker_purge(tracker, &purge, &purged, &failure));
    bulk.limit = bad[i];
    REFUSED(milepost_tracker_bulk(tracker, NULL, &bulk, &report, NULL, &failure));
  }
  page.limit = MILEPOST_LIST_LIMIT_MAX + 1;
  REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
  page.limit = MILEPOST_LIST_LIMIT_MAX;
  CHECK_OK(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
  milepost_runs_free(runs);
  CHECK_OK(milepost_tracker_changes(tracker, 0, MILEPOST_CHANGES_LIMIT_MAX, NULL, 0, 1000, &changes,
                                    &failure));
  milepost_changes_free(changes);
  REFUSED(milepost_tracker_changes(tracker, 2, 1, NULL, 0, 1000, &changes, &failure));
  REFUSED(milepost_tracker_changes(tracker, UINT64_MAX, 1, NULL, 0, 1000, &changes, &failure));
  milepost_subscription_free(subscription);

  close_unchanged();
}

static void times_at_their_edges(void) {
  open_with_a_run();
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  milepost_runs runs = {0};
  milepost_purge_options purge;
  CHECK_OK(milepost_purge_options_init(&purge, sizeof purge));
  milepost_purge_report purged = {sizeof purged, 0, 0, {0}};
  const int64_t negative[] = {-2, INT64_MIN};
  for (size_t i = 0; i < 2; ++i) {
    REFUSED(milepost_tracker_flush(tracker, negative[i], &failure));
    page.timeout_ms = negative[i];
    REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
    REFUSED(milepost_tracker_wait(tracker, &kRun, NULL, negative[i], &run, NULL, 0, &failure));
    milepost_step_options step;
    CHECK_OK(milepost_step_options_init(&step, sizeof step));
    step.lease_ms = negative[i];
    REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
    REFUSED(
        milepost_tracker_heartbeat(tracker, &kRun, negative[i], NULL, &outcome, NULL, 0, &failure));
  }
  REFUSED(milepost_tracker_heartbeat(tracker, &kRun, 0, NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_heartbeat(tracker, &kRun, INT64_MAX, NULL, &outcome, NULL, 0, &failure));
  CHECK_OK(milepost_tracker_flush(tracker, INT64_MAX, &failure));  // for ever is fine
  milepost_command command = create_command(id_of(2));
  command.has_triggered_at = 1;
  command.triggered_at = INT64_MAX;
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  command.triggered_at = INT64_MIN;
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  milepost_filter filter;
  CHECK_OK(milepost_filter_init(&filter, sizeof filter));
  filter.has_triggered_from = 1;
  filter.has_triggered_to = 1;
  filter.triggered_from = INT64_MIN;
  filter.triggered_to = INT64_MAX;
  CHECK_OK(milepost_tracker_list(tracker, &filter, NULL, &runs, &failure));
  milepost_runs_free(runs);
  purge.limit = 1;
  purge.completed_before = INT64_MAX;
  CHECK_OK(milepost_tracker_purge(tracker, &purge, &purged, &failure));
  CHECK_OK(milepost_tracker_set_clock(tracker, INT64_MAX, &failure));
  CHECK_OK(milepost_tracker_set_clock(tracker, INT64_MIN, &failure));
  CHECK_OK(milepost_tracker_set_clock(tracker, INT64_MAX, &failure));
  close_unchanged();
}

static void options_out_of_range(void) {
  milepost_tracker opened = {0};
  const int64_t bad_ms[] = {-1, INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < 3; ++i) {
    milepost_open_options options = small_store("x");
    options.wait_max_ms = bad_ms[i];
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
    options = small_store("x");
    options.publish_interval_ms = bad_ms[i];
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
    options = small_store("x");
    options.snapshot_age_max_ms = bad_ms[i];
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
    options = small_store("x");
    options.idempotency_key_lifetime_s = bad_ms[i];
    REFUSED(milepost_tracker_open(&options, &opened, &failure));
  }
  milepost_open_options options = small_store("x");
  options.readers_max = UINT32_MAX;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options = small_store("x");
  options.map_size_max = UINT64_MAX;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options = small_store("");
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options.directory.data = "a\0b";
  options.directory.size = 3;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options = small_store(test_folder());
  options.manual_clock = 0;
  CHECK_OK(milepost_tracker_open(&options, &opened, &failure));
  REFUSED(milepost_tracker_set_clock(opened, 0, &failure));  // a real clock
  close_tracker(opened);
}

static const test_case kCases[] = {
    {"struct sizes nobody released", struct_sizes_nobody_released},
    {"structs of newer headers", structs_of_newer_headers},
    {"sizes out of all bounds", sizes_out_of_all_bounds},
    {"limits at their edges", limits_at_their_edges},
    {"options out of range", options_out_of_range},
    {"times at their edges", times_at_their_edges},
};

int main(int argc, char** argv) {
  return run_misuses(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
