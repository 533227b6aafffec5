// SPDX-License-Identifier: Apache-2.0
//
// Memory runs out at every point of every call: the call says so and nothing else happens. malloc
// is this program's own, in front of the library's, and fails from the n-th call of this thread on
// (sticky) or at the n-th only (once); threads of the library's are spared.
#define _XOPEN_SOURCE 700  // NOLINT

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC

static __thread long fails_at = 0;  // counts down to the call that fails; 0: none does
static __thread int is_sticky = 0;
static __thread int has_failed = 0;

void* __libc_malloc(size_t size);                      // NOLINT: glibc's own name
void* __libc_calloc(size_t count, size_t size);        // NOLINT
void* __libc_realloc(void* old, size_t size);          // NOLINT
void* __libc_memalign(size_t alignment, size_t size);  // NOLINT

static int is_to_fail(void) {
  if (fails_at == 0) return 0;
  if (fails_at > 1) {
    --fails_at;
    return 0;
  }
  has_failed = 1;
  if (!is_sticky) fails_at = 0;
  return 1;
}

void* malloc(size_t size) { return is_to_fail() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return is_to_fail() ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return is_to_fail() ? NULL : __libc_realloc(old, size); }
void* aligned_alloc(size_t alignment, size_t size) {
  return is_to_fail() ? NULL : __libc_memalign(alignment, size);
}

static milepost_tracker tracker;
static const char* store_folder;
/// A queued run of this attempt's own, and the id of one to make.
static milepost_id subject;
static milepost_id to_make;

/// One call; what it makes is freed. Yields its status.
typedef milepost_status (*call)(void);

