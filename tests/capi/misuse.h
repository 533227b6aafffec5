// SPDX-License-Identifier: Apache-2.0
//
// What the tests of misuse share: a store with one queued run, and the words for what is refused
// and what is gone. Each misuse is answered by a code, changes nothing and crashes nothing; the
// asan preset runs them under AddressSanitizer.
#ifndef MILEPOST_TESTS_CAPI_MISUSE_H
#define MILEPOST_TESTS_CAPI_MISUSE_H

#include <stdio.h>

#include "harness.h"

static int misuses = 0;

/// A misuse and its code.
#define REFUSED(call)                              \
  do {                                             \
    ++misuses;                                     \
    CHECK_CODE(call, MILEPOST_E_INVALID_ARGUMENT); \
    CHECK(failure.message[0] != 0);                \
    CHECK_EQUAL(failure.applied, 0);               \
  } while (0)
#define GONE(call)                       \
  do {                                   \
    ++misuses;                           \
    CHECK_CODE(call, MILEPOST_E_CLOSED); \
    CHECK(failure.message[0] != 0);      \
  } while (0)

static milepost_tracker tracker;
static milepost_outcome outcome;
static milepost_run run;
static const milepost_id kRun = {{0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};

static inline void open_with_a_run(void) {
  tracker = open_small_store(test_folder());
  outcome = fresh_outcome();
  run = fresh_run();
  make_run(tracker, kRun, MILEPOST_RUN_QUEUED);
}

/// Nothing of what was refused has changed anything.
static inline void close_unchanged(void) {
  milepost_stats stats = {0};
  milepost_stats_values values;
  values.struct_size = sizeof values;
  CHECK_OK(milepost_tracker_stats(tracker, &stats, &failure));
  CHECK_OK(milepost_stats_get(stats, &values, &failure));
  CHECK_EQUAL(values.sequence, 1);
  milepost_stats_free(stats);
  close_tracker(tracker);
}

static inline int run_misuses(const test_case* cases, size_t count, int argc, char** argv) {
  const int result = run_cases(cases, count, argc, argv);
  printf("%d misuses\n", misuses);
  return result;
}

#endif  // MILEPOST_TESTS_CAPI_MISUSE_H
