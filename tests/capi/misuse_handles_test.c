// SPDX-License-Identifier: Apache-2.0
//
// Handles that are none, of another kind, closed, freed, used while they are closed or by two
// threads.
#define _XOPEN_SOURCE 700  // NOLINT: pthreads

#include <pthread.h>
#include <string.h>

#include "misuse.h"

static char json[MILEPOST_RUN_JSON_MAX];
static size_t size;

static void handles_that_are_none(void) {
  open_with_a_run();
  const uint64_t good = tracker.value;
  const uint64_t bad[] = {0,
                          1,
                          UINT64_MAX,
                          INT64_MAX,
                          good ^ (UINT64_C(1) << 24) /* kind */,
                          good ^ (UINT64_C(1) << 63) /* generation */,
                          good ^ 1 /* slot */,
                          good ^ 0xfffff /* slot */,
                          good & UINT32_MAX /* generation 0 */};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    const milepost_tracker wrong = {bad[i]};
    REFUSED(milepost_tracker_get(wrong, &kRun, NULL, &run, NULL, 0, &failure));
    REFUSED(milepost_tracker_close(wrong, &failure));
  }
  const milepost_snapshot snapshot = {good};
  uint64_t number = 0;
  REFUSED(milepost_snapshot_sequence(snapshot, &number, &failure));
  milepost_snapshot_free(snapshot);
  const milepost_runs runs = {good};
  REFUSED(milepost_runs_get(runs, 0, &run, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 0);
  milepost_runs_free(runs);
  const milepost_outcomes outcomes = {good};
  CHECK_EQUAL(milepost_outcomes_size(outcomes), 0);
  milepost_outcomes_free(outcomes);
  const milepost_changes changes = {good};
  CHECK_EQUAL(milepost_changes_size(changes), 0);
  milepost_changes_free(changes);
  const milepost_json_page page = {good};
  milepost_json_page_free(page);
  const milepost_stats stats = {good};
  milepost_stats_free(stats);
  const milepost_subscription subscription = {good};
  REFUSED(milepost_subscription_stop(subscription, &failure));
  milepost_subscription_free(subscription);
  const milepost_export exporting = {good};
  milepost_export_free(exporting);
  const milepost_import importing = {good};
  milepost_import_free(importing);
  const milepost_runs none = {0};
  milepost_runs_free(none);
  close_unchanged();
}

