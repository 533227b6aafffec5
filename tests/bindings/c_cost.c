// SPDX-License-Identifier: Apache-2.0
//
// What the bare C call costs, for the bindings to be seen beside: c_cost FOLDER prints nanoseconds
// of one get_json and of one relaxed step. No pass condition.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "milepost/milepost.h"

#define RUNS 100000
#define READS 1000000

static void check(milepost_status status) {
  if (status == MILEPOST_OK) return;
  fprintf(stderr, "c_cost: %s\n", milepost_error_name(status));
  exit(1);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static milepost_id id_of(uint32_t number) {
  milepost_id id = {{0}};
  memcpy(id.bytes, &number, sizeof number);
  id.bytes[6] = 0x70;
  id.bytes[8] = 0x80;
  return id;
}

static void create(milepost_tracker tracker, uint32_t number) {
  milepost_command command;
  check(milepost_command_init(&command, sizeof command));
  command.kind = MILEPOST_COMMAND_CREATE;
  command.has_run_id = 1;
  command.run_id = id_of(number);
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  check(milepost_tracker_create(tracker, &command, -1, &outcome, NULL, 0, NULL));
}

int main(int count, char** arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: c_cost FOLDER\n");
    return 2;
  }
  milepost_open_options options;
  check(milepost_open_options_init(&options, sizeof options));
  options.directory = (milepost_text){arguments[1], strlen(arguments[1])};
  options.durability = MILEPOST_RELAXED;
  milepost_tracker tracker;
  check(milepost_tracker_open(&options, &tracker, NULL));
  for (uint32_t i = 0; i < RUNS; ++i) create(tracker, i);

  milepost_error err = {.struct_size = sizeof err};
  static char text[MILEPOST_RUN_JSON_MAX];
  const milepost_id first = id_of(RUNS - 1);
  size_t size = 0;
  const double reads = now();
  for (int i = 0; i < READS; ++i) {
    check(milepost_tracker_get_json(tracker, &first, NULL, text, sizeof text, &size, &err));
  }
  const double read_ns = (now() - reads) / READS;

  milepost_step_options step;
  check(milepost_step_options_init(&step, sizeof step));
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  const double steps = now();
  for (uint32_t i = 0; i < RUNS; ++i) {
    const milepost_id id = id_of(i);
    check(milepost_tracker_start(tracker, &id, &step, &outcome, text, sizeof text, &err));
  }
  printf("C      get_json %5.0f ns   relaxed step %6.0f ns\n", read_ns, (now() - steps) / RUNS);
  check(milepost_tracker_close(tracker, NULL));
  return 0;
}
