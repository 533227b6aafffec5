// SPDX-License-Identifier: Apache-2.0
//
// What is about the store as a whole in C: the feed, upkeep, import and export, stats, texts, the
// log hook.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static void the_feed_page_by_page(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_COMPLETED);  // three changes
  make_run(tracker, id_of(2), MILEPOST_RUN_FAILED);     // two
  milepost_changes changes = {0};
  CHECK_OK(
      milepost_tracker_changes(tracker, 1, 3, NULL, MILEPOST_LATEST, 1000, &changes, &failure));
  const milepost_change* first = NULL;
  size_t count = 0;
  size_t stride = 0;
  CHECK_OK(milepost_changes_view(changes, &first, &count, &stride, &failure));
  if (!CHECK_EQUAL(count, 3)) return;
  CHECK_EQUAL(stride, sizeof(milepost_change));
  CHECK(first[0].kind == MILEPOST_CHANGE_STARTED && first[0].sequence == 2);
  CHECK(first[1].kind == MILEPOST_CHANGE_COMPLETED && first[1].sequence == 3);
  CHECK(first[2].kind == MILEPOST_CHANGE_CREATED && first[2].sequence == 4);
  milepost_change change;
  change.struct_size = sizeof change;
  CHECK_OK(milepost_changes_get(changes, 2, &change, &failure));
  CHECK(memcmp(&change, &first[2], sizeof change) == 0);
  CHECK_EQUAL(change.run.found, 1);
  CHECK(same_id(change.run.run_id, id_of(2)));
  milepost_feed_position position = {sizeof position, 0, 0, 0, {{0}}};
  CHECK_OK(milepost_changes_position(changes, &position, &failure));
  CHECK_EQUAL(position.next, 4);
  CHECK_EQUAL(position.newest, 5);
  milepost_changes_free(changes);
  CHECK_OK(milepost_tracker_changes(tracker, position.next, 3, &position.store_id, MILEPOST_LATEST,
                                    1000, &changes, &failure));
  CHECK_EQUAL(milepost_changes_size(changes), 1);
  milepost_changes_free(changes);
  const milepost_id other = id_of(0xf);
  CHECK_CODE(
      milepost_tracker_changes(tracker, 4, 3, &other, MILEPOST_LATEST, 1000, &changes, &failure),
      MILEPOST_E_OTHER_STORE);
  close_tracker(tracker);
}

static void a_subscription_delivers_and_stops(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_QUEUED);
  milepost_subscription all = {0};
  milepost_subscription later = {0};
  CHECK_OK(milepost_tracker_flush(tracker, 1000, &failure));
  CHECK_OK(milepost_tracker_subscribe(tracker, 0, NULL, &all, &failure));
  CHECK_OK(milepost_tracker_subscribe(tracker, MILEPOST_FROM_NOW, NULL, &later, &failure));
  make_run(tracker, id_of(2), MILEPOST_RUN_QUEUED);
  milepost_changes changes = {0};
  CHECK_OK(milepost_subscription_next(all, 1, 5000, &changes, &failure));
  CHECK_EQUAL(milepost_changes_size(changes), 1);
  milepost_feed_position position = {sizeof position, 0, 0, 0, {{0}}};
  CHECK_OK(milepost_changes_position(changes, &position, &failure));
  CHECK_EQUAL(position.next, 1);
  milepost_changes_free(changes);
  CHECK_OK(milepost_subscription_next(later, 10, 5000, &changes, &failure));
  milepost_change change;
  change.struct_size = sizeof change;
  CHECK_OK(milepost_changes_get(changes, 0, &change, &failure));
  CHECK_EQUAL(change.sequence, 2);
  milepost_changes_free(changes);
  uint64_t sequence = 0;
  CHECK_OK(milepost_subscription_position(later, &sequence, &failure));
  CHECK_EQUAL(sequence, 2);
  CHECK_CODE(milepost_subscription_next(later, 10, 0, &changes, &failure), MILEPOST_E_BUSY);
  CHECK_EQUAL(changes.value, 0);
  CHECK_OK(milepost_subscription_stop(later, &failure));
  CHECK_CODE(milepost_subscription_next(later, 10, 5000, &changes, &failure), MILEPOST_E_CANCELLED);
  milepost_subscription_free(later);
  close_tracker(tracker);
  CHECK_CODE(milepost_subscription_next(all, 1, 5000, &changes, &failure), MILEPOST_E_CLOSED);
  milepost_subscription_free(all);
}

