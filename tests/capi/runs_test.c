// SPDX-License-Identifier: Apache-2.0
//
// Runs in C: opening and closing, every command, every read of single and of many runs.
#include <stdio.h>
#include <string.h>

#include "harness.h"

static void a_run_from_create_to_complete(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  const milepost_id run_id = id_of(1);
  char text[MILEPOST_RUN_TEXT_MAX];

  milepost_command create = create_command(run_id);
  create.idempotency_key = text_of("order-17");
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(milepost_tracker_create(tracker, &create, MILEPOST_TIMEOUT_DEFAULT, &outcome, text,
                                   sizeof text, &failure));
  CHECK_EQUAL(outcome.struct_size, sizeof outcome);
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_CREATED);
  CHECK_EQUAL(outcome.applied, 1);
  CHECK_EQUAL(outcome.holds, 1);
  CHECK_EQUAL(outcome.run.found, 1);
  CHECK_EQUAL(outcome.run.struct_size, sizeof outcome.run);
  CHECK_EQUAL(outcome.run.status, MILEPOST_RUN_QUEUED);
  CHECK_EQUAL(outcome.run.triggered_at, MORNING);
  CHECK_EQUAL(outcome.run.has_started_at, 0);
  CHECK_EQUAL(outcome.run.started_at, 0);
  CHECK(same_id(outcome.run.run_id, run_id));
  CHECK(same_id(outcome.run.journey_id, id_of(0xa)));
  CHECK(same_id(outcome.run.profile_id, id_of(0xb)));
  CHECK_EQUAL(outcome.run.sequence, 1);
  CHECK_EQUAL(failure.code, MILEPOST_OK);
  CHECK_EQUAL(failure.message[0], 0);

  CHECK_OK(milepost_tracker_create(tracker, &create, 1000, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_UNCHANGED);
  CHECK_EQUAL(outcome.applied, 0);
  CHECK_EQUAL(outcome.holds, 1);

  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  step.owner = text_of("worker-7");
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + 1500000, &failure));
  CHECK_OK(milepost_tracker_start(tracker, &run_id, &step, &outcome, text, sizeof text, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_APPLIED);
  CHECK_EQUAL(outcome.run.has_started_at, 1);
  CHECK_EQUAL(outcome.run.started_at, MORNING + 1500000);
  CHECK_EQUAL(outcome.run.fencing_token, 1);
  CHECK_TEXT(outcome.run.owner, "worker-7");
  CHECK(outcome.run.owner.data >= text && outcome.run.owner.data < text + sizeof text);

  step.owner = text_of("worker-8");
  CHECK_OK(milepost_tracker_start(tracker, &run_id, &step, &outcome, text, sizeof text, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_CONFLICT);
  CHECK_EQUAL(outcome.holds, 0);
  CHECK_TEXT(outcome.run.owner, "worker-7");

  step.owner = text_of("worker-7");
  step.has_fencing_token = 1;
  step.fencing_token = 1;
  CHECK_OK(milepost_tracker_complete(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_APPLIED);
  CHECK_EQUAL(outcome.run.has_completed_at, 1);
  CHECK_EQUAL(outcome.run.completed_at, MORNING + 1500000);
  CHECK(outcome.run.owner.data == NULL);
  CHECK_EQUAL(outcome.run.owner.size, 8);
  CHECK_OK(
      milepost_tracker_fail(tracker, &run_id, TEXT("late"), NULL, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_ILLEGAL);
  close_tracker(tracker);
}

static void what_was_done_survives_closing(void) {
  const char* folder = test_folder();
  milepost_tracker tracker = open_small_store(folder);
  const milepost_id run_id = id_of(1);
  make_run(tracker, run_id, MILEPOST_RUN_COMPLETED);
  close_tracker(tracker);
  tracker = open_small_store(folder);
  milepost_run run = fresh_run();
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, &failure));
  CHECK_EQUAL(run.found, 1);
  CHECK_EQUAL(run.status, MILEPOST_RUN_COMPLETED);
  close_tracker(tracker);
}

static void fail_keeps_its_text_and_gives_it_as_room_allows(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  const milepost_id run_id = id_of(1);
  char text[MILEPOST_RUN_TEXT_MAX];
  make_run(tracker, run_id, MILEPOST_RUN_QUEUED);
  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  step.owner = text_of("w");
  step.lease_ms = 60000;
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(milepost_tracker_start(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  // One ill-formed byte, and a NUL in the middle.
  CHECK_OK(milepost_tracker_fail(tracker, &run_id, TEXT("no\xff\0room"), NULL, &outcome, text,
                                 sizeof text, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_APPLIED);
  CHECK_EQUAL(outcome.run.has_error, 1);
  CHECK_EQUAL(outcome.run.error.size, 10);
  CHECK(memcmp(outcome.run.error.data, "no\xef\xbf\xbd\0room", 10) == 0);
  CHECK(outcome.run.error.data == text);
  CHECK_TEXT(outcome.run.owner, "w");
  CHECK(outcome.run.owner.data == text + 10);

  milepost_run run = fresh_run();
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, text, 10, &failure));
  CHECK(run.error.data == text);
  CHECK(run.owner.data == NULL);
  CHECK_EQUAL(run.owner.size, 1);
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, text, 9, &failure));
  CHECK(run.error.data == NULL);
  CHECK_EQUAL(run.error.size, 10);
  CHECK(run.owner.data == text);  // what fits is given

  char json[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  CHECK_OK(milepost_tracker_get_json(tracker, &run_id, NULL, json, sizeof json, &size, &failure));
  const milepost_text body = {json, size};
  CHECK(text_contains(body, "\"error\":\"no\xef\xbf\xbd\\u0000room\""));
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, text, sizeof text, &failure));
  char again[MILEPOST_RUN_JSON_MAX];
  size_t again_size = 0;
  CHECK_OK(milepost_run_json(&run, again, sizeof again, &again_size, &failure));
  CHECK(again_size == size && memcmp(json, again, size) == 0);
  CHECK_CODE(milepost_tracker_get_json(tracker, &run_id, NULL, json, size - 1, &size, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  close_tracker(tracker);
}

static void exit_adopt_heartbeat_and_leases(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  milepost_id run_id = id_of(1);
  make_run(tracker, run_id, MILEPOST_RUN_EXITED);
  run_id = id_of(2);
  make_run(tracker, run_id, MILEPOST_RUN_QUEUED);
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(milepost_tracker_heartbeat(tracker, &run_id, 1000, NULL, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_ILLEGAL);
  milepost_step_options step;
  CHECK_OK(milepost_step_options_init(&step, sizeof step));
  step.owner = text_of("first");
  step.lease_ms = 1000;
  CHECK_OK(milepost_tracker_start(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + 900000, &failure));
  step.lease_ms = 0;
  CHECK_OK(milepost_tracker_heartbeat(tracker, &run_id, 1000, &step, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_APPLIED);

  step.owner = text_of("second");
  step.only_if_expired = 1;
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + 1800000, &failure));
  CHECK_OK(milepost_tracker_adopt(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_CONFLICT);
  milepost_runs expired = {0};
  CHECK_OK(milepost_tracker_expired(tracker, 10, &expired, &failure));
  CHECK_EQUAL(milepost_runs_size(expired), 0);
  milepost_runs_free(expired);
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING, &failure));  // back: no lease gets longer
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + 200000, &failure));
  CHECK_OK(milepost_tracker_expired(tracker, 10, &expired, &failure));
  CHECK_EQUAL(milepost_runs_size(expired), 1);
  milepost_run run = fresh_run();
  CHECK_OK(milepost_runs_get(expired, 0, &run, &failure));
  CHECK(same_id(run.run_id, run_id));
  CHECK_TEXT(run.owner, "first");
  milepost_runs_free(expired);
  CHECK_OK(milepost_tracker_adopt(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_APPLIED);
  CHECK_EQUAL(outcome.run.fencing_token, 2);
  step.only_if_expired = 0;
  step.owner = text_of("first");
  CHECK_OK(milepost_tracker_exit(tracker, &run_id, &step, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_CONFLICT);
  close_tracker(tracker);
}

static void a_batch_of_every_kind(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  milepost_command commands[9];
  commands[0] = create_command(id_of(1));
  commands[1] = command_of(MILEPOST_COMMAND_START, id_of(1));
  commands[1].owner = text_of("batch");
  commands[2] = command_of(MILEPOST_COMMAND_HEARTBEAT, id_of(1));
  commands[2].lease_ms = 5000;
  commands[3] = command_of(MILEPOST_COMMAND_ADOPT, id_of(1));
  commands[3].owner = text_of("other");
  commands[4] = command_of(MILEPOST_COMMAND_COMPLETE, id_of(1));
  commands[4].has_fencing_token = 1;
  commands[4].fencing_token = 2;
  commands[5] = command_of(MILEPOST_COMMAND_FAIL, id_of(1));
  commands[5].error = text_of("too late");
  commands[6] = command_of(MILEPOST_COMMAND_EXIT, id_of(9));
  commands[7] = command_of(MILEPOST_COMMAND_IMPORT, id_of(2));
  commands[7].journey_id = id_of(0xa);
  commands[7].profile_id = id_of(0xb);
  commands[7].status = MILEPOST_RUN_FAILED;
  commands[7].triggered_at = MORNING;
  commands[7].has_completed_at = 1;
  commands[7].completed_at = MORNING + 1;
  commands[7].error = text_of("elsewhere");
  commands[8] = command_of(MILEPOST_COMMAND_CREATE, id_of(0));
  memset(&commands[8].run_id, 0, sizeof commands[8].run_id);
  commands[8].journey_id = id_of(0xa);
  commands[8].profile_id = id_of(0xb);

  milepost_outcomes outcomes = {0};
  CHECK_OK(milepost_tracker_apply(tracker, commands, 9, 1000, &outcomes, &failure));
  const int32_t expected[9] = {
      MILEPOST_OUTCOME_CREATED,   MILEPOST_OUTCOME_APPLIED, MILEPOST_OUTCOME_APPLIED,
      MILEPOST_OUTCOME_APPLIED,   MILEPOST_OUTCOME_APPLIED, MILEPOST_OUTCOME_ILLEGAL,
      MILEPOST_OUTCOME_NOT_FOUND, MILEPOST_OUTCOME_CREATED, MILEPOST_OUTCOME_CREATED};
  if (!CHECK_EQUAL(milepost_outcomes_size(outcomes), 9)) return;
  const milepost_outcome* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  CHECK_OK(milepost_outcomes_view(outcomes, &first, &count, &stride, &failure));
  CHECK_EQUAL(count, 9);
  CHECK_EQUAL(stride, sizeof(milepost_outcome));
  for (size_t i = 0; i < 9; ++i) {
    milepost_outcome outcome = fresh_outcome();
    CHECK_OK(milepost_outcomes_get(outcomes, i, &outcome, &failure));
    CHECK_EQUAL(outcome.kind, expected[i]);
    CHECK_EQUAL(outcome.run.found, i == 6 ? 0 : 1);
    CHECK(memcmp(&outcome, &first[i], sizeof outcome) == 0);
  }
  CHECK_TEXT(first[3].run.owner, "other");
  CHECK_TEXT(first[7].run.error, "elsewhere");
  CHECK_EQUAL(first[8].run.run_id.bytes[6] >> 4, 7);  // a fresh UUIDv7
  milepost_outcomes_free(outcomes);

  CHECK_OK(milepost_tracker_apply(tracker, NULL, 0, 1000, &outcomes, &failure));
  CHECK_EQUAL(milepost_outcomes_size(outcomes), 0);
  milepost_outcomes_free(outcomes);
  close_tracker(tracker);
}

static void many_runs_at_once(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_FAILED);
  make_run(tracker, id_of(2), MILEPOST_RUN_QUEUED);
  const milepost_id ids[4] = {id_of(2), id_of(7), id_of(1), id_of(2)};
  milepost_runs runs = {0};
  CHECK_OK(milepost_tracker_get_many(tracker, ids, 4, NULL, &runs, &failure));
  const milepost_run* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  CHECK_OK(milepost_runs_view(runs, &first, &count, &stride, &failure));
  if (!CHECK_EQUAL(count, 4)) return;
  CHECK_EQUAL(stride, sizeof(milepost_run));
  CHECK(first[0].found && !first[1].found && first[2].found && first[3].found);
  CHECK(same_id(first[2].run_id, id_of(1)));
  CHECK_TEXT(first[2].error, "broken");
  const milepost_id nil = {{0}};
  CHECK(same_id(first[1].run_id, nil));
  milepost_text next = {NULL, 7};
  CHECK_OK(milepost_runs_next(runs, &next, &failure));
  CHECK_EQUAL(next.size, 0);
  close_tracker(tracker);
  CHECK_TEXT(first[2].error, "broken");  // a result outlives its tracker
  milepost_runs_free(runs);
}

