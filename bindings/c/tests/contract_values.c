// SPDX-License-Identifier: Apache-2.0
//
// Short-hand of the file written out, and answers as JSON.
#include "contract_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const json_t* file;
json_t* names;

void die(const char* what) {
  fprintf(stderr, "contract_test: %s\n", what);
  exit(2);
}

void must(milepost_status status, const char* what) {
  if (status != MILEPOST_OK) die(what);
}

// --- short-hand -------------------------------------------------------------------------------

void forget(scratch* s) {
  while (s->count > 0) free(s->texts[--s->count]);
}

static size_t text_size(const json_t* from) {
  if (json_is_string(from)) return json_string_length(from);
  size_t size = 0;
  if (json_is_array(from)) {
    for (size_t i = 0; i < json_array_size(from); ++i) size += text_size(json_array_get(from, i));
    return size;
  }
  const json_t* hex = json_object_get(from, "hex");
  if (hex != NULL) return json_string_length(hex) / 2;
  const json_int_t times = json_integer_value(json_object_get(from, "times"));
  return text_size(json_object_get(from, "repeat")) * (size_t)times;
}

static char* put_text(const json_t* from, char* to) {
  if (json_is_string(from)) {
    memcpy(to, json_string_value(from), json_string_length(from));
    return to + json_string_length(from);
  }
  if (json_is_array(from)) {
    for (size_t i = 0; i < json_array_size(from); ++i) to = put_text(json_array_get(from, i), to);
    return to;
  }
  const json_t* hex = json_object_get(from, "hex");
  if (hex != NULL) {
    for (const char* digits = json_string_value(hex); *digits != '\0'; digits += 2) {
      const char pair[] = {digits[0], digits[1], '\0'};
      *to++ = (char)strtoul(pair, NULL, 16);
    }
    return to;
  }
  const json_int_t times = json_integer_value(json_object_get(from, "times"));
  for (json_int_t i = 0; i < times; ++i) to = put_text(json_object_get(from, "repeat"), to);
  return to;
}

milepost_text text(const json_t* from, scratch* s) {
  milepost_text made = {NULL, 0};
  if (from == NULL) return made;
  if (s->count == sizeof s->texts / sizeof s->texts[0]) die("too many texts in a step");
  made.size = text_size(from);
  char* room = malloc(made.size + 1);
  if (room == NULL) die("out of memory");
  put_text(from, room);
  s->texts[s->count++] = room;
  made.data = room;
  return made;
}

size_t list_size(const json_t* from) {
  if (json_is_array(from)) return json_array_size(from);
  return (size_t)json_integer_value(json_object_get(from, "times"));
}

json_t* list_get(const json_t* from, size_t index) {
  return json_is_array(from) ? json_array_get(from, index) : json_object_get(from, "list_of");
}

// --- what a step gives ------------------------------------------------------------------------

const char* string(const json_t* step, const char* name) {
  const char* value = json_string_value(json_object_get(step, name));
  return value != NULL ? value : "";
}

bool has(const json_t* step, const char* name) { return json_object_get(step, name) != NULL; }

bool flag(const json_t* step, const char* name) {
  return json_is_true(json_object_get(step, name));
}

json_int_t number(const json_t* step, const char* name, json_int_t otherwise) {
  const json_t* value = json_object_get(step, name);
  return value != NULL ? json_integer_value(value) : otherwise;
}

const char* id_text(const json_t* from) {
  const char* written = json_string_value(from);
  if (written == NULL) die("an id is no string");
  return written[0] == '$' ? string(names, written + 1) : written;
}

milepost_id id_of(const json_t* from) {
  const char* written = id_text(from);
  milepost_id id;
  must(milepost_id_parse(written, strlen(written), &id, NULL), "an id of the file");
  return id;
}

milepost_id* id(const json_t* step, const char* name, milepost_id* room) {
  if (!has(step, name)) return NULL;
  *room = id_of(json_object_get(step, name));
  return room;
}