static void orphans_are_adopted(void) {
  const char* folder = test_folder();
  milepost_tracker tracker = open_small_store(folder);
  make_run(tracker, id_of(1), MILEPOST_RUN_RUNNING);
  make_run(tracker, id_of(2), MILEPOST_RUN_RUNNING);
  close_tracker(tracker);
  tracker = open_small_store(folder);
  milepost_page_options page;
  CHECK_OK(milepost_page_options_init(&page, sizeof page));
  page.limit = 1;
  milepost_runs runs = {0};
  CHECK_OK(milepost_tracker_orphans(tracker, &page, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 1);
  CHECK_OK(milepost_runs_next(runs, &page.cursor, &failure));
  CHECK(page.cursor.size > 0);
  milepost_runs rest = {0};
  CHECK_OK(milepost_tracker_orphans(tracker, &page, &rest, &failure));
  CHECK_EQUAL(milepost_runs_size(rest), 1);
  milepost_runs_free(rest);
  milepost_runs_free(runs);
  const milepost_id run_id = id_of(1);
  milepost_outcome outcome = fresh_outcome();
  CHECK_OK(milepost_tracker_adopt(tracker, &run_id, NULL, &outcome, NULL, 0, &failure));
  CHECK_OK(milepost_tracker_orphans(tracker, NULL, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 1);
  milepost_runs_free(runs);
  close_tracker(tracker);
}

static void purge_erase_and_bulk(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 3; ++i) make_run(tracker, id_of(i), MILEPOST_RUN_COMPLETED);
  for (uint64_t i = 4; i <= 6; ++i) make_run(tracker, id_of(i), MILEPOST_RUN_QUEUED);

  milepost_purge_options purge;
  CHECK_OK(milepost_purge_options_init(&purge, sizeof purge));
  milepost_purge_report purged;
  purged.struct_size = sizeof purged;
  CHECK_OK(milepost_tracker_purge(tracker, &purge, &purged, &failure));
  CHECK_EQUAL(purged.removed, 0);
  purge.completed_before = MORNING + 1;
  purge.limit = 2;
  purge.dry_run = 1;
  CHECK_OK(milepost_tracker_purge(tracker, &purge, &purged, &failure));
  CHECK_EQUAL(purged.removed, 2);
  purge.dry_run = 0;
  CHECK_OK(milepost_tracker_purge(tracker, &purge, &purged, &failure));
  CHECK_EQUAL(purged.removed, 2);
  CHECK(purged.next_size > 0 && strlen(purged.next) == purged.next_size);
  purge.cursor.data = purged.next;
  purge.cursor.size = purged.next_size;
  CHECK_OK(milepost_tracker_purge(tracker, &purge, &purged, &failure));
  CHECK_EQUAL(purged.removed, 1);
  CHECK_EQUAL(purged.next_size, 0);

  milepost_bulk_options bulk;
  CHECK_OK(milepost_bulk_options_init(&bulk, sizeof bulk));
  bulk.action = MILEPOST_BULK_FAIL;
  bulk.error = text_of("stopped");
  bulk.dry_run = 1;
  milepost_bulk_report report;
  report.struct_size = sizeof report;
  milepost_runs sample = {0};
  CHECK_OK(milepost_tracker_bulk(tracker, NULL, &bulk, &report, &sample, &failure));
  CHECK_EQUAL(report.matched, 3);
  CHECK_EQUAL(report.applied, 0);
  CHECK_EQUAL(milepost_runs_size(sample), 3);
  milepost_runs_free(sample);
  bulk.dry_run = 0;
  CHECK_OK(milepost_tracker_bulk(tracker, NULL, &bulk, &report, NULL, &failure));
  CHECK_EQUAL(report.applied, 3);
  CHECK_EQUAL(report.next_size, 0);

  const milepost_id profile = id_of(0xb);
  milepost_erasure erasure;
  erasure.struct_size = sizeof erasure;
  CHECK_OK(milepost_tracker_erase_profile(tracker, &profile, NULL, 5000, &erasure, &failure));
  CHECK_EQUAL(erasure.runs, 3);
  CHECK(erasure.changes_blanked > 0 && erasure.sequence > 0 && erasure.journal_bytes > 0);
  milepost_runs runs = {0};
  CHECK_OK(milepost_tracker_list(tracker, NULL, NULL, &runs, &failure));
  CHECK_EQUAL(milepost_runs_size(runs), 0);
  milepost_runs_free(runs);
  close_tracker(tracker);
}

/// Everything an export yields, in memory of its own; NULL where this build exports nothing yet.
static char* export_all(milepost_tracker tracker, size_t* size, uint64_t* lines) {
  milepost_export operation = {0};
  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, MILEPOST_LATEST, &operation, &failure));
  char* all = malloc(1);
  *size = 0;
  milepost_progress progress = {sizeof progress, 0, {0}, 0, 0};
  while (progress.done == 0) {
    milepost_text chunk = {NULL, 0};
    const milepost_status status = milepost_export_step(operation, &chunk, &progress, &failure);
    if (status == MILEPOST_E_INTERNAL) {
      printf("not run: this build's tracker exports nothing yet\n");
      free(all);
      all = NULL;
      break;
    }
    if (!CHECK_OK(status)) break;
    all = realloc(all, *size + chunk.size + 1);
    if (chunk.size != 0) memcpy(all + *size, chunk.data, chunk.size);
    *size += chunk.size;
    CHECK_EQUAL(progress.bytes, *size);
  }
  *lines = progress.lines;
  milepost_export_free(operation);
  return all;
}

