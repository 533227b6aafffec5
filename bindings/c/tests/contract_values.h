// SPDX-License-Identifier: Apache-2.0
//
// What the cases are made of, for the replayer: texts and ids of the file, and what calls answered
// as JSON.
#ifndef MILEPOST_BINDINGS_C_TESTS_CONTRACT_VALUES_H
#define MILEPOST_BINDINGS_C_TESTS_CONTRACT_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milepost/milepost.h"

extern const json_t* file;  ///< The whole file.
extern json_t* names;       ///< What steps of the case saved, by name.

void die(const char* what);
void must(milepost_status status, const char* what);

/// Texts of a step, which live until it is over; each thread has its own.
typedef struct scratch {
  char* texts[32];
  size_t count;
} scratch;

void forget(scratch* s);
milepost_text text(const json_t* from, scratch* s);
size_t list_size(const json_t* from);
json_t* list_get(const json_t* from, size_t index);

// What a step gives.
const char* string(const json_t* step, const char* name);
bool has(const json_t* step, const char* name);
bool flag(const json_t* step, const char* name);
json_int_t number(const json_t* step, const char* name, json_int_t otherwise);
const char* id_text(const json_t* from);
milepost_id id_of(const json_t* from);
/// The id, put into `room`, or NULL if the step has none.
milepost_id* id(const json_t* step, const char* name, milepost_id* room);
milepost_id id_or_default(const json_t* step, const char* name);
int64_t instant(const json_t* step, const char* name);
milepost_filter filter_of(const json_t* step);
milepost_page_options page_of(const json_t* step, scratch* s);

// What is seen.
json_t* error_seen(milepost_status status);
json_t* id_seen(const milepost_id* seen);
json_t* text_seen(milepost_text seen);
void see_run(json_t* seen, const milepost_run* run);
json_t* runs_seen(milepost_runs runs);
json_t* see_page(const json_t* step, json_t* seen, milepost_text next);
/// Remembers a value under the step's `as`, if it has one.
void save(const json_t* step, const json_t* value);

#endif  // MILEPOST_BINDINGS_C_TESTS_CONTRACT_VALUES_H