static milepost_status call_create(void) {
  milepost_outcome outcome = {sizeof outcome, 0, 0, 0, {0}, {0}};
  const milepost_command create = create_command(to_make);
  return milepost_tracker_create(tracker, &create, 5000, &outcome, NULL, 0, &failure);
}
static milepost_status call_start(void) {
  milepost_outcome outcome = {sizeof outcome, 0, 0, 0, {0}, {0}};
  milepost_step_options step;
  (void)milepost_step_options_init(&step, sizeof step);
  step.owner = text_of("an owner whose name is too long for a small string");
  step.lease_ms = 60000;
  return milepost_tracker_start(tracker, &subject, &step, &outcome, NULL, 0, &failure);
}
static milepost_status call_fail(void) {
  milepost_outcome outcome = {sizeof outcome, 0, 0, 0, {0}, {0}};
  return milepost_tracker_fail(tracker, &subject, TEXT("\xff an error that is ill-formed and long"),
                               NULL, &outcome, NULL, 0, &failure);
}
static milepost_status call_apply(void) {
  milepost_command commands[2] = {create_command(to_make),
                                  command_of(MILEPOST_COMMAND_START, subject)};
  milepost_outcomes outcomes = {0};
  const milepost_status status =
      milepost_tracker_apply(tracker, commands, 2, 5000, &outcomes, &failure);
  milepost_outcomes_free(outcomes);
  return status;
}
static milepost_status call_get(void) {
  milepost_run run = {sizeof run, 0, {{0}},     {{0}},     {{0}}, {{0}}, 0, 0, 0,
                      0,          0, {NULL, 0}, {NULL, 0}, 0,     0,     0, 0, {0}};
  const milepost_id run_id = id_of(1);
  return milepost_tracker_get(tracker, &run_id, NULL, &run, NULL, 0, &failure);
}
static milepost_status call_get_missing_json(void) {
  char out[64];
  size_t size = 0;
  const milepost_id run_id = id_of(0xffff);
  const milepost_status status =
      milepost_tracker_get_json(tracker, &run_id, NULL, out, sizeof out, &size, &failure);
  return status == MILEPOST_E_NOT_FOUND ? MILEPOST_OK : status;
}
static milepost_status call_get_many(void) {
  const milepost_id ids[3] = {id_of(1), id_of(0xffff), id_of(2)};
  milepost_runs runs = {0};
  const milepost_status status = milepost_tracker_get_many(tracker, ids, 3, NULL, &runs, &failure);
  milepost_runs_free(runs);
  return status;
}
static milepost_status call_list(void) {
  milepost_runs runs = {0};
  milepost_page_options page;
  (void)milepost_page_options_init(&page, sizeof page);
  page.limit = 1;
  const milepost_status status = milepost_tracker_list(tracker, NULL, &page, &runs, &failure);
  milepost_runs_free(runs);
  return status;
}
static milepost_status call_list_json(void) {
  milepost_json_page json = {0};
  const milepost_status status = milepost_tracker_list_json(tracker, NULL, NULL, &json, &failure);
  milepost_json_page_free(json);
  return status;
}
static milepost_status call_counts(void) {
  milepost_counts counts = {sizeof counts, 0, 0, 0, 0, 0, 0};
  return milepost_tracker_counts(tracker, NULL, NULL, MILEPOST_LATEST, 5000, &counts, &failure);
}
static milepost_status call_changes(void) {
  milepost_changes changes = {0};
  const milepost_status status =
      milepost_tracker_changes(tracker, 0, 10, NULL, MILEPOST_LATEST, 5000, &changes, &failure);
  milepost_changes_free(changes);
  return status;
}
static milepost_status call_snapshot(void) {
  milepost_snapshot snapshot = {0};
  milepost_run run = {sizeof run, 0, {{0}},     {{0}},     {{0}}, {{0}}, 0, 0, 0,
                      0,          0, {NULL, 0}, {NULL, 0}, 0,     0,     0, 0, {0}};
  const milepost_id run_id = id_of(1);
  milepost_status status =
      milepost_tracker_snapshot(tracker, MILEPOST_LATEST, 5000, &snapshot, &failure);
  if (status == MILEPOST_OK) {
    status = milepost_snapshot_get(snapshot, &run_id, NULL, &run, NULL, 0, &failure);
  }
  milepost_snapshot_free(snapshot);
  return status;
}
static milepost_status call_stats(void) {
  milepost_stats stats = {0};
  const milepost_status status = milepost_tracker_stats(tracker, &stats, &failure);
  milepost_stats_free(stats);
  return status;
}
static milepost_status call_verify(void) {
  milepost_work work = {0};
  milepost_progress progress = {sizeof progress, 0, {0}, 0, 0};
  milepost_status status = milepost_tracker_verify(tracker, MILEPOST_VERIFY_RECORDS,
                                                   MILEPOST_TIMEOUT_DEFAULT, &work, &failure);
  while (status == MILEPOST_OK && progress.done == 0) {
    status = milepost_work_step(work, &progress, &failure);
  }
  milepost_work_free(work);
  return status;
}
static milepost_status call_orphans(void) {
  milepost_runs runs = {0};
  const milepost_status status = milepost_tracker_orphans(tracker, NULL, &runs, &failure);
  milepost_runs_free(runs);
  return status;
}
static milepost_status call_bulk(void) {
  milepost_bulk_options options;
  (void)milepost_bulk_options_init(&options, sizeof options);
  options.dry_run = 1;
  milepost_bulk_report report = {sizeof report, 0, 0, 0, {0}};
  milepost_runs sample = {0};
  const milepost_status status =
      milepost_tracker_bulk(tracker, NULL, &options, &report, &sample, &failure);
  milepost_runs_free(sample);
  return status;
}
static milepost_status call_refused(void) {
  milepost_id id;
  const milepost_status status = milepost_id_parse(TEXT("no id at all, and long"), &id, &failure);
  return status == MILEPOST_E_INVALID_ARGUMENT ? MILEPOST_OK : status;
}

static uint64_t sequence_now(void) {
  milepost_stats stats = {0};
  milepost_stats_values values;
  values.struct_size = sizeof values;
  values.sequence = 0;
  CHECK_OK(milepost_tracker_stats(tracker, &stats, &failure));
  CHECK_OK(milepost_stats_get(stats, &values, &failure));
  milepost_stats_free(stats);
  return values.sequence;
}

static void reopen(void) {
  (void)milepost_tracker_close(tracker, &failure);
  tracker = open_small_store(store_folder);
}

/// Whether an attempt was true to what it said.
static void check_attempt(const char* name, long n, milepost_status status, uint64_t before) {
  const uint8_t applied = failure.applied;
  if (status == MILEPOST_OK) return;
  if (status != MILEPOST_E_OUT_OF_MEMORY) {
    printf("%s: allocation %ld of the call fails, it says %s: %s\n", name, n,
           milepost_error_name(status), failure.message);
  }
  CHECK_EQUAL(status, MILEPOST_E_OUT_OF_MEMORY);
  if (applied == MILEPOST_APPLIED_NO) {
    CHECK_EQUAL(sequence_now(), before);
  } else {
    CHECK_EQUAL(applied, MILEPOST_APPLIED_UNKNOWN);
    CHECK_OK(call_get_many());  // reads go on
    reopen();                   // the store may ask for it; nothing of what it has is lost
    CHECK(sequence_now() >= before);
  }
}

