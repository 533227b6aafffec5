// SPDX-License-Identifier: Apache-2.0
//
// Misuse of work in steps and of failing orphans.
#include <string.h>

#include "misuse.h"

static void arguments_of_work(void) {
  open_with_a_run();
  milepost_work work = {77};
  REFUSED(milepost_tracker_verify(tracker, MILEPOST_VERIFY_PAGES, 0, NULL, &failure));
  REFUSED(milepost_tracker_verify(tracker, 2, 0, &work, &failure));
  CHECK_EQUAL(work.value, 0);
  REFUSED(milepost_tracker_verify(tracker, -1, 0, &work, &failure));
  REFUSED(milepost_tracker_verify(tracker, MILEPOST_VERIFY_PAGES, -2, &work, &failure));
  REFUSED(milepost_tracker_backup(tracker, TEXT("/x"), 0, 0, NULL, &failure));
  REFUSED(milepost_tracker_backup(tracker, NULL, 3, 0, 0, &work, &failure));
  REFUSED(milepost_tracker_backup(tracker, NULL, 0, 0, 0, &work, &failure));
  REFUSED(milepost_tracker_backup(tracker, "/x\0y", 4, 0, 0, &work, &failure));
  REFUSED(milepost_tracker_backup(tracker, TEXT("/x"), 2, 0, &work, &failure));
  REFUSED(milepost_tracker_backup(tracker, TEXT("/x"), 0, INT64_MIN, &work, &failure));
  REFUSED(milepost_directory_verify(TEXT("/x"), 0, NULL, &failure));
  REFUSED(milepost_directory_verify(TEXT("/x"), 7, &work, &failure));
  REFUSED(milepost_directory_verify(NULL, 0, 0, &work, &failure));
  REFUSED(milepost_directory_verify("/x", (size_t)-1, 0, &work, &failure));
  REFUSED(milepost_directory_repair(NULL, 0, TEXT("/y"), &work, &failure));
  REFUSED(milepost_directory_repair(TEXT("/x"), NULL, 0, &work, &failure));
  REFUSED(milepost_directory_repair(TEXT("/x"), TEXT("/y"), NULL, &failure));
  REFUSED(milepost_backup_restore(NULL, 1, TEXT("/y"), 0, &work, &failure));
  REFUSED(milepost_backup_restore(TEXT("/x"), "\0", 1, 0, &work, &failure));
  REFUSED(milepost_backup_restore(TEXT("/x"), TEXT("/y"), 255, &work, &failure));
  REFUSED(milepost_backup_restore(TEXT("/x"), TEXT("/y"), 0, NULL, &failure));
  CHECK_EQUAL(work.value, 0);
  close_unchanged();
}

static void handles_of_work(void) {
  open_with_a_run();
  milepost_work work = {0};
  milepost_progress progress = {.struct_size = sizeof progress};
  milepost_work_report report = {.struct_size = sizeof report};
  milepost_finding finding = {.struct_size = sizeof finding};
  REFUSED(milepost_work_step(work, &progress, &failure));
  REFUSED(milepost_work_get(work, &report, &failure));
  REFUSED(milepost_work_finding(work, 0, &finding, &failure));
  milepost_work_free(work);
  const milepost_work other = {tracker.value};
  REFUSED(milepost_work_step(other, &progress, &failure));
  milepost_work_free(other);
  const milepost_work wild = {UINT64_C(0x123456780b000001)};
  REFUSED(milepost_work_step(wild, &progress, &failure));
  milepost_work_free(wild);

  CHECK_OK(milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS, MILEPOST_TIMEOUT_DEFAULT,
                                   &work, &failure));
  REFUSED(milepost_work_get(work, &report, &failure));
  REFUSED(milepost_work_finding(work, 0, &finding, &failure));
  progress.struct_size = 3;
  REFUSED(milepost_work_step(work, &progress, &failure));
  progress.struct_size = sizeof progress;
  do {
    CHECK_OK(milepost_work_step(work, &progress, &failure));
  } while (failure.code == MILEPOST_OK && progress.done == 0);
  REFUSED(milepost_work_get(work, NULL, &failure));
  report.struct_size = 0;
  REFUSED(milepost_work_get(work, &report, &failure));
  REFUSED(milepost_work_finding(work, 0, NULL, &failure));
  REFUSED(milepost_work_finding(work, 0, &finding, &failure));
  finding.struct_size = 5000;
  REFUSED(milepost_work_finding(work, 0, &finding, &failure));
  milepost_work_free(work);
  milepost_work_free(work);
  GONE(milepost_work_step(work, &progress, &failure));
  GONE(milepost_work_get(work, NULL, &failure));
  GONE(milepost_work_finding(work, 0, NULL, &failure));
  close_unchanged();
  GONE(milepost_tracker_verify(tracker, 0, 0, &work, &failure));
  GONE(milepost_tracker_backup(tracker, TEXT("/x"), 0, 0, &work, &failure));
  CHECK_EQUAL(work.value, 0);
}

static void arguments_of_failing_orphans(void) {
  open_with_a_run();
  uint64_t failed = 0;
  uint8_t more = 0;
  const int64_t now = MILEPOST_TIMEOUT_DEFAULT;
  REFUSED(milepost_tracker_fail_orphans(tracker, NULL, 1, 1, now, &failed, &more, &failure));
  REFUSED(milepost_tracker_fail_orphans(tracker, TEXT("x"), 1, now, NULL, &more, &failure));
  REFUSED(milepost_tracker_fail_orphans(tracker, TEXT("x"), 1, now, &failed, NULL, &failure));
  REFUSED(milepost_tracker_fail_orphans(tracker, TEXT("x"), 0, now, &failed, &more, &failure));
  REFUSED(milepost_tracker_fail_orphans(tracker, TEXT("x"), MILEPOST_REMOVE_LIMIT_MAX + 1, now,
                                        &failed, &more, &failure));
  REFUSED(milepost_tracker_fail_orphans(tracker, TEXT("x"), 1, -5, &failed, &more, &failure));
  close_unchanged();
  GONE(milepost_tracker_fail_orphans(tracker, TEXT("x"), 1, now, &failed, &more, &failure));
}

int main(int argc, char** argv) {
  static const test_case cases[] = {
      {"arguments of work", arguments_of_work},
      {"handles of work", handles_of_work},
      {"arguments of failing orphans", arguments_of_failing_orphans},
  };
  return run_misuses(cases, sizeof cases / sizeof cases[0], argc, argv);
}
