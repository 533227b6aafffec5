// SPDX-License-Identifier: Apache-2.0
//
// Replays the contract's cases (bindings/contract/README.md) through the C ABI: contract_test CASES
// [NAME], where NAME is a part of the names of the cases to replay. Each step yields what was seen
// as a JSON object; every member that the case expects must be in it and equal.
#define _POSIX_C_SOURCE 200809L  // mkdtemp, nftw
#define _XOPEN_SOURCE 700

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract_values.h"

static char folder[] = "/tmp/milepost-XXXXXX";
static milepost_tracker tracker;
static int64_t now;

static json_t* play(const json_t* step);

// --- commands ---------------------------------------------------------------------------------

static const char* const kCommands[] = {"create", "start", "complete",  "fail",
                                        "exit",   "adopt", "heartbeat", "import"};

/// The command's kind, 0 for what is none.
static int32_t kind_of(const char* what) {
  for (int32_t i = 0; i < 8; ++i) {
    if (strcmp(kCommands[i], what) == 0) return i + MILEPOST_COMMAND_CREATE;
  }
  return 0;
}

static milepost_command command(const json_t* step, scratch* s) {
  milepost_command made;
  must(milepost_command_init(&made, sizeof made), "a command");
  made.kind = kind_of(string(step, "do"));
  if (id(step, "run", &made.run_id) != NULL) {
    made.has_run_id = made.kind == MILEPOST_COMMAND_CREATE;
  }
  if (made.kind == MILEPOST_COMMAND_CREATE || made.kind == MILEPOST_COMMAND_IMPORT) {
    made.journey_id = id_or_default(step, "journey");
    made.profile_id = id_or_default(step, "profile");
  }
  id(step, "organization", &made.organization_id);
  made.triggered_at = instant(step, "triggered_at");
  made.has_triggered_at = made.kind == MILEPOST_COMMAND_CREATE && has(step, "triggered_at");
  made.started_at = instant(step, "started_at");
  made.has_started_at = has(step, "started_at");
  made.completed_at = instant(step, "completed_at");
  made.has_completed_at = has(step, "completed_at");
  made.fencing_token = (uint64_t)number(step, "token", 0);
  made.has_fencing_token = has(step, "token");
  made.lease_ms = number(step, "lease_ms", 0);
  made.owner = text(json_object_get(step, "owner"), s);
  made.idempotency_key = text(json_object_get(step, "key"), s);
  made.error = text(json_object_get(step, "error"), s);
  if (has(step, "status")) {
    const char* status = string(step, "status");
    must(milepost_run_status_parse(status, strlen(status), &made.status, NULL), "a status");
  }
  made.only_if_expired = flag(step, "only_if_expired");
  return made;
}

static milepost_status call(const milepost_command* given, milepost_outcome* outcome, char* room,
                            size_t size) {
  milepost_step_options options;
  must(milepost_step_options_init(&options, sizeof options), "options of a step");
  options.has_fencing_token = given->has_fencing_token;
  options.only_if_expired = given->only_if_expired;
  options.organization_id = given->organization_id;
  options.owner = given->owner;
  options.fencing_token = given->fencing_token;
  const milepost_id* run_id = &given->run_id;
  if (given->kind != MILEPOST_COMMAND_HEARTBEAT) options.lease_ms = given->lease_ms;
  switch (given->kind) {
    case MILEPOST_COMMAND_CREATE:
      return milepost_tracker_create(tracker, given, MILEPOST_TIMEOUT_DEFAULT, outcome, room, size,
                                     NULL);
    case MILEPOST_COMMAND_START:
      return milepost_tracker_start(tracker, run_id, &options, outcome, room, size, NULL);
    case MILEPOST_COMMAND_COMPLETE:
      return milepost_tracker_complete(tracker, run_id, &options, outcome, room, size, NULL);
    case MILEPOST_COMMAND_FAIL:
      return milepost_tracker_fail(tracker, run_id, given->error.data, given->error.size, &options,
                                   outcome, room, size, NULL);
    case MILEPOST_COMMAND_EXIT:
      return milepost_tracker_exit(tracker, run_id, &options, outcome, room, size, NULL);
    case MILEPOST_COMMAND_ADOPT:
      return milepost_tracker_adopt(tracker, run_id, &options, outcome, room, size, NULL);
    case MILEPOST_COMMAND_HEARTBEAT:
      return milepost_tracker_heartbeat(tracker, run_id, given->lease_ms, &options, outcome, room,
                                        size, NULL);
    default:
      die("a step of an unknown kind");
      return MILEPOST_E_INTERNAL;
  }
}

