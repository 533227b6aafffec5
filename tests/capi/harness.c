// SPDX-License-Identifier: Apache-2.0
//
// See harness.h.
#define _XOPEN_SOURCE 700  // NOLINT: mkdtemp and nftw

#include "harness.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int checks_failed = 0;
int checks_made = 0;
milepost_error failure;

static char folders[64][64];
static size_t folder_count = 0;

static int remove_one(const char* path, const struct stat* info, int kind, struct FTW* walk) {
  (void)info;
  (void)kind;
  (void)walk;
  return remove(path);
}

static void remove_folders(void) {
  while (folder_count > 0) {
    (void)nftw(folders[--folder_count], remove_one, 16, FTW_DEPTH | FTW_PHYS);
  }
}

const char* test_folder(void) {
  const char* parent = getenv("MILEPOST_TEST_DIR");
  if (folder_count == sizeof folders / sizeof folders[0]) abort();
  char* name = folders[folder_count];
  (void)snprintf(name, sizeof folders[0], "%.40s/capi-XXXXXX",
                 parent != NULL ? parent : "/dev/shm");
  if (mkdtemp(name) == NULL) {
    (void)strcpy(name, "/tmp/capi-XXXXXX");
    if (mkdtemp(name) == NULL) abort();
  }
  ++folder_count;
  return name;
}

int run_cases(const test_case* cases, size_t count, int argc, char** argv) {
  size_t ran = 0;
  for (size_t i = 0; i < count; ++i) {
    if (argc > 1 && strstr(cases[i].name, argv[1]) == NULL) continue;
    const int failed_before = checks_failed;
    memset(&failure, 0, sizeof failure);
    failure.struct_size = sizeof failure;
    cases[i].body();
    remove_folders();
    ++ran;
    if (checks_failed != failed_before) printf("FAILED: %s\n", cases[i].name);
  }
  printf("%zu cases, %d checks, %d failed\n", ran, checks_made, checks_failed);
  return checks_failed == 0 && ran > 0 ? 0 : 1;
}

bool check_true(bool holds, const char* text, const char* file, int line) {
  ++checks_made;
  if (holds) return true;
  ++checks_failed;
  printf("%s:%d: not so: %s\n", file, line, text);
  return false;
}

bool check_equal(long long seen, long long expected, const char* text, const char* file, int line) {
  ++checks_made;
  if (seen == expected) return true;
  ++checks_failed;
  printf("%s:%d: %s is %lld, expected %lld\n", file, line, text, seen, expected);
  return false;
}

bool check_text(milepost_text seen, const char* expected, const char* text, const char* file,
                int line) {
  ++checks_made;
  const size_t size = strlen(expected);
  if (seen.size == size && (size == 0 || memcmp(seen.data, expected, size) == 0)) return true;
  ++checks_failed;
  printf("%s:%d: %s is \"%.*s\", expected \"%s\"\n", file, line, text,
         seen.data != NULL ? (int)seen.size : 0, seen.data != NULL ? seen.data : "", expected);
  return false;
}

bool check_status(milepost_status seen, milepost_status expected, const char* text,
                  const char* file, int line) {
  ++checks_made;
  if (seen == expected) return true;
  ++checks_failed;
  printf("%s:%d: %s\n    yields %s, expected %s; the last error: %s\n", file, line, text,
         milepost_error_name(seen), milepost_error_name(expected), failure.message);
  return false;
}

milepost_text text_of(const char* literal) {
  const milepost_text text = {literal, strlen(literal)};
  return text;
}

bool text_contains(milepost_text text, const char* part) {
  const size_t size = strlen(part);
  for (size_t i = 0; i + size <= text.size; ++i) {
    if (memcmp(text.data + i, part, size) == 0) return true;
  }
  return false;
}

milepost_id id_of(uint64_t number) {
  milepost_id id = {{0}};
  id.bytes[6] = 0x40;
  id.bytes[8] = 0x80;
  for (int i = 0; i < 6; ++i) id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
  return id;
}

bool same_id(milepost_id left, milepost_id right) {
  return memcmp(left.bytes, right.bytes, sizeof left.bytes) == 0;
}

milepost_open_options small_store(const char* folder) {
  milepost_open_options options;
  CHECK_OK(milepost_open_options_init(&options, sizeof options));
  options.directory = text_of(folder);
  options.map_size_start = 1u << 20;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  options.recent_bytes_max = 1u << 20;
  options.manual_clock = 1;
  options.clock = MORNING;
  return options;
}

milepost_tracker open_small_store(const char* folder) {
  const milepost_open_options options = small_store(folder);
  milepost_tracker tracker = {0};
  CHECK_OK(milepost_tracker_open(&options, &tracker, &failure));
  CHECK(tracker.value != 0);
  return tracker;
}

void close_tracker(milepost_tracker tracker) {
  CHECK_OK(milepost_tracker_close(tracker, &failure));
}

milepost_outcome fresh_outcome(void) {
  milepost_outcome outcome;
  memset(&outcome, 0xee, sizeof outcome);
  outcome.struct_size = sizeof outcome;
  return outcome;
}

milepost_run fresh_run(void) {
  milepost_run run;
  memset(&run, 0xee, sizeof run);
  run.struct_size = sizeof run;
  return run;
}

milepost_command command_of(int32_t kind, milepost_id run_id) {
  milepost_command command;
  CHECK_OK(milepost_command_init(&command, sizeof command));
  command.kind = kind;
  command.run_id = run_id;
  return command;
}

milepost_command create_command(milepost_id run_id) {
  milepost_command command = command_of(MILEPOST_COMMAND_CREATE, run_id);
  command.has_run_id = 1;
  command.journey_id = id_of(0xa);
  command.profile_id = id_of(0xb);
  return command;
}

void make_run(milepost_tracker tracker, milepost_id run_id, int32_t status) {
  milepost_outcome outcome = fresh_outcome();
  const milepost_command create = create_command(run_id);
  CHECK_OK(milepost_tracker_create(tracker, &create, MILEPOST_TIMEOUT_DEFAULT, &outcome, NULL, 0,
                                   &failure));
  if (status == MILEPOST_RUN_RUNNING || status == MILEPOST_RUN_COMPLETED) {
    CHECK_OK(milepost_tracker_start(tracker, &run_id, NULL, &outcome, NULL, 0, &failure));
  }
  if (status == MILEPOST_RUN_COMPLETED) {
    CHECK_OK(milepost_tracker_complete(tracker, &run_id, NULL, &outcome, NULL, 0, &failure));
  } else if (status == MILEPOST_RUN_FAILED) {
    CHECK_OK(
        milepost_tracker_fail(tracker, &run_id, TEXT("broken"), NULL, &outcome, NULL, 0, &failure));
  } else if (status == MILEPOST_RUN_EXITED) {
    CHECK_OK(milepost_tracker_exit(tracker, &run_id, NULL, &outcome, NULL, 0, &failure));
  }
  CHECK_EQUAL(outcome.applied, 1);
  CHECK_EQUAL(outcome.run.status, status);
}