static void use_after_close_and_double_close(void) {
  open_with_a_run();
  milepost_snapshot snapshot = {0};
  milepost_subscription subscription = {0};
  milepost_runs runs = {0};
  milepost_export exporting = {0};
  milepost_import importing = {0};
  milepost_changes changes = {0};
  CHECK_OK(milepost_tracker_snapshot(tracker, MILEPOST_LATEST, 1000, &snapshot, &failure));
  CHECK_OK(milepost_tracker_subscribe(tracker, 0, NULL, &subscription, &failure));
  CHECK_OK(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, 0, &exporting, &failure));
  CHECK_OK(milepost_tracker_import_runs(tracker, &importing, &failure));
  CHECK_OK(milepost_tracker_changes(tracker, 0, 9, NULL, 0, 1000, &changes, &failure));

  milepost_runs_free(runs);
  GONE(milepost_runs_get(runs, 0, &run, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 0);
  milepost_runs_free(runs);
  milepost_changes_free(changes);
  milepost_feed_position position = {sizeof position, 0, 0, 0, {{0}}};
  GONE(milepost_changes_position(changes, &position, &failure));
  milepost_changes_free(changes);

  close_unchanged();
  GONE(milepost_tracker_close(tracker, &failure));
  GONE(milepost_tracker_get(tracker, &kRun, NULL, &run, NULL, 0, &failure));
  GONE(milepost_tracker_get_json(tracker, &kRun, NULL, json, sizeof json, &size, &failure));
  GONE(milepost_tracker_start(tracker, &kRun, NULL, &outcome, NULL, 0, &failure));
  GONE(milepost_tracker_flush(tracker, 0, &failure));
  GONE(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  GONE(milepost_tracker_set_clock(tracker, 0, &failure));
  GONE(milepost_snapshot_get(snapshot, &kRun, NULL, &run, NULL, 0, &failure));
  GONE(milepost_subscription_next(subscription, 1, 1000, &changes, &failure));
  milepost_text chunk = {NULL, 0};
  (void)milepost_export_step(exporting, &chunk, NULL, &failure);
  milepost_snapshot_free(snapshot);
  milepost_snapshot_free(snapshot);
  GONE(milepost_snapshot_get(snapshot, &kRun, NULL, &run, NULL, 0, &failure));
  milepost_subscription_free(subscription);
  GONE(milepost_subscription_stop(subscription, &failure));
  GONE(milepost_subscription_next(subscription, 1, 1000, &changes, &failure));
  milepost_export_free(exporting);
  GONE(milepost_export_step(exporting, &chunk, NULL, &failure));
  milepost_import_free(importing);
  milepost_import_report report;
  report.struct_size = sizeof report;
  GONE(milepost_import_step(importing, NULL, 0, 1, 0, &report, &failure));

  // The slot is used again: the old handle still names nothing.
  open_with_a_run();
  const milepost_tracker reused = tracker;
  close_tracker(tracker);
  open_with_a_run();
  CHECK(reused.value != tracker.value);
  GONE(milepost_tracker_get(reused, &kRun, NULL, &run, NULL, 0, &failure));
  close_unchanged();
}

static void indexes_past_the_end(void) {
  open_with_a_run();
  milepost_runs runs = {0};
  CHECK_OK(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  REFUSED(milepost_runs_get(runs, 1, &run, &failure));
  REFUSED(milepost_runs_get(runs, SIZE_MAX, &run, &failure));
  REFUSED(milepost_runs_get(runs, 0, NULL, &failure));
  const milepost_run* first = NULL;
  size_t count = 0;
  REFUSED(milepost_runs_view(runs, &first, &count, NULL, &failure));
  REFUSED(milepost_runs_view(runs, NULL, &count, &size, &failure));
  REFUSED(milepost_runs_next(runs, NULL, &failure));
  milepost_runs_free(runs);
  milepost_changes changes = {0};
  CHECK_OK(milepost_tracker_changes(tracker, 0, 9, NULL, 0, 1000, &changes, &failure));
  milepost_change change;
  change.struct_size = sizeof change;
  REFUSED(milepost_changes_get(changes, 1, &change, &failure));
  milepost_changes_free(changes);
  milepost_stats stats = {0};
  CHECK_OK(milepost_tracker_stats(tracker, &stats, &failure));
  milepost_tree_stats tree;
  tree.struct_size = sizeof tree;
  REFUSED(milepost_stats_tree(stats, SIZE_MAX, &tree, &failure));
  REFUSED(milepost_stats_get(stats, NULL, &failure));
  REFUSED(milepost_stats_prometheus(stats, NULL, &failure));
  milepost_stats_free(stats);
  close_unchanged();
}

/// Reads until the tracker is closed.
static void* read_on(void* arg) {
  milepost_status* last = arg;
  milepost_run mine = fresh_run();
  do {
    *last = milepost_tracker_get(tracker, &kRun, NULL, &mine, NULL, 0, NULL);
  } while (*last == MILEPOST_OK);
  return NULL;
}

/// Waits for what never comes.
static void* wait_on(void* arg) {
  milepost_status* last = arg;
  milepost_run mine = fresh_run();
  *last = milepost_tracker_wait(tracker, &kRun, NULL, 600000, &mine, NULL, 0, NULL);
  return NULL;
}

static milepost_subscription shared_subscription;

static void* follow_on(void* arg) {
  milepost_status* last = arg;
  milepost_changes changes = {0};
  *last = milepost_subscription_next(shared_subscription, 1, 600000, &changes, NULL);
  return NULL;
}

static void closing_while_calls_run(void) {
  for (int round = 0; round < 20; ++round) {
    open_with_a_run();
    CHECK_OK(milepost_tracker_flush(tracker, 1000, &failure));
    CHECK_OK(milepost_tracker_subscribe(tracker, MILEPOST_FROM_NOW, NULL, &shared_subscription,
                                        &failure));
    pthread_t threads[4];
    milepost_status last[4] = {1, 1, 1, 1};
    void* (*const bodies[4])(void*) = {read_on, read_on, wait_on, follow_on};
    for (int i = 0; i < 4; ++i)
      CHECK_EQUAL(pthread_create(&threads[i], NULL, bodies[i], &last[i]), 0);
    if (round % 2 == 0) {
      // A free while the call runs: it is stopped, and the handle is gone at once.
      milepost_subscription_free(shared_subscription);
      uint64_t position = 0;
      GONE(milepost_subscription_position(shared_subscription, &position, &failure));
    }
    CHECK_OK(milepost_tracker_close(tracker, &failure));
    GONE(milepost_tracker_get(tracker, &kRun, NULL, &run, NULL, 0, &failure));
    for (int i = 0; i < 4; ++i) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 3; ++i) CHECK_EQUAL(last[i], MILEPOST_E_CLOSED);
    CHECK(last[3] == MILEPOST_E_CLOSED || last[3] == MILEPOST_E_CANCELLED);
    milepost_subscription_free(shared_subscription);
  }
}

static void* step_on(void* arg) {
  const milepost_subscription* subscription = arg;
  milepost_changes changes = {0};
  milepost_status status = MILEPOST_E_INVALID_ARGUMENT;
  while (status == MILEPOST_E_INVALID_ARGUMENT) {  // while the other thread is in
    status = milepost_subscription_next(*subscription, 1, 600000, &changes, NULL);
  }
  return NULL;
}

static void two_threads_with_what_is_for_one(void) {
  open_with_a_run();
  CHECK_OK(milepost_tracker_flush(tracker, 1000, &failure));
  milepost_subscription subscription = {0};
  CHECK_OK(milepost_tracker_subscribe(tracker, MILEPOST_FROM_NOW, NULL, &subscription, &failure));
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, step_on, &subscription), 0);
  milepost_changes changes = {0};
  milepost_status status = MILEPOST_E_BUSY;
  while (status == MILEPOST_E_BUSY) {  // until the other thread is in
    status = milepost_subscription_next(subscription, 1, 0, &changes, &failure);
  }
  REFUSED(status);
  CHECK_OK(milepost_subscription_stop(subscription, &failure));  // this is for any thread
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  milepost_subscription_free(subscription);
  close_unchanged();
}

static void a_bulk_on_a_closed_tracker_leaves_no_sample(void) {
  open_with_a_run();
  CHECK_OK(milepost_tracker_close(tracker, &failure));
  milepost_bulk_options options;
  CHECK_OK(milepost_bulk_options_init(&options, sizeof options));
  milepost_bulk_report report = {sizeof report, 0, 0, 0, {0}};
  milepost_runs sample = {7};
  GONE(milepost_tracker_bulk(tracker, NULL, &options, &report, &sample, &failure));
  CHECK_EQUAL(sample.value, 0);
}

static const test_case kCases[] = {
    {"handles that are none", handles_that_are_none},
    {"use after close and double close", use_after_close_and_double_close},
    {"a bulk on a closed tracker leaves no sample", a_bulk_on_a_closed_tracker_leaves_no_sample},
    {"indexes past the end", indexes_past_the_end},
    {"closing while calls run", closing_while_calls_run},
    {"two threads with what is for one", two_threads_with_what_is_for_one},
};

int main(int argc, char** argv) {
  return run_misuses(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
