// SPDX-License-Identifier: Apache-2.0
//
// Work in steps in C: verify, backup, restore and repair; what is left of one that is freed, and of
// one whose tracker is closed. And failing orphans.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/// Steps until the work is done; yields how many steps it took.
static int step_through(milepost_work work, milepost_progress* progress) {
  int steps = 0;
  progress->struct_size = sizeof *progress;
  do {
    ++steps;
    if (!CHECK_OK(milepost_work_step(work, progress, &failure))) break;
  } while (progress->done == 0);
  return steps;
}

static milepost_work_report report_of(milepost_work work) {
  milepost_work_report report;
  memset(&report, 0xee, sizeof report);
  report.struct_size = sizeof report;
  CHECK_OK(milepost_work_get(work, &report, &failure));
  return report;
}

/// A store with so many runs that a verify pauses more than once.
enum { kManyRuns = 5000 };
static milepost_tracker open_with_many_runs(const char* folder) {
  enum { kBatch = 100 };
  milepost_tracker tracker = open_small_store(folder);
  milepost_command commands[kBatch];
  for (uint64_t first = 0; first < kManyRuns; first += kBatch) {
    for (uint64_t i = 0; i < kBatch; ++i) commands[i] = create_command(id_of(first + i + 1));
    milepost_outcomes outcomes;
    CHECK_OK(milepost_tracker_apply(tracker, commands, kBatch, MILEPOST_TIMEOUT_DEFAULT, &outcomes,
                                    &failure));
    milepost_outcomes_free(outcomes);
  }
  return tracker;
}

static void path_in(const char* folder, const char* name, char* path, size_t size) {
  (void)snprintf(path, size, "%s/%s", folder, name);
}

static void a_store_in_use_is_verified_in_steps(void) {
  milepost_tracker tracker = open_with_many_runs(test_folder());
  milepost_work work = {0};
  CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_PAGES, MILEPOST_TIMEOUT_DEFAULT, &work,
                                   &failure));
  milepost_work_report early = {.struct_size = sizeof early};
  CHECK_CODE(milepost_work_get(work, &early, &failure), MILEPOST_E_INVALID_ARGUMENT);
  milepost_progress progress = {.struct_size = sizeof progress};
  CHECK_OK(milepost_work_step(work, &progress, &failure));
  CHECK_EQUAL(progress.done, 0);
  CHECK(progress.lines > 0);
  make_run(tracker, id_of(kManyRuns + 1), MILEPOST_RUN_QUEUED);  // others go on
  CHECK_CODE(milepost_work_get(work, &early, &failure), MILEPOST_E_INVALID_ARGUMENT);
  CHECK(step_through(work, &progress) > 1);
  const milepost_work_report report = report_of(work);
  CHECK_EQUAL(report.findings_count, 0);
  CHECK_EQUAL(report.findings, 0);
  CHECK_EQUAL(report.runs, kManyRuns);
  CHECK_EQUAL(report.changes, kManyRuns);
  CHECK_EQUAL(report.sequence, kManyRuns);
  CHECK(report.pages > 0);
  CHECK(report.rows > report.runs);
  CHECK_EQUAL(report.lost, 0);
  CHECK_OK(milepost_work_step(work, &progress, &failure));  // done is done
  CHECK_EQUAL(progress.done, 1);
  close_tracker(tracker);
  CHECK_EQUAL(report_of(work).runs, kManyRuns);  // what was made stays
  milepost_work_free(work);
}