/// Lets each allocation of a call fail in turn, until it needs no further one.
static long sweep(const char* name, call what, int sticky) {
  static uint64_t numbers = 1000;
  for (long n = 1; n < 100000; ++n) {
    subject = id_of(++numbers);
    to_make = id_of(++numbers);
    make_run(tracker, subject, MILEPOST_RUN_QUEUED);
    const uint64_t before = sequence_now();
    is_sticky = sticky;
    has_failed = 0;
    fails_at = n;
    const milepost_status status = what();
    fails_at = 0;
    const int was_hit = has_failed;
    check_attempt(name, n, status, before);
    if (!was_hit) return n - 1;
  }
  return -1;
}

static void every_allocation_of_every_call_fails(void) {
  static const struct {
    const char* name;
    call what;
  } kCalls[] = {{"create", call_create},
                {"start", call_start},
                {"fail", call_fail},
                {"apply", call_apply},
                {"get", call_get},
                {"get_json, not found", call_get_missing_json},
                {"get_many", call_get_many},
                {"list", call_list},
                {"list_json", call_list_json},
                {"counts", call_counts},
                {"changes", call_changes},
                {"snapshot", call_snapshot},
                {"stats", call_stats},
                {"verify", call_verify},
                {"orphans", call_orphans},
                {"bulk", call_bulk},
                {"a refusal", call_refused}};
  long all = 0;
  for (int sticky = 0; sticky < 2; ++sticky) {
    store_folder = test_folder();
    tracker = open_small_store(store_folder);
    make_run(tracker, id_of(1), MILEPOST_RUN_QUEUED);
    make_run(tracker, id_of(2), MILEPOST_RUN_QUEUED);
    for (size_t i = 0; i < sizeof kCalls / sizeof kCalls[0]; ++i) {
      const long points = sweep(kCalls[i].name, kCalls[i].what, sticky);
      CHECK(points >= 0);
      all += points;
    }
    close_tracker(tracker);
  }
  printf("%ld allocations failed\n", all);
  CHECK(all > 100);
}

static void opening_fails_at_every_allocation(void) {
  long points = 0;
  for (int sticky = 0; sticky < 2; ++sticky) {
    const char* folder = test_folder();
    const milepost_open_options options = small_store(folder);
    for (long n = 1; n < 100000; ++n) {
      milepost_tracker opened = {7};
      is_sticky = sticky;
      has_failed = 0;
      fails_at = n;
      const milepost_status status = milepost_tracker_open(&options, &opened, &failure);
      fails_at = 0;
      if (status == MILEPOST_OK) {
        CHECK_OK(milepost_tracker_close(opened, &failure));
      } else {
        CHECK(failure.message[0] != 0 || status == MILEPOST_E_OUT_OF_MEMORY);
        CHECK_EQUAL(opened.value, 0);
      }
      if (!has_failed) break;
      ++points;
    }
    tracker = open_small_store(folder);  // and nothing is left that would hinder
    close_tracker(tracker);
  }
  printf("%ld allocations failed\n", points);
  CHECK(points > 100);
}

static void changes_that_could_not_be_handed_out_are_not_lost(void) {
  tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 3; ++i) make_run(tracker, id_of(i), MILEPOST_RUN_QUEUED);
  CHECK_OK(milepost_tracker_flush(tracker, 5000, &failure));
  milepost_subscription subscription = {0};
  CHECK_OK(milepost_tracker_subscribe(tracker, 0, NULL, &subscription, &failure));
  uint64_t seen = 0;
  for (long n = 1; seen < 3; ++n) {
    milepost_changes changes = {0};
    is_sticky = 0;
    has_failed = 0;
    fails_at = n;
    const milepost_status status =
        milepost_subscription_next(subscription, 1, 1000, &changes, &failure);
    fails_at = 0;
    if (status != MILEPOST_OK) {
      CHECK_EQUAL(status, MILEPOST_E_OUT_OF_MEMORY);
      continue;
    }
    milepost_change change;
    change.struct_size = sizeof change;
    CHECK_OK(milepost_changes_get(changes, 0, &change, &failure));
    CHECK_EQUAL(change.sequence, ++seen);
    milepost_changes_free(changes);
    if (has_failed) n = 0;
  }
  milepost_subscription_free(subscription);
  close_tracker(tracker);
}

static const test_case kCases[] = {
    {"every allocation of every call fails", every_allocation_of_every_call_fails},
    {"opening fails at every allocation", opening_fails_at_every_allocation},
    {"changes that could not be handed out are not lost",
     changes_that_could_not_be_handed_out_are_not_lost},
};

int main(int argc, char** argv) {
  return run_cases(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}

#else

int main(void) {
  printf("not run: a sanitizer brings its own malloc\n");
  return 0;
}

#endif