milepost_id id_or_default(const json_t* step, const char* name) {
  return id_of(json_object_get(has(step, name) ? step : file, name));
}

int64_t instant(const json_t* step, const char* name) {
  int64_t value = 0;
  if (!has(step, name)) return 0;
  const char* written = string(step, name);
  must(milepost_instant_parse(written, strlen(written), &value, NULL), "an instant of the file");
  return value;
}

milepost_filter filter_of(const json_t* step) {
  milepost_filter made;
  must(milepost_filter_init(&made, sizeof made), "a filter");
  id(step, "organization", &made.organization_id);
  made.has_journey_id = id(step, "journey", &made.journey_id) != NULL;
  made.has_profile_id = id(step, "profile", &made.profile_id) != NULL;
  made.triggered_from = instant(step, "from");
  made.has_triggered_from = has(step, "from");
  made.triggered_to = instant(step, "to");
  made.has_triggered_to = has(step, "to");
  const json_t* statuses = json_object_get(step, "statuses");
  if (statuses == NULL) return made;
  made.statuses = 0;
  for (size_t i = 0; i < json_array_size(statuses); ++i) {
    const json_t* name = json_array_get(statuses, i);
    int32_t status = 0;
    must(
        milepost_run_status_parse(json_string_value(name), json_string_length(name), &status, NULL),
        "a status");
    made.statuses |= 1u << status;
  }
  return made;
}

milepost_page_options page_of(const json_t* step, scratch* s) {
  milepost_page_options made;
  must(milepost_page_options_init(&made, sizeof made), "options of a page");
  made.limit = (uint64_t)number(step, "limit", 100);
  if (strcmp(string(step, "order"), "oldest_first") == 0) made.order = MILEPOST_OLDEST_FIRST;
  const json_t* cursor = json_object_get(step, "cursor");
  if (json_is_string(cursor) && json_string_value(cursor)[0] == '$') {
    cursor = json_object_get(names, json_string_value(cursor) + 1);
  }
  made.cursor = text(cursor, s);
  return made;
}

// --- what is seen -----------------------------------------------------------------------------

json_t* error_seen(milepost_status status) {
  return json_pack("{ss}", "error", milepost_error_name(status));
}

json_t* id_seen(const milepost_id* seen) {
  char written[MILEPOST_ID_TEXT_SIZE];
  must(milepost_id_format(seen, written, NULL), "to write an id");
  return json_stringn(written, sizeof written);
}

json_t* text_seen(milepost_text seen) {
  return json_stringn(seen.size != 0 ? seen.data : "", seen.size);
}

void save(const json_t* step, const json_t* value) {
  if (has(step, "as")) json_object_set(names, string(step, "as"), (json_t*)value);
}

void see_run(json_t* seen, const milepost_run* run) {
  char out[MILEPOST_RUN_JSON_MAX];
  size_t size = 0;
  must(milepost_run_json(run, out, sizeof out, &size, NULL), "a run's JSON");
  json_object_set_new(seen, "run", id_seen(&run->run_id));
  json_object_set_new(seen, "json", json_stringn(out, size));
  json_object_set_new(seen, "owner", text_seen(run->owner));
  json_object_set_new(seen, "token", json_integer((json_int_t)run->fencing_token));
  json_object_set_new(seen, "version", json_integer(run->run_id.bytes[6] >> 4));
}

json_t* runs_seen(milepost_runs runs) {
  json_t* seen = json_array();
  for (size_t i = 0; i < milepost_runs_size(runs); ++i) {
    milepost_run run = {.struct_size = sizeof run};
    must(milepost_runs_get(runs, i, &run, NULL), "a run of a page");
    json_array_append_new(seen, id_seen(&run.run_id));
  }
  return seen;
}

json_t* see_page(const json_t* step, json_t* seen, milepost_text next) {
  json_object_set_new(seen, "more", json_boolean(next.size != 0));
  json_t* cursor = text_seen(next);
  save(step, cursor);
  json_decref(cursor);
  return seen;
}