static void lists_page_by_page(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 5; ++i) {
    CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + (int64_t)i * 1000000, &failure));
    make_run(tracker, id_of(i), i == 3 ? MILEPOST_RUN_EXITED : MILEPOST_RUN_QUEUED);
  }
  milepost_filter filter;
  CHECK_OK(milepost_filter_init(&filter, sizeof filter));
  filter.statuses = 1u << MILEPOST_RUN_QUEUED;
  filter.has_journey_id = 1;
  filter.journey_id = id_of(0xa);
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  page.limit = 3;
  page.order = MILEPOST_OLDEST_FIRST;
  milepost_runs runs = {0};
  CHECK_OK(milepost_tracker_list(tracker, &filter, &page, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 3);
  milepost_run run = fresh_run();
  CHECK_OK(milepost_runs_get(runs, 2, &run, &failure));
  CHECK(same_id(run.run_id, id_of(4)));
  CHECK_OK(milepost_runs_next(runs, &page.cursor, &failure));
  CHECK(page.cursor.size > 0 && page.cursor.size <= MILEPOST_CURSOR_SIZE_MAX);
  milepost_runs rest = {0};
  CHECK_OK(milepost_tracker_list(tracker, &filter, &page, &rest, &failure));
  CHECK_EQUAL(milepost_runs_size(rest), 1);
  milepost_text next = {NULL, 7};
  CHECK_OK(milepost_runs_next(rest, &next, &failure));
  CHECK_EQUAL(next.size, 0);
  milepost_runs_free(rest);

  filter.statuses = 31;
  CHECK_CODE(milepost_tracker_list(tracker, &filter, &page, &rest, &failure),
             MILEPOST_E_INVALID_ARGUMENT);  // another question's cursor
  milepost_runs_free(runs);

  filter.has_triggered_from = 1;
  filter.triggered_from = MORNING + 2000000;
  filter.has_triggered_to = 1;
  filter.triggered_to = MORNING + 4000000;
  page.cursor = text_of("");
  CHECK_OK(milepost_tracker_list(tracker, &filter, &page, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 2);
  milepost_runs_free(runs);
  CHECK_OK(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 5);
  CHECK_OK(milepost_runs_get(runs, 0, &run, &failure));
  CHECK(same_id(run.run_id, id_of(5)));  // newest first
  milepost_runs_free(runs);

  page.limit = 1;
  milepost_json_page json = {0};
  CHECK_OK(milepost_tracker_list_json(tracker, NULL, &page, &json, &failure));
  milepost_text body = {NULL, 0};
  size_t count = 0;
  CHECK_OK(milepost_json_page_get(json, &body, &count, &next, &failure));
  CHECK_EQUAL(count, 1);
  CHECK(next.size > 0);
  CHECK_TEXT(body,
             "[{\"runId\":\"00000000-0000-4000-8000-000000000001\","
             "\"journeyId\":\"00000000-0000-4000-8000-00000000000a\","
             "\"profileId\":\"00000000-0000-4000-8000-00000000000b\",\"status\":\"queued\","
             "\"triggeredAt\":\"2023-11-07T05:31:57Z\",\"completedAt\":null,\"error\":null}]");
  CHECK_OK(milepost_json_page_get(json, &body, NULL, NULL, &failure));
  milepost_json_page_free(json);
  close_tracker(tracker);
}

static void counts_and_snapshots_agree(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 5; ++i) make_run(tracker, id_of(i), (int32_t)i - 1);
  milepost_snapshot snapshot = {0};
  CHECK_OK(milepost_tracker_snapshot(tracker, MILEPOST_LATEST, 1000, &snapshot, &failure));
  make_run(tracker, id_of(6), MILEPOST_RUN_QUEUED);
  milepost_counts counts = {sizeof counts, 0, 0, 0, 0, 0, 0};
  CHECK_OK(milepost_tracker_counts(tracker, NULL, NULL, MILEPOST_LATEST, 1000, &counts, &failure));
  CHECK_EQUAL(counts.queued, 2);
  const milepost_id journey = id_of(0xa);
  CHECK_OK(milepost_snapshot_counts(snapshot, NULL, &journey, &counts, &failure));
  CHECK(counts.queued == 1 && counts.running == 1 && counts.completed == 1 && counts.failed == 1 &&
        counts.exited == 1);
  const milepost_id other = id_of(0xc);
  CHECK_OK(milepost_snapshot_counts(snapshot, &other, NULL, &counts, &failure));
  CHECK_EQUAL(counts.queued, 0);

  milepost_run run = fresh_run();
  const milepost_id late = id_of(6);
  CHECK_OK(milepost_snapshot_get(snapshot, &late, NULL, &run, NULL, 0, &failure));
  CHECK_EQUAL(run.found, 0);
  char json[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  CHECK_CODE(milepost_snapshot_get_json(snapshot, &late, NULL, json, sizeof json, &size, &failure),
             MILEPOST_E_NOT_FOUND);
  const milepost_id early = id_of(1);
  CHECK_OK(milepost_snapshot_get_json(snapshot, &early, NULL, json, sizeof json, &size, &failure));
  CHECK_CODE(milepost_snapshot_get_json(snapshot, &early, NULL, json, size - 1, &size, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_runs runs = {0};
  CHECK_OK(milepost_snapshot_list(snapshot, NULL, NULL, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 5);
  milepost_runs_free(runs);
  CHECK_OK(milepost_snapshot_get_many(snapshot, &late, 1, NULL, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 1);
  milepost_runs_free(runs);
  milepost_json_page page = {0};
  CHECK_OK(milepost_snapshot_list_json(snapshot, NULL, NULL, &page, &failure));
  milepost_json_page_free(page);
  uint64_t sequence = 0;
  CHECK_OK(milepost_snapshot_sequence(snapshot, &sequence, &failure));
  milepost_changes changes = {0};
  CHECK_OK(milepost_snapshot_changes(snapshot, 0, 100, NULL, &changes, &failure));
  milepost_feed_position position = {sizeof position, 0, 0, 0, {{0}}};
  CHECK_OK(milepost_changes_position(changes, &position, &failure));
  CHECK_EQUAL(position.newest, sequence);
  CHECK_EQUAL(milepost_changes_size(changes), sequence);
  milepost_changes_free(changes);

  // It ages by the manual clock.
  CHECK_OK(milepost_tracker_set_clock(tracker, MORNING + 3600000000, &failure));
  CHECK_CODE(milepost_snapshot_list(snapshot, NULL, NULL, &runs, &failure),
             MILEPOST_E_SNAPSHOT_EXPIRED);
  CHECK_EQUAL(runs.value, 0);
  milepost_snapshot_free(snapshot);
  close_tracker(tracker);
}

static void other_organizations_are_not_found(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  milepost_command create = create_command(id_of(1));
  create.organization_id = id_of(0xd);
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(milepost_tracker_create(tracker, &create, 1000, &outcome, NULL, 0, &failure));
  const milepost_id run_id = id_of(1);
  const milepost_id organization = id_of(0xd);
  char json[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  CHECK_CODE(milepost_tracker_get_json(tracker, &run_id, NULL, json, sizeof json, &size, &failure),
             MILEPOST_E_NOT_FOUND);
  CHECK(strstr(failure.message, "00000000-0000-4000-8000-000000000001") != NULL);
  CHECK_OK(milepost_tracker_get_json(tracker, &run_id, &organization, json, sizeof json, &size,
                                     &failure));
  milepost_run run = fresh_run();
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, &failure));
  CHECK_EQUAL(run.found, 0);
  CHECK_EQUAL(run.sequence, 0);
  CHECK_OK(milepost_tracker_create(tracker, &create, 1000, &outcome, NULL, 0, &failure));
  create.organization_id = id_of(0xe);
  CHECK_OK(milepost_tracker_create(tracker, &create, 1000, &outcome, NULL, 0, &failure));
  CHECK_EQUAL(outcome.kind, MILEPOST_OUTCOME_CONFLICT);
  CHECK_EQUAL(outcome.run.found, 0);
  close_tracker(tracker);
}

static void wait_yields_what_is_final(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  const milepost_id run_id = id_of(1);
  make_run(tracker, run_id, MILEPOST_RUN_QUEUED);
  milepost_run run = fresh_run();
  char text[MILEPOST_RUN_TEXT_MAX];
  CHECK_CODE(milepost_tracker_wait(tracker, &run_id, NULL, 0, &run, text, sizeof text, &failure),
             MILEPOST_E_BUSY);
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(
      milepost_tracker_fail(tracker, &run_id, TEXT("gone"), NULL, &outcome, NULL, 0, &failure));
  CHECK_OK(milepost_tracker_wait(tracker, &run_id, NULL, 1000, &run, text, sizeof text, &failure));
  CHECK_EQUAL(run.status, MILEPOST_RUN_FAILED);
  CHECK_TEXT(run.error, "gone");
  const milepost_id nobody = id_of(2);
  CHECK_CODE(milepost_tracker_wait(tracker, &nobody, NULL, 0, &run, NULL, 0, &failure),
             MILEPOST_E_NOT_FOUND);
  close_tracker(tracker);
}

static void read_only_trackers_see_what_is_published(void) {
  const char* folder = test_folder();
  milepost_tracker tracker = open_small_store(folder);
  const milepost_id run_id = id_of(1);
  make_run(tracker, run_id, MILEPOST_RUN_QUEUED);
  CHECK_OK(milepost_tracker_flush(tracker, 1000, &failure));
  uint64_t unpublished = 7;
  CHECK_OK(milepost_tracker_unpublished(tracker, &unpublished, &failure));
  CHECK_EQUAL(unpublished, 0);
  milepost_id store = {{0}};
  CHECK_OK(milepost_tracker_store_id(tracker, &store, &failure));
  close_tracker(tracker);

  milepost_open_options options = small_store(folder);
  options.read_only = 1;
  CHECK_OK(milepost_tracker_open(&options, &tracker, &failure));
  milepost_tracker second = {7};
  CHECK_CODE(milepost_tracker_open(&options, &second, &failure), MILEPOST_E_ALREADY_OPEN);
  CHECK_EQUAL(second.value, 0);
  milepost_id same = {{0}};
  CHECK_OK(milepost_tracker_store_id(tracker, &same, &failure));
  CHECK(same_id(store, same));
  milepost_outcome outcome = fresh_outcome();
  CHECK_CODE(milepost_tracker_start(tracker, &run_id, NULL, &outcome, NULL, 0, &failure),
             MILEPOST_E_READ_ONLY);
  CHECK_EQUAL(failure.code, MILEPOST_E_READ_ONLY);
  CHECK_EQUAL(failure.applied, MILEPOST_APPLIED_NO);
  milepost_run run = fresh_run();
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, &failure));
  CHECK_EQUAL(run.found, 1);
  close_tracker(tracker);

  options.directory = text_of("/dev/null/nowhere");
  CHECK(milepost_tracker_open(&options, &tracker, &failure) < 0);
  CHECK(strstr(failure.message, "/dev/null/nowhere") != NULL);
}

static const test_case kCases[] = {
    {"a run from create to complete", a_run_from_create_to_complete},
    {"what was done survives closing", what_was_done_survives_closing},
    {"fail keeps its text and gives it as room allows",
     fail_keeps_its_text_and_gives_it_as_room_allows},
    {"exit, adopt, heartbeat and leases", exit_adopt_heartbeat_and_leases},
    {"a batch of every kind", a_batch_of_every_kind},
    {"many runs at once", many_runs_at_once},
    {"lists page by page", lists_page_by_page},
    {"counts and snapshots agree", counts_and_snapshots_agree},
    {"other organizations are not found", other_organizations_are_not_found},
    {"wait yields what is final", wait_yields_what_is_final},
    {"read-only trackers see what is published", read_only_trackers_see_what_is_published},
};

int main(int argc, char** argv) {
  return run_cases(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
