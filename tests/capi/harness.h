// SPDX-License-Identifier: Apache-2.0
//
// What the C tests share: cases with names, checks that say what they saw, a folder that goes away,
// and the calls that every test makes. A failed check is told and the case goes on.
#ifndef MILEPOST_TESTS_CAPI_HARNESS_H
#define MILEPOST_TESTS_CAPI_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milepost/milepost.h"

typedef struct test_case {
  const char* name;
  void (*body)(void);
} test_case;

/// Runs the cases, or those whose name holds the first argument; yields main's answer.
int run_cases(const test_case* cases, size_t count, int argc, char** argv);

/// How many checks have failed so far.
extern int checks_failed;
/// And how many were made.
extern int checks_made;

bool check_true(bool holds, const char* text, const char* file, int line);
bool check_equal(long long seen, long long expected, const char* text, const char* file, int line);
bool check_text(milepost_text seen, const char* expected, const char* text, const char* file,
                int line);
bool check_status(milepost_status seen, milepost_status expected, const char* text,
                  const char* file, int line);

#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(seen, expected) \
  check_equal((long long)(seen), (long long)(expected), #seen, __FILE__, __LINE__)
#define CHECK_TEXT(seen, expected) check_text((seen), (expected), #seen, __FILE__, __LINE__)
/// The call yields the code; for an error there are words, too.
#define CHECK_CODE(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_CODE(call, MILEPOST_OK)

/// The error that every call of a test is given.
extern milepost_error failure;

/// A text literal, as an argument and as a struct.
#define TEXT(literal) (literal), (sizeof(literal) - 1)
milepost_text text_of(const char* literal);
bool text_contains(milepost_text text, const char* part);

/// The id whose text is `00000000-0000-4000-8000-` and the number in twelve digits of hex.
milepost_id id_of(uint64_t number);
bool same_id(milepost_id left, milepost_id right);

/// A fresh folder's name, for one case; it is removed when the case is over.
const char* test_folder(void);

/// Options for a small, quick store in a folder: a manual clock at 2023-11-07T05:31:56Z.
milepost_open_options small_store(const char* folder);
/// The same, opened.
milepost_tracker open_small_store(const char* folder);
void close_tracker(milepost_tracker tracker);

#define MORNING INT64_C(1699335116000000)

milepost_outcome fresh_outcome(void);
milepost_run fresh_run(void);
milepost_command command_of(int32_t kind, milepost_id run_id);
milepost_command create_command(milepost_id run_id);

/// Makes the run, and moves it to a status.
void make_run(milepost_tracker tracker, milepost_id run_id, int32_t status);

#endif  // MILEPOST_TESTS_CAPI_HARNESS_H
