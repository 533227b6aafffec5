// SPDX-License-Identifier: Apache-2.0
//
// Arguments that are wrong: NULL, numbers that mean nothing, members without a meaning, hostile
// texts.
#include <string.h>

#include "misuse.h"

static char json[MILEPOST_RUN_JSON_MAX];
static size_t size;

static void null_where_something_is_needed(void) {
  open_with_a_run();
  milepost_open_options options = small_store("x");
  milepost_tracker opened = {7};
  REFUSED(milepost_tracker_open(NULL, &opened, &failure));
  CHECK_EQUAL(opened.value, 0);
  REFUSED(milepost_tracker_open(&options, NULL, &failure));
  REFUSED(milepost_tracker_create(tracker, NULL, 0, &outcome, NULL, 0, &failure));
  const milepost_command create = create_command(id_of(2));
  REFUSED(milepost_tracker_create(tracker, &create, 0, NULL, NULL, 0, &failure));
  REFUSED(milepost_tracker_start(tracker, NULL, NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_start(tracker, &kRun, NULL, NULL, NULL, 0, &failure));
  REFUSED(milepost_tracker_start(tracker, &kRun, NULL, &outcome, NULL, 1, &failure));
  REFUSED(milepost_tracker_complete(tracker, NULL, NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_fail(tracker, NULL, TEXT("x"), NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_fail(tracker, &kRun, NULL, 5, NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_exit(tracker, &kRun, NULL, NULL, NULL, 0, &failure));
  REFUSED(milepost_tracker_adopt(tracker, NULL, NULL, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_heartbeat(tracker, NULL, 1, NULL, &outcome, NULL, 0, &failure));
  milepost_outcomes outcomes = {7};
  REFUSED(milepost_tracker_apply(tracker, NULL, 1, 0, &outcomes, &failure));
  CHECK_EQUAL(outcomes.value, 0);
  REFUSED(milepost_tracker_apply(tracker, &create, 1, 0, NULL, &failure));
  close_unchanged();
}

static void null_in_reads_and_upkeep(void) {
  open_with_a_run();
  REFUSED(milepost_tracker_get(tracker, NULL, NULL, &run, NULL, 0, &failure));
  REFUSED(milepost_tracker_get(tracker, &kRun, NULL, NULL, NULL, 0, &failure));
  REFUSED(milepost_tracker_get_json(tracker, NULL, NULL, json, sizeof json, &size, &failure));
  REFUSED(milepost_tracker_get_json(tracker, &kRun, NULL, NULL, sizeof json, &size, &failure));
  REFUSED(milepost_tracker_get_json(tracker, &kRun, NULL, json, sizeof json, NULL, &failure));
  milepost_runs runs = {7};
  REFUSED(milepost_tracker_get_many(tracker, NULL, 2, NULL, &runs, &failure));
  CHECK_EQUAL(runs.value, 0);
  REFUSED(milepost_tracker_get_many(tracker, &kRun, 1, NULL, NULL, &failure));
  REFUSED(milepost_tracker_wait(tracker, &kRun, NULL, 0, NULL, NULL, 0, &failure));
  REFUSED(milepost_tracker_list(tracker, NULL, NULL, NULL, &failure));
  REFUSED(milepost_tracker_list_json(tracker, NULL, NULL, NULL, &failure));
  REFUSED(milepost_tracker_counts(tracker, NULL, NULL, MILEPOST_LATEST, 0, NULL, &failure));
  REFUSED(milepost_tracker_changes(tracker, 0, 1, NULL, MILEPOST_LATEST, 0, NULL, &failure));
  REFUSED(milepost_tracker_snapshot(tracker, MILEPOST_LATEST, 0, NULL, &failure));
  REFUSED(milepost_tracker_subscribe(tracker, 0, NULL, NULL, &failure));
  REFUSED(milepost_tracker_stats(tracker, NULL, &failure));
  REFUSED(milepost_tracker_orphans(tracker, NULL, NULL, &failure));
  REFUSED(milepost_tracker_expired(tracker, 1, NULL, &failure));
  milepost_purge_report purged = {sizeof purged, 0, 0, {0}};
  milepost_purge_options purge;
  CHECK_OK(milepost_purge_options_init(&purge, sizeof purge));
  REFUSED(milepost_tracker_purge(tracker, NULL, &purged, &failure));
  REFUSED(milepost_tracker_purge(tracker, &purge, NULL, &failure));
  milepost_erasure erasure;
  erasure.struct_size = sizeof erasure;
  REFUSED(milepost_tracker_erase_profile(tracker, NULL, NULL, 0, &erasure, &failure));
  REFUSED(milepost_tracker_erase_profile(tracker, &kRun, NULL, 0, NULL, &failure));
  milepost_bulk_report bulk = {sizeof bulk, 0, 0, 0, {0}};
  REFUSED(milepost_tracker_bulk(tracker, NULL, NULL, &bulk, NULL, &failure));
  REFUSED(milepost_tracker_export_runs(tracker, NULL, MILEPOST_LATEST, NULL, &failure));
  REFUSED(milepost_tracker_import_runs(tracker, NULL, &failure));
  REFUSED(milepost_tracker_store_id(tracker, NULL, &failure));
  REFUSED(milepost_tracker_unpublished(tracker, NULL, &failure));
  // An error is never needed, also where there is one.
  CHECK_CODE(milepost_tracker_start(tracker, NULL, NULL, NULL, NULL, 0, NULL),
             MILEPOST_E_INVALID_ARGUMENT);
  close_unchanged();
}

static void null_in_texts_and_defaults(void) {
  REFUSED(milepost_id_parse(NULL, 36, NULL, &failure));
  REFUSED(milepost_id_parse(TEXT("00000000-0000-0000-0000-000000000000"), NULL, &failure));
  REFUSED(milepost_id_format(NULL, json, &failure));
  REFUSED(milepost_id_format(&kRun, NULL, &failure));
  REFUSED(milepost_instant_parse(TEXT("2023-11-07T05:31:56Z"), NULL, &failure));
  REFUSED(milepost_instant_format(0, NULL, 27, &size, &failure));
  REFUSED(milepost_instant_format(0, json, 27, NULL, &failure));
  REFUSED(milepost_run_status_parse(TEXT("queued"), NULL, &failure));
  REFUSED(milepost_run_json(NULL, json, sizeof json, &size, &failure));
  CHECK_CODE(milepost_open_options_init(NULL, sizeof(milepost_open_options)),
             MILEPOST_E_INVALID_ARGUMENT);
}

static void bools_enumerators_and_reserved_bytes(void) {
  open_with_a_run();
  milepost_open_options options = small_store("x");
  milepost_tracker opened = {0};
  options.read_only = 2;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options.read_only = 0;
  options.manual_clock = 0xee;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options.manual_clock = 0;
  options.durability = 2;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));
  options.durability = -1;
  REFUSED(milepost_tracker_open(&options, &opened, &failure));

  milepost_command command = command_of(0, kRun);
  milepost_outcomes outcomes = {0};
  for (int32_t kind = -1; kind <= 9; kind += kind == 0 ? 9 : 1) {
    command.kind = kind;
    REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
    REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  }
  command = command_of(MILEPOST_COMMAND_START, kRun);
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  command = create_command(id_of(2));
  command.has_run_id = 3;
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  command = create_command(id_of(2));
  command.reserved[5] = 1;
  REFUSED(milepost_tracker_create(tracker, &command, 0, &outcome, NULL, 0, &failure));
  command = command_of(MILEPOST_COMMAND_IMPORT, id_of(2));
  command.status = 5;
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command.status = -1;
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));

  close_unchanged();
}

static void enumerators_of_questions(void) {
  open_with_a_run();
  milepost_filter filter;
  CHECK_OK(milepost_filter_init(&filter, sizeof filter));
  milepost_runs runs = {0};
  filter.statuses = 32;
  REFUSED(milepost_tracker_list(tracker, &filter, NULL, &runs, &failure));
  filter.statuses = 0;
  REFUSED(milepost_tracker_list(tracker, &filter, NULL, &runs, &failure));
  filter.statuses = 31;
  filter.has_journey_id = 2;
  REFUSED(milepost_tracker_list(tracker, &filter, NULL, &runs, &failure));
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  page.order = 2;
  REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
  page.order = 0;
  page.freshness = 2;
  REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
  milepost_snapshot snapshot = {0};
  REFUSED(milepost_tracker_snapshot(tracker, -1, 0, &snapshot, &failure));
  milepost_counts counts = {sizeof counts, 0, 0, 0, 0, 0, 0};
  REFUSED(milepost_tracker_counts(tracker, NULL, NULL, 7, 0, &counts, &failure));
  milepost_bulk_options bulk;
  CHECK_OK(milepost_bulk_options_init(&bulk, sizeof bulk));
  milepost_bulk_report report = {sizeof report, 0, 0, 0, {0}};
  bulk.action = 2;
  REFUSED(milepost_tracker_bulk(tracker, NULL, &bulk, &report, NULL, &failure));
  milepost_import importing = {0};
  milepost_import_report imported;
  imported.struct_size = sizeof imported;
  CHECK_OK(milepost_tracker_import_runs(tracker, &importing, &failure));
  REFUSED(milepost_import_step(importing, NULL, 0, 2, 0, &imported, &failure));
  milepost_import_free(importing);
  milepost_run fake = fresh_run();
  REFUSED(milepost_run_json(&fake, json, sizeof json, &size, &failure));
  memset(&fake, 0, sizeof fake);
  fake.struct_size = sizeof fake;
  REFUSED(milepost_run_json(&fake, json, sizeof json, &size, &failure));  // not found
  fake.found = 1;
  fake.status = 5;
  REFUSED(milepost_run_json(&fake, json, sizeof json, &size, &failure));
  fake.status = 0;
  fake.triggered_at = INT64_MAX;
  REFUSED(milepost_run_json(&fake, json, sizeof json, &size, &failure));
  close_unchanged();
}

static void members_without_a_meaning(void) {
  open_with_a_run();
  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  step.has_fencing_token = 1;
  REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  step.has_fencing_token = 0;
  step.only_if_expired = 1;
  REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_exit(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  step.only_if_expired = 0;
  step.lease_ms = 5;
  REFUSED(milepost_tracker_complete(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  REFUSED(milepost_tracker_heartbeat(tracker, &kRun, 5, &step, &outcome, NULL, 0, &failure));
  step.lease_ms = 0;
  step.reserved[0] = 1;
  REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));

  milepost_outcomes outcomes = {0};
  milepost_command command = command_of(MILEPOST_COMMAND_START, kRun);
  command.has_run_id = 1;
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = command_of(MILEPOST_COMMAND_START, kRun);
  command.journey_id = id_of(1);
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = command_of(MILEPOST_COMMAND_EXIT, kRun);
  command.error = text_of("x");
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = command_of(MILEPOST_COMMAND_EXIT, kRun);
  command.idempotency_key = text_of("x");
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = create_command(id_of(2));
  command.owner = text_of("x");
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = create_command(id_of(2));
  command.has_run_id = 0;  // the id would be another one
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = create_command(id_of(2));
  command.triggered_at = 5;
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  command = create_command(id_of(2));
  command.status = MILEPOST_RUN_RUNNING;
  REFUSED(milepost_tracker_apply(tracker, &command, 1, 0, &outcomes, &failure));
  close_unchanged();
}

static void hostile_texts(void) {
  open_with_a_run();
  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  const char* const bad[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    step.owner = text_of(bad[i]);
    REFUSED(milepost_tracker_start(tracker, &kRun, &step, &outcome, NULL, 0, &failure));
  }
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  milepost_runs runs = {0};
  const char* const cursors[] = {"x", "\xff", "0", "00000000", "%s%n", "../../etc/passwd"};
  for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; ++i) {
    page.cursor = text_of(cursors[i]);
    REFUSED(milepost_tracker_list(tracker, NULL, &page, &runs, &failure));
    REFUSED(milepost_tracker_orphans(tracker, &page, &runs, &failure));
  }
  milepost_id id = {{0}};
  REFUSED(milepost_id_parse(TEXT("{00000000-0000-0000-0000-000000000000}"), &id, &failure));
  REFUSED(milepost_id_parse(TEXT("00000000-0000-0000-0000-00000000000\0"), &id, &failure));
  REFUSED(milepost_id_parse(NULL, 0, &id, &failure));
  int64_t instant = 0;
  REFUSED(milepost_instant_parse(TEXT("2023-02-29T00:00:00Z"), &instant, &failure));
  REFUSED(milepost_instant_parse(NULL, 0, &instant, &failure));
  close_unchanged();

  // A NUL is a character like any other, and no end.
  open_with_a_run();
  char text[MILEPOST_RUN_TEXT_MAX];
  step.owner.data = "a\0b";
  step.owner.size = 3;
  CHECK_OK(milepost_tracker_start(tracker, &kRun, &step, &outcome, text, sizeof text, &failure));
  CHECK(outcome.run.owner.size == 3 && memcmp(outcome.run.owner.data, "a\0b", 3) == 0);
  close_tracker(tracker);
}

static const test_case kCases[] = {
    {"NULL where something is needed", null_where_something_is_needed},
    {"NULL in texts and defaults", null_in_texts_and_defaults},
    {"bools, enumerators and reserved bytes", bools_enumerators_and_reserved_bytes},
    {"members without a meaning", members_without_a_meaning},
    {"hostile texts", hostile_texts},
    {"NULL in reads and upkeep", null_in_reads_and_upkeep},
    {"enumerators of questions", enumerators_of_questions},
};

int main(int argc, char** argv) {
  return run_misuses(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
