// SPDX-License-Identifier: Apache-2.0
//
// What a forked child may do with handles it inherited: every call is FORKED, results can be read,
// closing and freeing do no harm, and the parent goes on. No test framework lives in the child.
#define _XOPEN_SOURCE 700  // NOLINT: fork

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static milepost_tracker tracker;
static milepost_snapshot snapshot;
static milepost_subscription subscription;
static milepost_export exporting;
static milepost_work work;
static milepost_import importing;
static milepost_runs runs;

/// What the child does; yields the number of the first thing that went wrong, or 0.
static int in_the_child(void) {
  const milepost_id run_id = id_of(1);
  milepost_run run = fresh_run();
  milepost_outcome outcome = fresh_outcome();
  milepost_changes changes = {0};
  milepost_text text = {NULL, 0};
  milepost_snapshot second = {0};
  uint64_t number = 0;
  milepost_import_report report;
  report.struct_size = sizeof report;
  if (milepost_runs_get(runs, 0, &run, NULL) != MILEPOST_OK) return 1;
  if (milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, NULL) != MILEPOST_E_FORKED) {
    return 2;
  }
  if (milepost_tracker_start(tracker, &run_id, NULL, &outcome, NULL, 0, NULL) !=
      MILEPOST_E_FORKED) {
    return 3;
  }
  if (milepost_snapshot_get(snapshot, &run_id, NULL, &run, NULL, 0, NULL) != MILEPOST_E_FORKED) {
    return 4;
  }
  if (milepost_subscription_next(subscription, 1, 1000, &changes, NULL) != MILEPOST_E_FORKED) {
    return 5;
  }
  if (milepost_subscription_stop(subscription, NULL) != MILEPOST_E_FORKED) return 6;
  if (milepost_subscription_position(subscription, &number, NULL) != MILEPOST_E_FORKED) return 7;
  if (milepost_export_step(exporting, &text, NULL, NULL) != MILEPOST_E_FORKED) return 8;
  if (milepost_work_step(work, NULL, NULL) != MILEPOST_E_FORKED) return 13;
  if (milepost_import_step(importing, NULL, 0, 1, 0, &report, NULL) != MILEPOST_E_FORKED) return 9;
  if (milepost_tracker_snapshot(tracker, 0, 0, &second, NULL) != MILEPOST_E_FORKED) return 10;
  milepost_runs_free(runs);
  milepost_work_free(work);
  milepost_export_free(exporting);
  milepost_import_free(importing);
  milepost_subscription_free(subscription);
  milepost_snapshot_free(snapshot);
  if (milepost_tracker_close(tracker, NULL) != MILEPOST_E_FORKED) return 11;
  if (milepost_tracker_close(tracker, NULL) != MILEPOST_E_CLOSED) return 12;
  return 0;
}

static void a_child_leaves_its_parent_alone(void) {
  tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_QUEUED);
  CHECK_OK(milepost_tracker_snapshot(tracker, 0, 1000, &snapshot, &failure));
  CHECK_OK(milepost_tracker_subscribe(tracker, 0, NULL, &subscription, &failure));
  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, 0, &exporting, &failure));
  CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS, MILEPOST_TIMEOUT_DEFAULT,
                                   &work, &failure));
  CHECK_OK(milepost_tracker_import_runs(tracker, &importing, &failure));
  CHECK_OK(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  milepost_text chunk = {NULL, 0};
  (void)milepost_export_step(exporting, &chunk, NULL, &failure);  // its thread lives

  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(60);
    _exit(in_the_child());
  }
  int status = -1;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  CHECK_EQUAL(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), 0);

  const milepost_id run_id = id_of(1);
  milepost_run run = fresh_run();
  milepost_changes changes = {0};
  CHECK_OK(milepost_snapshot_get(snapshot, &run_id, NULL, &run, NULL, 0, &failure));
  CHECK_OK(milepost_subscription_next(subscription, 1, 5000, &changes, &failure));
  milepost_changes_free(changes);
  make_run(tracker, id_of(2), MILEPOST_RUN_COMPLETED);
  milepost_runs_free(runs);
  milepost_work_free(work);
  milepost_export_free(exporting);
  milepost_import_free(importing);
  milepost_subscription_free(subscription);
  milepost_snapshot_free(snapshot);
  close_tracker(tracker);
}

static void a_child_may_open_a_store_of_its_own(void) {
  const char* folder = test_folder();
  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(60);
    milepost_tracker mine = open_small_store(folder);
    make_run(mine, id_of(1), MILEPOST_RUN_COMPLETED);
    close_tracker(mine);
    _exit(checks_failed);
  }
  int status = -1;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const test_case kCases[] = {
    {"a child leaves its parent alone", a_child_leaves_its_parent_alone},
    {"a child may open a store of its own", a_child_may_open_a_store_of_its_own},
};

int main(int argc, char** argv) {
  return run_cases(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