static json_t* single(const json_t* step) {
  scratch s = {.count = 0};
  char room[MILEPOST_RUN_TEXT_MAX];
  milepost_outcome outcome = {.struct_size = sizeof outcome};
  const milepost_command made = command(step, &s);
  const milepost_status status = call(&made, &outcome, room, sizeof room);
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* seen = json_pack("{sssb}", "outcome", milepost_outcome_name(outcome.kind), "has_run",
                           outcome.run.found);
  if (outcome.run.found) {
    see_run(seen, &outcome.run);
    save(step, json_object_get(seen, "run"));
  }
  return seen;
}

static json_t* batch(const json_t* step) {
  const json_t* from = json_object_get(step, "commands");
  const size_t count = list_size(from);
  milepost_command* commands = calloc(count + 1, sizeof *commands);
  scratch s = {.count = 0};
  for (size_t i = 0; i < count; ++i) {
    // Commands of a long list are all the same one.
    commands[i] = json_is_array(from) || i == 0 ? command(list_get(from, i), &s) : commands[0];
  }
  milepost_outcomes outcomes;
  const milepost_status status =
      milepost_tracker_apply(tracker, commands, count, MILEPOST_TIMEOUT_DEFAULT, &outcomes, NULL);
  free(commands);
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* kinds = json_array();
  for (size_t i = 0; i < milepost_outcomes_size(outcomes); ++i) {
    milepost_outcome outcome = {.struct_size = sizeof outcome};
    must(milepost_outcomes_get(outcomes, i, &outcome, NULL), "an outcome");
    json_array_append_new(kinds, json_string(milepost_outcome_name(outcome.kind)));
  }
  milepost_outcomes_free(outcomes);
  return json_pack("{so}", "outcomes", kinds);
}

typedef struct racer {
  pthread_t thread;
  pthread_barrier_t* begin;
  json_t* step;
  json_t* seen;
} racer;

static void* run_racer(void* given) {
  racer* mine = given;
  pthread_barrier_wait(mine->begin);
  mine->seen = play(mine->step);
  return NULL;
}

static json_t* race(const json_t* step) {
  enum { kThreadsMax = 64 };
  racer racers[kThreadsMax];
  const size_t count = (size_t)number(step, "threads", 0);
  if (count > kThreadsMax) die("too many threads");
  pthread_barrier_t begin;
  pthread_barrier_init(&begin, NULL, (unsigned)count);
  for (size_t i = 0; i < count; ++i) {
    racers[i].begin = &begin;
    racers[i].step = json_deep_copy(json_object_get(step, "step"));
    if (flag(step, "number_owner")) {
      const char* owner = string(racers[i].step, "owner");
      json_object_set_new(racers[i].step, "owner", json_sprintf("%s%zu", owner, i));
    }
    if (pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]) != 0) die("no thread");
  }
  json_t* counted = json_object();
  for (size_t i = 0; i < count; ++i) {
    pthread_join(racers[i].thread, NULL);
    const char* kind = string(racers[i].seen, has(racers[i].seen, "error") ? "error" : "outcome");
    json_object_set_new(counted, kind, json_integer(number(counted, kind, 0) + 1));
    json_decref(racers[i].seen);
    json_decref(racers[i].step);
  }
  pthread_barrier_destroy(&begin);
  return json_pack("{so}", "outcomes", counted);
}

// --- reads ------------------------------------------------------------------------------------

static json_t* get(const json_t* step, const milepost_id* organization) {
  const milepost_id run_id = id_of(json_object_get(step, "run"));
  char room[MILEPOST_RUN_TEXT_MAX];
  milepost_run run = {.struct_size = sizeof run};
  const bool waits = strcmp(string(step, "do"), "wait") == 0;
  const milepost_status status =
      waits ? milepost_tracker_wait(tracker, &run_id, organization, number(step, "timeout_ms", 0),
                                    &run, room, sizeof room, NULL)
            : milepost_tracker_get(tracker, &run_id, organization, &run, room, sizeof room, NULL);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* seen = json_pack("{sb}", "found", run.found);
  if (run.found) see_run(seen, &run);
  return seen;
}