static void what_is_exported_is_imported(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 600; ++i) make_run(tracker, id_of(i), (int32_t)(i % 5));
  size_t size = 0;
  uint64_t lines = 0;
  char* all = export_all(tracker, &size, &lines);
  close_tracker(tracker);
  if (all == NULL) return;
  CHECK_EQUAL(lines, 600);

  tracker = open_small_store(test_folder());
  milepost_import operation = {0};
  milepost_import_report report;
  report.struct_size = sizeof report;
  CHECK_OK(milepost_tracker_import_runs(tracker, &operation, &failure));
  for (size_t at = 0; at < size; at += 1000) {  // lines are cut anywhere
    const size_t part = size - at < 1000 ? size - at : 1000;
    CHECK_OK(milepost_import_step(operation, all + at, part, 0, 5000, &report, &failure));
  }
  CHECK_OK(milepost_import_step(operation, NULL, 0, 1, 5000, &report, &failure));
  CHECK_EQUAL(report.lines, 600);
  CHECK_EQUAL(report.created, 600);
  CHECK_EQUAL(report.refused, 0);
  CHECK_CODE(milepost_import_step(operation, NULL, 0, 1, 5000, &report, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_import_free(operation);

  size_t second_size = 0;
  char* second = export_all(tracker, &second_size, &lines);
  CHECK(second != NULL && second_size == size && memcmp(all, second, size) == 0);
  free(second);
  CHECK_OK(milepost_tracker_import_runs(tracker, &operation, &failure));
  CHECK_OK(milepost_import_step(operation, all, size, 1, 5000, &report, &failure));
  CHECK_EQUAL(report.unchanged, 600);
  milepost_import_free(operation);
  free(all);
  close_tracker(tracker);
}

static void an_export_is_cancelled_by_its_free(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  for (uint64_t i = 1; i <= 600; ++i) make_run(tracker, id_of(i), MILEPOST_RUN_QUEUED);
  milepost_export operation = {0};
  milepost_text chunk = {NULL, 0};
  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, MILEPOST_LATEST, &operation, &failure));
  milepost_export_free(operation);  // before the first step
  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, MILEPOST_LATEST, &operation, &failure));
  const milepost_status status = milepost_export_step(operation, &chunk, NULL, &failure);
  CHECK(status == MILEPOST_OK || status == MILEPOST_E_INTERNAL);
  milepost_export_free(operation);  // between two
  CHECK_CODE(milepost_export_step(operation, &chunk, NULL, &failure), MILEPOST_E_CLOSED);

  CHECK_OK(milepost_tracker_export_runs(tracker, NULL, MILEPOST_LATEST, &operation, &failure));
  (void)milepost_export_step(operation, &chunk, NULL, &failure);
  close_tracker(tracker);
  const milepost_status after = milepost_export_step(operation, &chunk, NULL, &failure);
  CHECK(after == MILEPOST_E_CLOSED || after == MILEPOST_E_INTERNAL);
  CHECK_CODE(milepost_export_step(operation, &chunk, NULL, &failure), after);  // it stays over
  milepost_export_free(operation);
}

