// SPDX-License-Identifier: Apache-2.0
//
// A host in C: creates runs in one batch, executes them on four threads, and says how they ended.
// What there is to do is asked from the store and never remembered, so that after a kill the same
// command goes on: journey_executor [DIRECTORY [RUNS]].
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milepost/milepost.h"

enum { kWorkers = 4 };

static milepost_tracker tracker;

/// For calls that only a broken set-up makes fail.
static void must(milepost_status status, const milepost_error* err) {
  if (status == MILEPOST_OK) return;
  (void)fprintf(stderr, "journey_executor: %s: %s\n", milepost_error_name(status), err->message);
  exit(1);
}

/// The ids follow from the number, so that the same command makes nothing twice.
static milepost_id id_of(uint8_t kind, uint64_t number) {
  milepost_id id = {{0}};
  id.bytes[0] = kind;
  id.bytes[6] = 0x40;  // a valid UUID: version 4,
  id.bytes[8] = 0x80;  // variant 1
  for (int i = 0; i < 6; ++i) id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
  return id;
}

static void create_runs(uint64_t count) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_command* commands = calloc(count, sizeof *commands);
  if (commands == NULL) exit(1);
  for (uint64_t i = 0; i < count; ++i) {
    (void)milepost_command_init(&commands[i], sizeof commands[i]);
    commands[i].kind = MILEPOST_COMMAND_CREATE;
    commands[i].run_id = id_of(1, i);
    commands[i].has_run_id = 1;
    commands[i].journey_id = id_of(2, i % 3);
    commands[i].profile_id = id_of(3, i);
  }
  milepost_outcomes outcomes;
  must(milepost_tracker_apply(tracker, commands, count, MILEPOST_TIMEOUT_DEFAULT, &outcomes, &err),
       &err);
  milepost_outcomes_free(outcomes);
  free(commands);
}

/// The journey's steps. What would be mail servers is arithmetic: some bounce, some opted out.
static void execute(const milepost_run* run, const milepost_step_options* mine) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  static const char kBounced[] = "550 mailbox full";
  const unsigned luck = run->profile_id.bytes[15] % 10u;
  if (luck == 0) {
    must(milepost_tracker_fail(tracker, &run->run_id, kBounced, sizeof kBounced - 1, mine, &outcome,
                               NULL, 0, &err),
         &err);
  } else if (luck == 1) {
    must(milepost_tracker_exit(tracker, &run->run_id, mine, &outcome, NULL, 0, &err), &err);
  } else {
    must(milepost_tracker_complete(tracker, &run->run_id, mine, &outcome, NULL, 0, &err), &err);
  }
}

/// Takes what it can of a page and executes it; another worker may be faster.
static void work_through(milepost_runs page, milepost_step_options* mine, int adopts) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  milepost_run run = {.struct_size = sizeof run};
  for (size_t i = 0; i < milepost_runs_size(page); ++i) {
    must(milepost_runs_get(page, i, &run, &err), &err);
    milepost_step_options claim = *mine;
    claim.fencing_token = run.fencing_token;
    claim.has_fencing_token = (uint8_t)adopts;
    must(adopts ? milepost_tracker_adopt(tracker, &run.run_id, &claim, &outcome, NULL, 0, &err)
                : milepost_tracker_start(tracker, &run.run_id, &claim, &outcome, NULL, 0, &err),
         &err);
    if (outcome.applied) execute(&run, mine);
  }
}

static void* worker(void* name) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_step_options mine;
  (void)milepost_step_options_init(&mine, sizeof mine);
  mine.owner.data = name;
  mine.owner.size = strlen(name);
  milepost_filter queued;
  (void)milepost_filter_init(&queued, sizeof queued);
  queued.statuses = 1u << MILEPOST_RUN_QUEUED;
  for (int adopts = 1; adopts >= 0; --adopts) {  // first what a dead process left running
    size_t found = 0;
    do {
      milepost_runs page;
      must(adopts ? milepost_tracker_orphans(tracker, NULL, &page, &err)
                  : milepost_tracker_list(tracker, &queued, NULL, &page, &err),
           &err);
      found = milepost_runs_size(page);
      work_through(page, &mine, adopts);
      milepost_runs_free(page);
    } while (found > 0);
  }
  return NULL;
}

static void report(void) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_counts counts = {.struct_size = sizeof counts};
  must(milepost_tracker_counts(tracker, NULL, NULL, MILEPOST_LATEST, MILEPOST_TIMEOUT_DEFAULT,
                               &counts, &err),
       &err);
  printf("completed %" PRIu64 ", failed %" PRIu64 ", exited %" PRIu64 ", open %" PRIu64 "\n",
         counts.completed, counts.failed, counts.exited, counts.queued + counts.running);
  char body[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  const milepost_id first = id_of(1, 0);
  must(milepost_tracker_get_json(tracker, &first, NULL, body, sizeof body, &size, &err), &err);
  printf("%.*s\n", (int)size, body);
}

int main(int argc, char** argv) {
  milepost_error err = {.struct_size = sizeof err};
  milepost_open_options options;
  const char* directory = argc > 1 ? argv[1] : "runs";
  const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
  if (count == 0 || count > MILEPOST_BATCH_COMMANDS_MAX) return 2;
  (void)milepost_open_options_init(&options, sizeof options);
  options.directory.data = directory;
  options.directory.size = strlen(directory);
  must(milepost_tracker_open(&options, &tracker, &err), &err);
  create_runs(count);
  static char names[kWorkers][16];
  pthread_t threads[kWorkers];
  for (int i = 0; i < kWorkers; ++i) {
    (void)snprintf(names[i], sizeof names[i], "worker-%d", i);
    if (pthread_create(&threads[i], NULL, worker, names[i]) != 0) return 1;
  }
  for (int i = 0; i < kWorkers; ++i) (void)pthread_join(threads[i], NULL);
  report();
  must(milepost_tracker_close(tracker, &err), &err);
  return 0;
}