static void a_backup_is_restored_as_another_store(void) {
  const char* folder = test_folder();
  char copy[128];
  char back[128];
  path_in(folder, "copy", copy, sizeof copy);
  path_in(folder, "back", back, sizeof back);
  milepost_tracker tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_FAILED);
  milepost_id first_id;
  CHECK_OK(milepost_tracker_store_id(tracker, &first_id, &failure));
  milepost_work work = {0};
  CHECK_OK(milepost_tracker_backup(tracker, copy, strlen(copy), 1, MILEPOST_TIMEOUT_DEFAULT, &work,
                                   &failure));
  milepost_progress progress;
  step_through(work, &progress);
  CHECK_EQUAL(report_of(work).sequence, 2);
  CHECK(report_of(work).bytes > 0);
  CHECK(progress.bytes > 0);
  milepost_work_free(work);
  CHECK_OK(milepost_tracker_backup(tracker, copy, strlen(copy), 0, MILEPOST_TIMEOUT_DEFAULT, &work,
                                   &failure));
  CHECK_CODE(milepost_work_step(work, NULL, &failure), MILEPOST_E_INVALID_ARGUMENT);  // it exists
  CHECK_CODE(milepost_work_step(work, NULL, &failure), MILEPOST_E_INVALID_ARGUMENT);
  milepost_work_free(work);
  close_tracker(tracker);

  CHECK_OK(milepost_backup_restore(copy, strlen(copy), back, strlen(back), 0, &work, &failure));
  step_through(work, &progress);
  const milepost_work_report report = report_of(work);
  CHECK_EQUAL(report.runs, 1);
  CHECK_EQUAL(report.sequence, 2);
  CHECK(!same_id(report.store_id, first_id));
  milepost_work_free(work);

  tracker = open_small_store(back);
  milepost_id second_id;
  CHECK_OK(milepost_tracker_store_id(tracker, &second_id, &failure));
  CHECK(same_id(second_id, report.store_id));
  milepost_run run = fresh_run();
  const milepost_id run_id = id_of(1);
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, &failure));
  CHECK_EQUAL(run.status, MILEPOST_RUN_FAILED);
  close_tracker(tracker);
}

/// Spoils what is in the middle of every page but the first few of a data file.
static void damage(const char* folder) {
  char path[160];
  path_in(folder, "data.mdb", path, sizeof path);
  FILE* data = fopen(path, "r+b");
  if (!CHECK(data != NULL)) return;
  CHECK(fseek(data, 0, SEEK_END) == 0);
  const long size = ftell(data);
  for (long at = 3 * 4096 + 3000; at < size; at += 4096) {
    CHECK(fseek(data, at, SEEK_SET) == 0);
    CHECK(fwrite("\x5a\xa5\x5a\xa5", 4, 1, data) == 1);
  }
  CHECK(fclose(data) == 0);
}

static void a_damaged_store_is_told_and_repaired(void) {
  const char* folder = test_folder();
  char mended[128];
  path_in(test_folder(), "mended", mended, sizeof mended);
  close_tracker(open_with_many_runs(folder));
  milepost_work work = {0};
  milepost_progress progress;
  CHECK_OK(
      milepost_directory_verify(folder, strlen(folder), MILEPOST_VERIFY_RECORDS, &work, &failure));
  step_through(work, &progress);
  CHECK_EQUAL(report_of(work).findings_count, 0);
  CHECK_EQUAL(report_of(work).runs, kManyRuns);
  milepost_work_free(work);

  damage(folder);
  CHECK_OK(
      milepost_directory_verify(folder, strlen(folder), MILEPOST_VERIFY_PAGES, &work, &failure));
  step_through(work, &progress);
  const milepost_work_report report = report_of(work);
  CHECK(report.findings_count > 0);
  CHECK(report.findings > 0 && report.findings <= MILEPOST_FINDINGS_MAX);
  milepost_finding finding = {.struct_size = sizeof finding};
  for (size_t i = 0; i < report.findings; ++i) {
    CHECK_OK(milepost_work_finding(work, i, &finding, &failure));
    CHECK(finding.kind.size > 0 && finding.where.size > 0 && finding.text.size > 0);
  }
  CHECK_CODE(milepost_work_finding(work, report.findings, &finding, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_work_free(work);

  CHECK_OK(
      milepost_backup_restore(folder, strlen(folder), mended, strlen(mended), 0, &work, &failure));
  while (milepost_work_step(work, &progress, &failure) == MILEPOST_OK && progress.done == 0) {
  }
  CHECK_EQUAL(failure.code, MILEPOST_E_CORRUPT);
  milepost_work_free(work);

  CHECK_OK(
      milepost_directory_repair(folder, strlen(folder), mended, strlen(mended), &work, &failure));
  step_through(work, &progress);
  const milepost_work_report saved = report_of(work);
  CHECK(saved.lost > 0);
  CHECK(saved.runs > 0 && saved.runs < kManyRuns);
  CHECK(saved.findings > 0);
  milepost_work_free(work);
  milepost_tracker tracker = open_small_store(mended);
  milepost_counts counts = {.struct_size = sizeof counts};
  CHECK_OK(milepost_tracker_counts(tracker, NULL, NULL, MILEPOST_LATEST, MILEPOST_TIMEOUT_DEFAULT,
                                   &counts, &failure));
  CHECK_EQUAL(counts.queued, saved.runs);
  close_tracker(tracker);
}

static void work_that_is_freed_midway_leaves_nothing(void) {
  const char* folder = test_folder();
  char copy[128];
  path_in(folder, "copy", copy, sizeof copy);
  milepost_tracker tracker = open_with_many_runs(test_folder());
  milepost_work work = {0};
  for (int steps = 0; steps < 2; ++steps) {
    milepost_progress progress = {.struct_size = sizeof progress};
    CHECK_OK(milepost_tracker_backup(tracker, copy, strlen(copy), 0, MILEPOST_TIMEOUT_DEFAULT,
                                     &work, &failure));
    if (steps > 0) CHECK_OK(milepost_work_step(work, &progress, &failure));
    CHECK_EQUAL(progress.done, 0);
    milepost_work_free(work);
    CHECK_CODE(milepost_work_step(work, NULL, &failure), MILEPOST_E_CLOSED);
    CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS, MILEPOST_TIMEOUT_DEFAULT,
                                     &work, &failure));
    if (steps > 0) CHECK_OK(milepost_work_step(work, NULL, &failure));
    milepost_work_free(work);
  }
  CHECK(remove(folder) == 0);  // that is, it is empty
  close_tracker(tracker);
}