static void an_import_tells_what_it_refuses(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  milepost_import operation = {0};
  milepost_import_report report;
  report.struct_size = sizeof report;
  CHECK_OK(milepost_tracker_import_runs(tracker, &operation, &failure));
  const milepost_status status =
      milepost_import_step(operation, TEXT("{}\n\nnonsense\nhalf"), 0, 5000, &report, &failure);
  if (status == MILEPOST_E_INTERNAL) {
    printf("not run: this build's tracker imports nothing yet\n");
  } else if (CHECK_OK(status)) {
    CHECK_EQUAL(report.problems, 2);
    uint64_t line = 0;
    milepost_text reason = {NULL, 0};
    CHECK_OK(milepost_import_problem(operation, 0, &line, &reason, &failure));
    CHECK_EQUAL(line, 1);
    CHECK_OK(milepost_import_problem(operation, 1, &line, &reason, &failure));
    CHECK_EQUAL(line, 3);
    CHECK(reason.size > 0);
    CHECK_CODE(milepost_import_problem(operation, 2, &line, &reason, &failure),
               MILEPOST_E_INVALID_ARGUMENT);
    // "half" grows past the longest line; what follows its newline is line 5.
    char* long_line = malloc(100000);
    memset(long_line, 'x', 100000);
    CHECK_OK(milepost_import_step(operation, long_line, 100000, 0, 5000, &report, &failure));
    CHECK_EQUAL(report.problems, 1);
    CHECK_OK(milepost_import_problem(operation, 0, &line, &reason, &failure));
    CHECK_EQUAL(line, 4);
    CHECK_OK(milepost_import_step(operation, long_line, 100000, 0, 5000, &report, &failure));
    CHECK_EQUAL(report.problems, 0);
    CHECK_OK(milepost_import_step(operation, TEXT("xx\nnonsense"), 1, 5000, &report, &failure));
    CHECK_EQUAL(report.problems, 1);
    CHECK_OK(milepost_import_problem(operation, 0, &line, &reason, &failure));
    CHECK_EQUAL(line, 5);
    CHECK_EQUAL(report.refused, 4);
    CHECK_EQUAL(report.lines, 4);
    free(long_line);
  }
  milepost_import_free(operation);
  close_tracker(tracker);
}