static json_t* get_json(const json_t* step, const milepost_id* organization) {
  const milepost_id run_id = id_of(json_object_get(step, "run"));
  char out[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  const milepost_status status =
      milepost_tracker_get_json(tracker, &run_id, organization, out, sizeof out, &size, NULL);
  if (status != MILEPOST_OK) return error_seen(status);
  return json_pack("{so}", "json", json_stringn(out, size));
}

static json_t* get_many(const json_t* step, const milepost_id* organization) {
  const json_t* from = json_object_get(step, "runs");
  const size_t count = list_size(from);
  milepost_id* ids = calloc(count + 1, sizeof *ids);
  for (size_t i = 0; i < count; ++i) ids[i] = id_of(list_get(from, i));
  milepost_runs runs;
  const milepost_status status =
      milepost_tracker_get_many(tracker, ids, count, organization, &runs, NULL);
  free(ids);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* found = json_array();
  for (size_t i = 0; i < milepost_runs_size(runs); ++i) {
    milepost_run run = {.struct_size = sizeof run};
    must(milepost_runs_get(runs, i, &run, NULL), "a run of many");
    json_array_append_new(found, json_boolean(run.found));
  }
  milepost_runs_free(runs);
  return json_pack("{so}", "found", found);
}

static json_t* counts(const json_t* step, const milepost_id* organization) {
  milepost_id room;
  milepost_counts n = {.struct_size = sizeof n};
  const milepost_status status =
      milepost_tracker_counts(tracker, organization, id(step, "journey", &room), MILEPOST_LATEST,
                              MILEPOST_TIMEOUT_DEFAULT, &n, NULL);
  if (status != MILEPOST_OK) return error_seen(status);
  return json_pack("{s[IIIII]}", "counts", (json_int_t)n.queued, (json_int_t)n.running,
                   (json_int_t)n.completed, (json_int_t)n.failed, (json_int_t)n.exited);
}

static json_t* changes(const json_t* step) {
  milepost_changes page;
  const milepost_status status = milepost_tracker_changes(
      tracker, (uint64_t)number(step, "after", 0), (uint64_t)number(step, "limit", 1000), NULL,
      MILEPOST_LATEST, MILEPOST_TIMEOUT_DEFAULT, &page, NULL);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* seen = json_array();
  for (size_t i = 0; i < milepost_changes_size(page); ++i) {
    milepost_change change = {.struct_size = sizeof change};
    must(milepost_changes_get(page, i, &change, NULL), "a change");
    json_array_append_new(
        seen, json_pack("[so]", milepost_change_name(change.kind), id_seen(&change.run.run_id)));
  }
  milepost_feed_position position = {.struct_size = sizeof position};
  must(milepost_changes_position(page, &position, NULL), "a position");
  milepost_changes_free(page);
  return json_pack("{sosI}", "changes", seen, "next", (json_int_t)position.next);
}

static json_t* list_json(const json_t* step) {
  scratch s = {.count = 0};
  const milepost_filter filter = filter_of(step);
  const milepost_page_options options = page_of(step, &s);
  milepost_json_page page;
  const milepost_status status =
      milepost_tracker_list_json(tracker, &filter, &options, &page, NULL);
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  milepost_text json;
  milepost_text next;
  size_t count = 0;
  must(milepost_json_page_get(page, &json, &count, &next, NULL), "a page of JSON");
  json_t* seen = json_pack("{sosI}", "json", text_seen(json), "count", (json_int_t)count);
  see_page(step, seen, next);
  milepost_json_page_free(page);
  return seen;
}

/// This page and, unless the step saves where it ends, all later ones.
static json_t* list(const json_t* step) {
  scratch s = {.count = 0};
  const milepost_filter filter = filter_of(step);
  milepost_page_options options = page_of(step, &s);
  milepost_runs page;
  milepost_status status = milepost_tracker_list(tracker, &filter, &options, &page, NULL);
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  json_t* seen = json_pack("{sos[o]}", "runs", runs_seen(page), "pages", runs_seen(page));
  must(milepost_runs_next(page, &options.cursor, NULL), "a cursor");
  see_page(step, seen, options.cursor);
  while (options.cursor.size != 0 && !has(step, "as")) {
    milepost_runs later;
    status = milepost_tracker_list(tracker, &filter, &options, &later, NULL);
    must(status, "a later page");
    milepost_runs_free(page);
    page = later;
    json_array_append_new(json_object_get(seen, "pages"), runs_seen(page));
    must(milepost_runs_next(page, &options.cursor, NULL), "a cursor");
  }
  milepost_runs_free(page);
  return seen;
}

// --- upkeep and the tracker itself ------------------------------------------------------------

static json_t* worklist(const json_t* step) {
  scratch s = {.count = 0};
  milepost_runs runs;
  milepost_page_options options = page_of(step, &s);
  const bool expired = strcmp(string(step, "do"), "expired") == 0;
  const milepost_status status = expired
                                     ? milepost_tracker_expired(tracker, options.limit, &runs, NULL)
                                     : milepost_tracker_orphans(tracker, &options, &runs, NULL);
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  milepost_text next;
  must(milepost_runs_next(runs, &next, NULL), "a cursor");
  json_t* seen = see_page(step, json_pack("{so}", "runs", runs_seen(runs)), next);
  milepost_runs_free(runs);
  return seen;
}

static json_t* purge(const json_t* step) {
  milepost_purge_options options;
  must(milepost_purge_options_init(&options, sizeof options), "options of a purge");
  options.completed_before = instant(step, "before");
  options.limit = (uint64_t)number(step, "limit", 100);
  options.dry_run = flag(step, "dry_run");
  milepost_purge_report report = {.struct_size = sizeof report};
  const milepost_status status = milepost_tracker_purge(tracker, &options, &report, NULL);
  if (status != MILEPOST_OK) return error_seen(status);
  return json_pack("{sIsb}", "removed", (json_int_t)report.removed, "more", report.next_size != 0);
}

static milepost_status open_folder(bool read_only, milepost_tracker* made) {
  milepost_open_options options;
  must(milepost_open_options_init(&options, sizeof options), "options");
  options.directory.data = folder;
  options.directory.size = strlen(folder);
  options.read_only = read_only;
  options.manual_clock = 1;
  options.clock = now;
  return milepost_tracker_open(&options, made, NULL);
}

/// Reads a text and writes it again.
static json_t* again(const json_t* step) {
  scratch s = {.count = 0};
  const milepost_text given = text(json_object_get(step, "text"), &s);
  char written[MILEPOST_ID_TEXT_SIZE];
  size_t size = MILEPOST_ID_TEXT_SIZE;
  milepost_id id;
  int64_t instant = 0;
  milepost_status status;
  if (strcmp(string(step, "do"), "id") == 0) {
    status = milepost_id_parse(given.data, given.size, &id, NULL);
    if (status == MILEPOST_OK) must(milepost_id_format(&id, written, NULL), "to write an id");
  } else {
    status = milepost_instant_parse(given.data, given.size, &instant, NULL);
    if (status == MILEPOST_OK) {
      status = milepost_instant_format(instant, written, sizeof written, &size, NULL);
    }
  }
  forget(&s);
  if (status != MILEPOST_OK) return error_seen(status);
  return json_pack("{so}", "text", json_stringn(written, size));
}

static json_t* play_tracker(const json_t* step, const char* what) {
  milepost_status status = MILEPOST_OK;
  if (strcmp(what, "clock") == 0) {
    now = instant(step, "at");
    status = milepost_tracker_set_clock(tracker, now, NULL);
  } else if (strcmp(what, "reopen") == 0) {
    milepost_tracker_close(tracker, NULL);
    status = open_folder(flag(step, "read_only"), &tracker);
  } else if (strcmp(what, "open_again") == 0) {
    milepost_tracker second;
    status = open_folder(false, &second);
  } else if (strcmp(what, "close") == 0) {
    status = milepost_tracker_close(tracker, NULL);
  } else {
    die(what);
  }
  return status == MILEPOST_OK ? json_object() : error_seen(status);
}

static json_t* play(const json_t* step) {
  const char* what = string(step, "do");
  milepost_id room;
  const milepost_id* organization = id(step, "organization", &room);
  if (kind_of(what) != 0) return single(step);
  if (strcmp(what, "apply") == 0) return batch(step);
  if (strcmp(what, "race") == 0) return race(step);
  if (strcmp(what, "get") == 0 || strcmp(what, "wait") == 0) return get(step, organization);
  if (strcmp(what, "get_json") == 0) return get_json(step, organization);
  if (strcmp(what, "get_many") == 0) return get_many(step, organization);
  if (strcmp(what, "list") == 0) return list(step);
  if (strcmp(what, "list_json") == 0) return list_json(step);
  if (strcmp(what, "counts") == 0) return counts(step, organization);
  if (strcmp(what, "changes") == 0) return changes(step);
  if (strcmp(what, "expired") == 0 || strcmp(what, "orphans") == 0) return worklist(step);
  if (strcmp(what, "purge") == 0) return purge(step);
  if (strcmp(what, "id") == 0 || strcmp(what, "instant") == 0) return again(step);
  return play_tracker(step, what);
}

// --- cases ------------------------------------------------------------------------------------

/// What a case says of a member, with nothing short-hand left in it.
static json_t* expected(const char* name, json_t* from) {
  if (strcmp(name, "run") == 0) return json_string(id_text(from));
  if (strcmp(name, "json") == 0 || strcmp(name, "text") == 0 || strcmp(name, "owner") == 0) {
    scratch s = {.count = 0};
    json_t* made = text_seen(text(from, &s));
    forget(&s);
    return made;
  }
  if (!has(from, "list_of")) return json_incref(from);
  json_t* made = json_array();
  for (size_t i = 0; i < list_size(from); ++i) json_array_append(made, list_get(from, i));
  return made;
}

/// Whether the step went as expected; says what did not.
static bool agrees(const json_t* step) {
  json_t* seen = play(step);
  json_t* expect = json_object_get(step, "expect");
  bool same = has(seen, "error") == has(expect, "error");
  const char* name;
  json_t* value;
  json_object_foreach(expect, name, value) {
    json_t* wanted = expected(name, value);
    same = same && json_equal(json_object_get(seen, name), wanted);
    json_decref(wanted);
  }
  if (!same) {
    printf("  step ");
    json_dumpf(step, stdout, 0);
    printf("\n  seen ");
    json_dumpf(seen, stdout, 0);
    printf("\n");
  }
  json_decref(seen);
  return same;
}

static int remove_one(const char* path, const struct stat* what, int kind, struct FTW* where) {
  (void)what, (void)kind, (void)where;
  return remove(path);
}

static bool replay(const json_t* one) {
  const char* clock = string(file, "clock");
  must(milepost_instant_parse(clock, strlen(clock), &now, NULL), "the file's clock");
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  if (mkdtemp(folder) == NULL) die("no folder");
  must(open_folder(false, &tracker), "to open a tracker");
  names = json_object();
  bool same = true;
  const json_t* steps = json_object_get(one, "steps");
  for (size_t i = 0; same && i < json_array_size(steps); ++i) {
    same = agrees(json_array_get(steps, i));
  }
  milepost_tracker_close(tracker, NULL);  // CLOSED where the case closed it
  json_decref(names);
  nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return same;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  json_error_t problem;
  file = json_load_file(argv[1], JSON_ALLOW_NUL, &problem);
  if (file == NULL) die(problem.text);
  const json_t* cases = json_object_get(file, "cases");
  int ran = 0;
  int failed = 0;
  for (size_t i = 0; i < json_array_size(cases); ++i) {
    const json_t* one = json_array_get(cases, i);
    if (argc > 2 && strstr(string(one, "name"), argv[2]) == NULL) continue;
    ++ran;
    if (replay(one)) continue;
    ++failed;
    printf("FAILED: %s\n", string(one, "name"));
  }
  printf("%d cases, %d failed\n", ran, failed);
  return ran > 0 && failed == 0 ? 0 : 1;
}
