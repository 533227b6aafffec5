// SPDX-License-Identifier: Apache-2.0
//
// The smallest host in C: makes a run in a directory of its own and compares the public response to
// the byte.
#define _XOPEN_SOURCE 700  // NOLINT: mkdtemp
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milepost/milepost.h"

static const char kExpected[] =
    "{\"runId\":\"3c90c3cc-0d44-4b50-8888-8dd25736052a\","
    "\"journeyId\":\"3c90c3cc-0d44-4b50-8888-8dd25736052a\","
    "\"profileId\":\"3c90c3cc-0d44-4b50-8888-8dd25736052a\",\"status\":\"queued\","
    "\"triggeredAt\":\"2023-11-07T05:31:56Z\",\"completedAt\":null,\"error\":null}";

int main(void) {
  if (milepost_abi_version() != MILEPOST_ABI_VERSION) return 2;
  char folder[] = "/tmp/milepost-host-XXXXXX";
  if (mkdtemp(folder) == NULL) return 3;
  milepost_error error;
  error.struct_size = sizeof error;

  milepost_open_options options;
  milepost_open_options_init(&options, sizeof options);
  options.directory.data = folder;
  options.directory.size = strlen(folder);
  milepost_tracker tracker;
  if (milepost_tracker_open(&options, &tracker, &error) != MILEPOST_OK) goto failed;

  milepost_command create;
  milepost_command_init(&create, sizeof create);
  create.kind = MILEPOST_COMMAND_CREATE;
  const char* const text = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
  if (milepost_id_parse(text, strlen(text), &create.run_id, &error) != MILEPOST_OK) goto failed;
  create.has_run_id = 1;
  create.journey_id = create.run_id;
  create.profile_id = create.run_id;
  create.has_triggered_at = 1;
  create.triggered_at = INT64_C(1699335116000000);
  milepost_outcome outcome;
  outcome.struct_size = sizeof outcome;
  if (milepost_tracker_create(tracker, &create, MILEPOST_TIMEOUT_DEFAULT, &outcome, NULL, 0,
                              &error) != MILEPOST_OK) {
    goto failed;
  }
  char body[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  if (milepost_tracker_get_json(tracker, &create.run_id, NULL, body, sizeof body, &size, &error) !=
      MILEPOST_OK) {
    goto failed;
  }
  if (milepost_tracker_close(tracker, &error) != MILEPOST_OK) goto failed;
  printf("%.*s\n", (int)size, body);
  char command[64];
  (void)snprintf(command, sizeof command, "rm -r %s", folder);
  if (system(command) != 0) return 5;  // NOLINT: the folder is ours
  return size == strlen(kExpected) && memcmp(body, kExpected, size) == 0 ? 0 : 1;

failed:
  (void)fprintf(stderr, "%s: %s\n", milepost_error_name(error.code), error.message);
  return 4;
}