static void stats_as_numbers_and_as_text(void) {
  milepost_tracker tracker = open_small_store(test_folder());
  make_run(tracker, id_of(1), MILEPOST_RUN_COMPLETED);
  CHECK_OK(milepost_tracker_flush(tracker, 5000, &failure));
  milepost_stats stats = {0};
  CHECK_OK(milepost_tracker_stats(tracker, &stats, &failure));
  milepost_stats_values values;
  memset(&values, 0xee, sizeof values);
  values.struct_size = sizeof values;
  CHECK_OK(milepost_stats_get(stats, &values, &failure));
  CHECK_EQUAL(values.completed, 1);
  CHECK_EQUAL(values.sequence, 3);
  CHECK_EQUAL(values.sequence_published, 3);
  CHECK_EQUAL(values.epoch, 1);
  CHECK_EQUAL(values.commands, 3);
  CHECK_EQUAL(values.commit_count, values.groups);
  CHECK(values.commit_p50_ns > 0 && values.commit_p999_ns >= values.commit_p50_ns);
  CHECK_EQUAL(values.last_error.size, 0);
  CHECK(values.trees > 0);
  milepost_tree_stats tree;
  tree.struct_size = sizeof tree;
  for (uint32_t i = 0; i < values.trees; ++i) {
    CHECK_OK(milepost_stats_tree(stats, i, &tree, &failure));
    CHECK(tree.name.size > 0);
  }
  CHECK_CODE(milepost_stats_tree(stats, values.trees, &tree, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_text text = {NULL, 0};
  CHECK_OK(milepost_stats_prometheus(stats, &text, &failure));
  CHECK(text_contains(text, "# TYPE milepost_"));
  close_tracker(tracker);
  milepost_stats_free(stats);
}

static void names_ids_and_instants(void) {
  CHECK_TEXT(text_of(milepost_version()), MILEPOST_VERSION_STRING);
  CHECK_EQUAL(milepost_abi_version(), MILEPOST_ABI_VERSION);
  CHECK_TEXT(text_of(milepost_error_name(MILEPOST_OK)), "ok");
  CHECK_TEXT(text_of(milepost_error_name(MILEPOST_E_DISK_FULL)), "disk_full");
  CHECK_TEXT(text_of(milepost_error_name(MILEPOST_E_INTERNAL)), "internal");
  CHECK_TEXT(text_of(milepost_error_name(-28)), "unknown");
  CHECK_TEXT(text_of(milepost_error_name(1)), "unknown");
  CHECK_TEXT(text_of(milepost_run_status_name(MILEPOST_RUN_EXITED)), "exited");
  CHECK_TEXT(text_of(milepost_run_status_name(5)), "unknown");
  CHECK_TEXT(text_of(milepost_run_status_name(256)), "unknown");
  CHECK_TEXT(text_of(milepost_run_status_name(-1)), "unknown");
  CHECK_TEXT(text_of(milepost_outcome_name(MILEPOST_OUTCOME_NOT_FOUND)), "not_found");
  CHECK_TEXT(text_of(milepost_outcome_name(6)), "unknown");
  CHECK_TEXT(text_of(milepost_change_name(MILEPOST_CHANGE_BLANKED)), "blanked");
  CHECK_TEXT(text_of(milepost_change_name(11)), "unknown");
  int32_t status = -1;
  CHECK_OK(milepost_run_status_parse(TEXT("running"), &status, &failure));
  CHECK_EQUAL(status, MILEPOST_RUN_RUNNING);
  CHECK_CODE(milepost_run_status_parse(TEXT("Running"), &status, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  milepost_id id = {{0}};
  char text[MILEPOST_ID_TEXT_SIZE];
  CHECK_OK(milepost_id_parse(TEXT("3C90C3CC-0D44-4B50-8888-8DD25736052A"), &id, &failure));
  CHECK_OK(milepost_id_format(&id, text, &failure));
  CHECK(memcmp(text, "3c90c3cc-0d44-4b50-8888-8dd25736052a", sizeof text) == 0);
  CHECK_CODE(milepost_id_parse(TEXT("3c90c3cc-0d44-4b50-8888-8dd25736052a\n"), &id, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  int64_t instant = 0;
  char written[MILEPOST_INSTANT_TEXT_SIZE_MAX];
  size_t size = 0;
  CHECK_OK(milepost_instant_parse(TEXT("2023-11-07T05:31Z"), &instant, &failure));
  CHECK_EQUAL(instant, MORNING - 56000000);
  CHECK_OK(milepost_instant_format(MORNING + 120000, written, sizeof written, &size, &failure));
  const milepost_text shown = {written, size};
  CHECK_TEXT(shown, "2023-11-07T05:31:56.120Z");
  CHECK_CODE(milepost_instant_format(INT64_MAX, written, sizeof written, &size, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  CHECK_CODE(milepost_instant_format(INT64_MIN, written, sizeof written, &size, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  CHECK_CODE(milepost_instant_format(MORNING, written, 19, &size, &failure),
             MILEPOST_E_INVALID_ARGUMENT);
  CHECK_OK(milepost_instant_format(MORNING, written, 20, &size, &failure));
}

static void an_error_fits_its_line_and_is_cleared_by_success(void) {
  // A directory's name of every byte but NUL and slash, and longer than the message.
  char name[1100];
  for (size_t i = 0; i < sizeof name; ++i)
    name[i] = (char)(i % 254 + 1) == '/' ? '_' : (char)(i % 254 + 1);
  milepost_open_options options = small_store("x");
  options.directory.data = name;
  options.directory.size = sizeof name;
  milepost_tracker tracker = {0};
  memset(failure.message, 'x', sizeof failure.message);
  CHECK(milepost_tracker_open(&options, &tracker, &failure) < 0);
  const size_t size = strlen(failure.message);
  CHECK(size > 900 && size < sizeof failure.message);
  for (size_t i = 0; i < size; ++i) {
    const unsigned char c = (unsigned char)failure.message[i];
    if (!CHECK(c >= 0x20 && c < 0x7f)) break;
  }
  milepost_id id = {{0}};
  CHECK_OK(milepost_id_parse(TEXT("3c90c3cc-0d44-4b50-8888-8dd25736052a"), &id, &failure));
  CHECK_EQUAL(failure.code, 0);
  CHECK_EQUAL(failure.message[0], 0);
}

typedef struct hook_state {
  int calls;
  milepost_tracker tracker;
  milepost_status status_of_call;
  milepost_status status_of_open;
  const milepost_open_options* options;
} hook_state;

static void call_back(void* user, int32_t level, const char* text, size_t size) {
  hook_state* state = user;
  milepost_run run = fresh_run();
  const milepost_id run_id = id_of(1);
  ++state->calls;
  CHECK(level >= MILEPOST_LOG_DEBUG && level <= MILEPOST_LOG_ERROR);
  CHECK(text != NULL && size > 0);
  if (state->tracker.value != 0) {
    state->status_of_call =
        milepost_tracker_get(state->tracker, &run_id, NULL, &run, NULL, 0, NULL);
  }
  milepost_tracker other = {0};
  state->status_of_open = milepost_tracker_open(state->options, &other, NULL);
}

static void the_log_hook_is_called_and_may_not_call_back(void) {
  // A journal that is cut short is told to the log; so is a journal folder's stray file. What is
  // logged is the engine's affair: this looks for any line, by opening a store with a torn tail.
  const char* folder = test_folder();
  milepost_tracker tracker = open_small_store(folder);
  make_run(tracker, id_of(1), MILEPOST_RUN_QUEUED);
  hook_state state = {0, {0}, 1, 1, NULL};
  milepost_open_options options = small_store(folder);
  options.log = call_back;
  options.log_user = &state;
  state.options = &options;
  close_tracker(tracker);
  CHECK_OK(milepost_tracker_open(&options, &tracker, &failure));
  state.tracker = tracker;
  close_tracker(tracker);
  if (state.calls == 0) {
    printf("not run: the engine had nothing to log\n");
    return;
  }
  CHECK_EQUAL(state.status_of_open, MILEPOST_E_INVALID_ARGUMENT);
}

static const test_case kCases[] = {
    {"the feed page by page", the_feed_page_by_page},
    {"a subscription delivers and stops", a_subscription_delivers_and_stops},
    {"orphans are adopted", orphans_are_adopted},
    {"purge, erase and bulk", purge_erase_and_bulk},
    {"what is exported is imported", what_is_exported_is_imported},
    {"an export is cancelled by its free", an_export_is_cancelled_by_its_free},
    {"an import tells what it refuses", an_import_tells_what_it_refuses},
    {"stats as numbers and as text", stats_as_numbers_and_as_text},
    {"names, ids and instants", names_ids_and_instants},
    {"an error fits its line and is cleared by success",
     an_error_fits_its_line_and_is_cleared_by_success},
    {"the log hook is called and may not call back", the_log_hook_is_called_and_may_not_call_back},
};

int main(int argc, char** argv) {
  return run_cases(kCases, sizeof kCases / sizeof kCases[0], argc, argv);
}