static void a_tracker_is_closed_over_paused_work(void) {
  milepost_tracker tracker = open_with_many_runs(test_folder());
  milepost_work paused = {0};
  milepost_work untouched = {0};
  CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS, MILEPOST_TIMEOUT_DEFAULT,
                                   &paused, &failure));
  CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS, 0, &untouched, &failure));
  milepost_progress progress = {.struct_size = sizeof progress};
  CHECK_OK(milepost_work_step(paused, &progress, &failure));
  CHECK_EQUAL(progress.done, 0);
  CHECK_OK(milepost_tracker_close(tracker, &failure));  // at once, and not BUSY
  CHECK_CODE(milepost_work_step(paused, &progress, &failure), MILEPOST_E_CLOSED);
  CHECK_CODE(milepost_work_step(untouched, &progress, &failure), MILEPOST_E_CLOSED);
  milepost_work_free(paused);
  milepost_work_free(untouched);
}

static void orphans_are_failed_step_by_step(void) {
  const char* folder = test_folder();
  milepost_tracker tracker = open_small_store(folder);
  for (uint64_t i = 1; i <= 3; ++i) make_run(tracker, id_of(i), MILEPOST_RUN_RUNNING);
  close_tracker(tracker);
  tracker = open_small_store(folder);
  make_run(tracker, id_of(4), MILEPOST_RUN_RUNNING);
  uint64_t failed = 0;
  uint8_t more = 9;
  CHECK_OK(milepost_tracker_fail_orphans(tracker, TEXT("the process is gone"), 2,
                                         MILEPOST_TIMEOUT_DEFAULT, &failed, &more, &failure));
  CHECK_EQUAL(failed, 2);
  CHECK_EQUAL(more, 1);
  CHECK_OK(milepost_tracker_fail_orphans(tracker, TEXT("the process is gone"), 2,
                                         MILEPOST_TIMEOUT_DEFAULT, &failed, &more, &failure));
  CHECK_EQUAL(failed, 1);
  CHECK_EQUAL(more, 0);
  milepost_run run = fresh_run();
  char text[MILEPOST_RUN_TEXT_MAX];
  const milepost_id run_id = id_of(2);
  CHECK_OK(milepost_tracker_get(tracker, &run_id, NULL, &run, text, sizeof text, &failure));
  CHECK_EQUAL(run.status, MILEPOST_RUN_FAILED);
  CHECK_TEXT(run.error, "the process is gone");
  close_tracker(tracker);
}

int main(int argc, char** argv) {
  static const test_case cases[] = {
      {"a store in use is verified in steps", a_store_in_use_is_verified_in_steps},
      {"a backup is restored as another store", a_backup_is_restored_as_another_store},
      {"a damaged store is told and repaired", a_damaged_store_is_told_and_repaired},
      {"work that is freed midway leaves nothing", work_that_is_freed_midway_leaves_nothing},
      {"a tracker is closed over paused work", a_tracker_is_closed_over_paused_work},
      {"orphans are failed step by step", orphans_are_failed_step_by_step},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
