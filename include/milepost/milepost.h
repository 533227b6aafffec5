/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C ABI of Milepost: everything the C++ tracker does, for C99 and for every language that can
 * call C. It is the library milepost-c (`milepost::c`, `pkg-config milepost-c`), which shows
 * nothing but the names below.
 *
 * Rules that hold for all of it:
 *
 * - Calls. A call yields a milepost_status: MILEPOST_OK, or a negative code and, if `err` is not
 *   NULL, what happened in words. What the state machine answers (conflict, illegal, not found) is
 *   an outcome, not an error. A call that fails leaves its outputs alone, except that handles it
 *   would have made are zero.
 * - Texts in are a pointer and a size, never end at a NUL, and may be {NULL, 0} where empty is
 *   allowed. More than MILEPOST_TEXT_SIZE_MAX bytes are refused unread. The library keeps no
 *   pointer of the caller's after a call, except the log hook's.
 * - Texts out are never the caller's to free. They live in a result until that is freed, or in a
 *   buffer that the caller gave. They are not NUL-terminated unless it says so.
 * - Handles are numbers, never addresses, and are passed by value. Zero, a handle of another kind
 *   and a number that was never a handle are MILEPOST_E_INVALID_ARGUMENT; one that was closed or
 *   freed is MILEPOST_E_CLOSED. `_free` of zero or of what was freed before does nothing. Closing
 *   or freeing while calls run is allowed: they end, later ones are refused.
 * - Threads. "any" threads may use the object at the same time. With "one" a handle may move
 *   between threads, but two calls at the same time are refused with INVALID_ARGUMENT. The library
 *   keeps no state for each thread.
 * - Structs begin with `struct_size`. What goes in is made by its `_init` function; of what comes
 *   out the caller sets `struct_size = sizeof x` and nothing else. A library that knows a longer
 *   form takes the missing members at their defaults; one that knows a shorter form takes a longer
 *   struct if all it does not know is zero, and fills it with zero. Other sizes are refused.
 * - Bools are uint8_t, 0 or 1; other values are refused, so that memory nobody set is noticed.
 *   Reserved members are zero. Enumerations are int32_t; their numbers never change meaning.
 * - Instants are microseconds since the Unix epoch (UTC), durations milliseconds. A `timeout_ms`
 *   bounds waiting, not a sync under way: 0 never waits, MILEPOST_TIMEOUT_DEFAULT means
 *   `wait_max_ms` of the tracker.
 * - After fork() the child's calls are MILEPOST_E_FORKED; results it inherited can still be read.
 *   What the child should do with handles it inherited is to close or free them, or nothing.
 * - "The common errors" of a call are INVALID_ARGUMENT, CLOSED, FORKED, OUT_OF_MEMORY, INTERNAL,
 *   and of those that read or write the store IO, CORRUPT, NEEDS_REOPEN, READERS_FULL too.
 *
 * `Since` names the first version with a function, `Status` is one of unstable, stable,
 * deprecated, removed. Unstable ones may change with MILEPOST_ABI_VERSION.
 */
#ifndef MILEPOST_MILEPOST_H
#define MILEPOST_MILEPOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MILEPOST_NOEXCEPT noexcept
#else
#define MILEPOST_NOEXCEPT
#endif
#if defined(__GNUC__)
#define MILEPOST_C_API __attribute__((visibility("default")))
#else
#define MILEPOST_C_API
#endif

#define MILEPOST_VERSION_MAJOR 0
#define MILEPOST_VERSION_MINOR 1
#define MILEPOST_VERSION_PATCH 0
#define MILEPOST_VERSION_STRING "0.1.0"

/// The version of this ABI and of the library's SONAME; raised by any break.
#define MILEPOST_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/// @name Limits
/// Each is one of the C++ API's under another name.
/// @{
#define MILEPOST_TEXT_SIZE_MAX 2147483647      ///< Bytes of any text that goes in.
#define MILEPOST_ID_TEXT_SIZE 36               ///< Characters of an id.
#define MILEPOST_INSTANT_TEXT_SIZE_MAX 27      ///< Characters of an instant.
#define MILEPOST_ERROR_TEXT_SIZE_MAX 4096      ///< Bytes of a run's error; a longer one is cut.
#define MILEPOST_OWNER_SIZE_MAX 255            ///< Bytes of an owner.
#define MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX 255  ///< Bytes of an idempotency key.
#define MILEPOST_RUN_TEXT_MAX 4351             ///< Bytes that a run's error and owner take at most.
#define MILEPOST_RUN_JSON_MAX 24843            ///< Bytes of a run's public JSON.
#define MILEPOST_CURSOR_SIZE_MAX 255           ///< Bytes of a cursor.
#define MILEPOST_BATCH_COMMANDS_MAX 10000      ///< Commands of one milepost_tracker_apply.
#define MILEPOST_GET_MANY_MAX 10000            ///< Ids of one get_many.
#define MILEPOST_LIST_LIMIT_MAX 1000           ///< Runs of one page.
#define MILEPOST_CHANGES_LIMIT_MAX 10000       ///< Changes of one page.
#define MILEPOST_REMOVE_LIMIT_MAX 10000        ///< Runs of one step of a purge or bulk call.
#define MILEPOST_IMPORT_STEP_MAX 16777216      ///< Bytes of one milepost_import_step.
#define MILEPOST_FINDINGS_MAX 1000             ///< Findings that a work keeps; all are counted.
/// @}

#define MILEPOST_TIMEOUT_DEFAULT INT64_C(-1)  ///< `timeout_ms`: the tracker's `wait_max_ms`.
#define MILEPOST_FROM_NOW UINT64_C(0xffffffffffffffff)  ///< See milepost_tracker_subscribe.

/// @name Values
/// @{

/// MILEPOST_OK or one of the negative codes. Positive numbers are unused.
typedef int32_t milepost_status;

/// Why a call failed. Equal to `milepost::Errc`; never reused.
enum milepost_code {
  MILEPOST_OK = 0,
  MILEPOST_E_INVALID_ARGUMENT = -1,  ///< An argument breaks a documented rule; nothing was done.
  MILEPOST_E_NOT_FOUND = -2,         ///< No such store, file, or (JSON calls, wait) run.
  MILEPOST_E_BUSY = -3,              ///< The time ran out first; nothing was done.
  MILEPOST_E_OUTCOME_UNKNOWN = -4,   ///< May or may not survive; repeat the command to learn.
  MILEPOST_E_READ_ONLY = -5,         ///< A write on a tracker that was opened read-only.
  MILEPOST_E_CLOSED = -6,            ///< The object was closed or freed.
  MILEPOST_E_ALREADY_OPEN = -7,      ///< This process already has the store open.
  MILEPOST_E_LOCKED = -8,            ///< Another process writes to the store.
  MILEPOST_E_FORKED = -9,            ///< Opened by a parent process; open a new one.
  MILEPOST_E_NEEDS_REOPEN = -10,     ///< Close and open the tracker before it can go on.
  MILEPOST_E_SNAPSHOT_EXPIRED = -11,
  MILEPOST_E_TOO_OLD = -12,      ///< The feed no longer holds that position.
  MILEPOST_E_OTHER_STORE = -13,  ///< The position or cursor belongs to another store.
  MILEPOST_E_CANCELLED = -14,
  MILEPOST_E_DISK_FULL = -15,
  MILEPOST_E_MAP_FULL = -16,  ///< The store reached `map_size_max`.
  MILEPOST_E_READERS_FULL = -17,
  MILEPOST_E_PID_CLASH = -18,  ///< Two processes share a pid number (pid namespaces).
  MILEPOST_E_UNSUPPORTED_FILESYSTEM = -19,
  MILEPOST_E_PERMISSION = -20,
  MILEPOST_E_NOT_A_DATABASE = -21,
  MILEPOST_E_VERSION = -22,  ///< The store was written by an incompatible version.
  MILEPOST_E_CORRUPT = -23,  ///< Stored bytes fail their checks.
  MILEPOST_E_IO = -24,
  MILEPOST_E_OUT_OF_MEMORY = -25,
  MILEPOST_E_OUT_OF_ADDRESS_SPACE = -26,
  MILEPOST_E_INTERNAL = -27  ///< A broken invariant inside the library; please report it.
};

/// Whether a call that failed changed the store all the same.
enum milepost_applied {
  MILEPOST_APPLIED_NO = 0,
  MILEPOST_APPLIED_YES = 1,
  MILEPOST_APPLIED_UNKNOWN = 2
};

/// What went wrong. The caller's own: set `struct_size = sizeof x` once and use it again and again.
/// Every call that is given one sets all of it, on success to MILEPOST_OK and an empty message. One
/// with a wrong `struct_size` is left as it is.
typedef struct milepost_error {
  uint32_t struct_size;
  int32_t code;        ///< The status that the call yields.
  int32_t system;      ///< `errno` or LMDB's number, 0 when there is none.
  uint8_t applied;     ///< enum milepost_applied.
  uint8_t retry_safe;  ///< Whether the same call may simply be made again.
  uint8_t reserved[2];
  /// What it is about, what was wrong, what to do. UTF-8 on one line, cut at a code point, ends
  /// with a NUL.
  char message[1008];
} milepost_error;

/// 16 bytes in RFC 9562 order. Sixteen zero bytes are a valid id.
typedef struct milepost_id {
  uint8_t bytes[16];
} milepost_id;

/// A text that is somebody else's: the caller's on the way in, a result's on the way out.
typedef struct milepost_text {
  const char* data;
  size_t size;
} milepost_text;

/// Where a run stands.
enum milepost_run_status {
  MILEPOST_RUN_QUEUED = 0,
  MILEPOST_RUN_RUNNING = 1,
  MILEPOST_RUN_COMPLETED = 2,
  MILEPOST_RUN_FAILED = 3,
  MILEPOST_RUN_EXITED = 4
};

/// A run as it was at one moment. Its texts live in the result it was read from; a call that reads
/// one run puts them into the caller's text buffer. There MILEPOST_RUN_TEXT_MAX bytes always
/// suffice; a text that found no room has its size and `data` NULL.
typedef struct milepost_run {
  uint32_t struct_size;
  int32_t status;  ///< enum milepost_run_status.
  milepost_id run_id;
  milepost_id journey_id;
  milepost_id profile_id;
  milepost_id organization_id;
  int64_t triggered_at;
  int64_t started_at;
  int64_t completed_at;
  uint64_t fencing_token;  ///< Grows with each owner; 0 until started.
  uint64_t sequence;       ///< Of the last effect on the run.
  milepost_text error;
  milepost_text owner;
  uint8_t found;  ///< 0: there is no such run, and every other member is zero.
  uint8_t has_started_at;
  uint8_t has_completed_at;
  uint8_t has_error;  ///< Exactly while the status is failed.
  uint8_t reserved[4];
} milepost_run;

/// What became of a command.
enum milepost_outcome_kind {
  MILEPOST_OUTCOME_CREATED = 0,    ///< This call made the run.
  MILEPOST_OUTCOME_APPLIED = 1,    ///< This call moved the run, or renewed its lease.
  MILEPOST_OUTCOME_UNCHANGED = 2,  ///< It had already happened.
  MILEPOST_OUTCOME_ILLEGAL = 3,    ///< The run's status does not allow it.
  MILEPOST_OUTCOME_CONFLICT = 4,   ///< Somebody else did, or owns, it.
  MILEPOST_OUTCOME_NOT_FOUND = 5   ///< No such run in that organization.
};

/// The answer to one command. `run` stands last and grows in place.
typedef struct milepost_outcome {
  uint32_t struct_size;
  int32_t kind;     ///< enum milepost_outcome_kind.
  uint8_t applied;  ///< Whether this very call did it: created or applied.
  uint8_t holds;    ///< Whether it is so now: applied, or unchanged.
  uint8_t reserved[6];
  milepost_run run;  ///< The run as it is now; not `found` where the answer carries none.
} milepost_outcome;

/// What may be done to a run.
enum milepost_command_kind {
  MILEPOST_COMMAND_CREATE = 1,     ///< Makes a run, in status queued.
  MILEPOST_COMMAND_START = 2,      ///< queued to running
  MILEPOST_COMMAND_COMPLETE = 3,   ///< running to completed
  MILEPOST_COMMAND_FAIL = 4,       ///< queued or running to failed
  MILEPOST_COMMAND_EXIT = 5,       ///< queued or running to exited
  MILEPOST_COMMAND_ADOPT = 6,      ///< running, under a new owner with a larger token
  MILEPOST_COMMAND_HEARTBEAT = 7,  ///< Begins the run's lease anew.
  MILEPOST_COMMAND_IMPORT = 8      ///< Makes a run in any status, with its own instants.
};

/// One command: see the `Command` structs in `milepost/command.hpp`. In brackets the kinds that a
/// member has a meaning for; for others it must be as milepost_command_init leaves it, zero.
typedef struct milepost_command {
  uint32_t struct_size;
  int32_t kind;            ///< enum milepost_command_kind.
  milepost_id run_id;      ///< [all; for create with `has_run_id`]
  milepost_id journey_id;  ///< [create, import]
  milepost_id profile_id;  ///< [create, import]
  milepost_id organization_id;
  int64_t triggered_at;           ///< [create, import] Default of create: the tracker's clock.
  int64_t started_at;             ///< [import]
  int64_t completed_at;           ///< [import]
  uint64_t fencing_token;         ///< [complete, fail, exit, adopt, heartbeat]
  int64_t lease_ms;               ///< [start, adopt: 0 is none; heartbeat]
  milepost_text owner;            ///< [start, complete, fail, exit, adopt, heartbeat] UTF-8.
  milepost_text idempotency_key;  ///< [create] Any bytes.
  milepost_text error;            ///< [fail, import] Ill-formed UTF-8 is replaced.
  int32_t status;                 ///< [import] enum milepost_run_status.
  uint8_t has_run_id;             ///< [create] Default: a fresh UUIDv7.
  uint8_t has_triggered_at;       ///< [create; import has it always]
  uint8_t has_started_at;         ///< [import]
  uint8_t has_completed_at;       ///< [import]
  uint8_t has_fencing_token;      ///< [as fencing_token]
  uint8_t only_if_expired;        ///< [fail, adopt] `conflict` unless the lease has run out.
  uint8_t reserved[6];
} milepost_command;

/// What the calls for one step take beside the run's id. For the meaning of a member, and the
/// verbs that it has one for, see milepost_command.
typedef struct milepost_step_options {
  uint32_t struct_size;
  uint8_t has_fencing_token;
  uint8_t only_if_expired;
  uint8_t reserved[2];
  milepost_id organization_id;
  milepost_text owner;
  uint64_t fencing_token;
  int64_t lease_ms;
  int64_t timeout_ms;
} milepost_step_options;

/// Which runs. Every member that is given must fit.
typedef struct milepost_filter {
  uint32_t struct_size;
  uint32_t statuses;  ///< One bit for each status, `1 << MILEPOST_RUN_...`; init: all, 31.
  milepost_id organization_id;
  milepost_id journey_id;
  milepost_id profile_id;
  int64_t triggered_from;  ///< This instant is in.
  int64_t triggered_to;    ///< This one is not.
  uint8_t has_journey_id;
  uint8_t has_profile_id;
  uint8_t has_triggered_from;
  uint8_t has_triggered_to;
  uint8_t reserved[4];
} milepost_filter;

/// By triggered_at; equal instants by run id.
enum milepost_order { MILEPOST_NEWEST_FIRST = 0, MILEPOST_OLDEST_FIRST = 1 };

/// Which moment a read of many runs is of. Without meaning in a snapshot.
enum milepost_freshness {
  MILEPOST_LATEST = 0,    ///< Everything acknowledged before the call.
  MILEPOST_PUBLISHED = 1  ///< What is published already; never waits.
};

/// One page of a list.
typedef struct milepost_page_options {
  uint32_t struct_size;
  int32_t order;      ///< enum milepost_order; without meaning for orphans.
  int32_t freshness;  ///< enum milepost_freshness; without meaning for orphans.
  uint32_t reserved;
  uint64_t limit;        ///< 1 to MILEPOST_LIST_LIMIT_MAX; init: 100.
  milepost_text cursor;  ///< `next` of the page before, same question; empty for the first.
  int64_t timeout_ms;
} milepost_page_options;

/// Runs per status.
typedef struct milepost_counts {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t queued;
  uint64_t running;
  uint64_t completed;
  uint64_t failed;
  uint64_t exited;
} milepost_counts;

/// What happened to a run.
enum milepost_change_kind {
  MILEPOST_CHANGE_CREATED = 0,
  MILEPOST_CHANGE_STARTED = 1,
  MILEPOST_CHANGE_COMPLETED = 2,
  MILEPOST_CHANGE_FAILED = 3,
  MILEPOST_CHANGE_EXITED = 4,
  MILEPOST_CHANGE_ADOPTED = 5,
  MILEPOST_CHANGE_IMPORTED = 6,
  MILEPOST_CHANGE_PURGED = 7,          ///< Removed by retention; only `run_id` is known.
  MILEPOST_CHANGE_ERASED = 8,          ///< Removed with its profile; only `run_id` is known.
  MILEPOST_CHANGE_PROFILE_ERASED = 9,  ///< Only `profile_id` and `organization_id` are set.
  MILEPOST_CHANGE_BLANKED = 10         ///< Happened to a run of a profile erased since.
};

/// One change. `run` stands last and grows in place; `found` is 1 in it, whatever is known.
typedef struct milepost_change {
  uint32_t struct_size;
  int32_t kind;  ///< enum milepost_change_kind.
  uint64_t sequence;
  milepost_run run;  ///< The run as this change left it.
} milepost_change;

/// Where a page of changes stands.
typedef struct milepost_feed_position {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t next;    ///< `after` of the next page.
  uint64_t newest;  ///< The last sequence of the moment the page is of; for a subscription: next.
  milepost_id store_id;
} milepost_feed_position;

/// One step of retention: removes finished runs.
typedef struct milepost_purge_options {
  uint32_t struct_size;
  uint8_t has_organization_id;  ///< Default: of every organization.
  uint8_t dry_run;              ///< Only counts.
  uint8_t reserved[2];
  milepost_id organization_id;
  int64_t completed_before;  ///< Runs that finished at this instant or later stay.
  uint64_t limit;            ///< 1 to MILEPOST_REMOVE_LIMIT_MAX; init: 1,000.
  milepost_text cursor;      ///< `next` of the step before; empty for the first.
  int64_t timeout_ms;
} milepost_purge_options;

/// What a step of a purge did.
typedef struct milepost_purge_report {
  uint32_t struct_size;
  uint32_t next_size;  ///< 0: nothing is left to remove.
  uint64_t removed;
  char next[MILEPOST_CURSOR_SIZE_MAX + 1];  ///< The next step's cursor; ends with a NUL.
} milepost_purge_report;

/// What was erased, and what remains of it where: see `milepost::ErasureReceipt`.
typedef struct milepost_erasure {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t runs;
  uint64_t changes_blanked;
  uint64_t sequence;
  uint64_t through;  ///< Every run of the profile made up to this sequence is gone.
  uint64_t journal_bytes;
  uint64_t free_bytes;
} milepost_erasure;

/// What a bulk step does to the runs that match.
enum milepost_bulk_action { MILEPOST_BULK_FAIL = 0, MILEPOST_BULK_EXIT = 1 };

/// One step of failing or exiting all runs a filter matches.
typedef struct milepost_bulk_options {
  uint32_t struct_size;
  int32_t action;       ///< enum milepost_bulk_action; init: exit.
  milepost_text error;  ///< For fail: the reason.
  uint64_t limit;       ///< 1 to MILEPOST_REMOVE_LIMIT_MAX; init: 1,000.
  milepost_text cursor;
  int64_t timeout_ms;
  uint8_t dry_run;  ///< Counts what matches and shows a few, changes nothing.
  uint8_t reserved[7];
} milepost_bulk_options;

/// What a bulk step did.
typedef struct milepost_bulk_report {
  uint32_t struct_size;
  uint32_t next_size;  ///< 0: all are done.
  uint64_t matched;
  uint64_t applied;
  char next[MILEPOST_CURSOR_SIZE_MAX + 1];
} milepost_bulk_report;

/// How far an operation that goes in steps is.
typedef struct milepost_progress {
  uint32_t struct_size;
  uint8_t done;  ///< 1: this was the last step.
  uint8_t reserved[3];
  uint64_t lines;  ///< Of an export; rows that a verify or repair read.
  uint64_t bytes;  ///< Of an export, or copied by a backup or restore.
} milepost_progress;

/// What an import has done so far; `problems` counts those of the last step only.
typedef struct milepost_import_report {
  uint32_t struct_size;
  uint32_t problems;
  uint64_t lines;
  uint64_t created;
  uint64_t unchanged;
  uint64_t refused;
} milepost_import_report;

/// What an operator wants to know: see `milepost::Stats`. Times in ns; quantiles are of commits and
/// of publishing since the tracker was opened.
typedef struct milepost_stats_values {
  uint32_t struct_size;
  uint32_t trees;  ///< How many milepost_stats_tree knows.
  uint64_t queued, running, completed, failed, exited;
  uint64_t map_bytes, map_bytes_max, data_bytes, free_bytes, disk_free_bytes;
  uint64_t journal_bytes, journal_live_bytes;
  uint64_t recent_runs, recent_bytes;
  uint32_t readers, readers_max;
  int64_t oldest_reader_pid;
  uint64_t oldest_reader_lag, snapshots;
  uint64_t sequence, sequence_synced, sequence_published, feed_first;
  uint64_t epoch, pending, leases;
  uint64_t commands, groups, publishes;
  uint64_t commit_count, commit_sum_ns, commit_p50_ns, commit_p99_ns, commit_p999_ns;
  uint64_t publish_count, publish_sum_ns, publish_p50_ns, publish_p99_ns, publish_p999_ns;
  milepost_text last_error;  ///< Of publishing, while it lasts.
  uint64_t oldest_reader_ms, oldest_snapshot_ms;
  uint64_t queue_depth;  ///< Calls that wait for their commit.
} milepost_stats_values;

/// One tree of the store.
typedef struct milepost_tree_stats {
  uint32_t struct_size;
  uint32_t depth;
  uint64_t entries;
  uint64_t bytes;
  milepost_text name;
} milepost_tree_stats;

/// How deep a verify looks.
enum milepost_verify_level {
  MILEPOST_VERIFY_RECORDS = 0,  ///< Records, index rows, counters, keys, changes; the journal.
  MILEPOST_VERIFY_PAGES = 1     ///< Before that every page: for files that are not trusted.
};

/// What a work found or did. Members that its kind does not name are zero.
typedef struct milepost_work_report {
  uint32_t struct_size;
  uint32_t findings;        ///< [verify, repair] How many milepost_work_finding knows.
  uint64_t findings_count;  ///< [verify, repair] All that were found; 0: the store is sound.
  uint64_t runs;            ///< [verify; repair: saved; restore]
  uint64_t rows;            ///< [verify] Of all tables.
  uint64_t changes;         ///< [verify; repair: saved] In the feed.
  uint64_t pages;           ///< [verify] Of the data file; a tracker at level records: 0.
  uint64_t journaled;       ///< [verify of a folder, repair] Effects that only the journal held.
  uint64_t sequence;        ///< [verify, backup, restore] The last effect held.
  uint64_t lost;            ///< [repair] Records that failed their checks and were left behind.
  uint64_t bytes;           ///< [backup, restore] Of the copy.
  milepost_id store_id;     ///< [restore] The id of the new store.
} milepost_work_report;

/// One thing that is wrong with a store.
typedef struct milepost_finding {
  uint32_t struct_size;
  uint32_t reserved;
  milepost_text kind;   ///< A stable name, e.g. `record_checksum`.
  milepost_text where;  ///< Table, page or file.
  milepost_text text;   ///< One sentence.
} milepost_finding;

/// What an acknowledgement means.
enum milepost_durability {
  MILEPOST_DURABLE = 0,  ///< It survives a crash of the process, of the machine, a cut of power.
  MILEPOST_RELAXED = 1   ///< A power cut may take a bounded last stretch.
};

/// How grave a log line is.
enum milepost_log_level {
  MILEPOST_LOG_DEBUG = 0,
  MILEPOST_LOG_INFO = 1,
  MILEPOST_LOG_WARNING = 2,
  MILEPOST_LOG_ERROR = 3
};

/// Receives what an operator should know; the text is valid during the call. Called from the
/// caller's thread or one of the library's, at any moment from within milepost_tracker_open until
/// after milepost_tracker_close. It must neither throw nor wait for another call: calls it makes
/// itself are answered MILEPOST_E_INVALID_ARGUMENT.
typedef void (*milepost_log_function)(void* user, int32_t level, const char* text, size_t size);

/// How to open a store: see `milepost::OpenOptions` for each member's meaning, default and limits.
typedef struct milepost_open_options {
  uint32_t struct_size;
  int32_t durability;       ///< enum milepost_durability
  milepost_text directory;  ///< Required. A path: any bytes but NUL.
  uint8_t create;           ///< init: 1
  uint8_t read_only;
  uint8_t allow_unsupported_filesystem;
  uint8_t manual_clock;  ///< For tests: see milepost_tracker_set_clock.
  uint32_t readers_max;
  int64_t wait_max_ms;
  uint64_t map_size_start;
  uint64_t map_size_max;
  uint64_t recent_bytes_max;
  int64_t publish_interval_ms;
  uint64_t journal_segment_bytes;
  uint64_t journal_bytes_max;
  int64_t relaxed_delay_max_ms;
  uint64_t relaxed_bytes_max;
  uint64_t feed_retention;
  int64_t idempotency_key_lifetime_s;
  int64_t snapshot_age_max_ms;
  int64_t clock;              ///< With `manual_clock`: the instant it shows at first.
  milepost_log_function log;  ///< Or NULL.
  void* log_user;             ///< Handed to `log`.
} milepost_open_options;

/// @}
/// @name Handles
/// @{

/// A store, opened. Threads: any.
typedef struct milepost_tracker {
  uint64_t value;
} milepost_tracker;
/// One moment of a store. Threads: one.
typedef struct milepost_snapshot {
  uint64_t value;
} milepost_snapshot;
/// A place in the change feed. Threads: one, except for stop and position.
typedef struct milepost_subscription {
  uint64_t value;
} milepost_subscription;
/// An export under way. Threads: one.
typedef struct milepost_export {
  uint64_t value;
} milepost_export;
/// An import under way. Threads: one.
typedef struct milepost_import {
  uint64_t value;
} milepost_import;
/// A verify, backup, restore or repair under way, or done. Threads: one.
typedef struct milepost_work {
  uint64_t value;
} milepost_work;
/// A result: runs, and where to go on. Threads: any.
typedef struct milepost_runs {
  uint64_t value;
} milepost_runs;
/// A result: the outcomes of a batch. Threads: any.
typedef struct milepost_outcomes {
  uint64_t value;
} milepost_outcomes;
/// A result: a page of the change feed. Threads: any.
typedef struct milepost_changes {
  uint64_t value;
} milepost_changes;
/// A result: a page of runs as JSON. Threads: any.
typedef struct milepost_json_page {
  uint64_t value;
} milepost_json_page;
/// A result: what an operator wants to know. Threads: any.
typedef struct milepost_stats {
  uint64_t value;
} milepost_stats;

/// @}
/// @name The library
/// @{

/// The version of the library that is loaded, e.g. `0.1.0`; ends with a NUL, lives for ever.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API const char* milepost_version(void) MILEPOST_NOEXCEPT;

/// MILEPOST_ABI_VERSION of the library that is loaded. Who loads it at run time compares first.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API int32_t milepost_abi_version(void) MILEPOST_NOEXCEPT;

/// @}
/// @name Names, ids and instants as text
/// @{

/// The stable name of a code, e.g. `disk_full`; `ok` for MILEPOST_OK, `unknown` for others. Ends
/// with a NUL, lives for ever.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API const char* milepost_error_name(int32_t code) MILEPOST_NOEXCEPT;

/// The name of a status in the public response, e.g. `queued`; `unknown` for other numbers. Ends
/// with a NUL, lives for ever.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API const char* milepost_run_status_name(int32_t status) MILEPOST_NOEXCEPT;

/// The status of that name, exact and case-sensitive.
/// Threads: any. Errors: INVALID_ARGUMENT for any other text. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_run_status_parse(const char* text, size_t size,
                                                         int32_t* status,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// The stable name of an outcome's kind, e.g. `unchanged`; `unknown` for other numbers. Ends with a
/// NUL, lives for ever.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API const char* milepost_outcome_name(int32_t kind) MILEPOST_NOEXCEPT;

/// The stable name of a change's kind, e.g. `started`; `unknown` for other numbers. Ends with a
/// NUL, lives for ever. Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API const char* milepost_change_name(int32_t kind) MILEPOST_NOEXCEPT;

/// Reads the 36-character text of an id, either case; nothing else is accepted.
/// Threads: any. Errors: INVALID_ARGUMENT. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_id_parse(const char* text, size_t size, milepost_id* id,
                                                 milepost_error* err) MILEPOST_NOEXCEPT;

/// Writes the text of an id, in lower case: MILEPOST_ID_TEXT_SIZE characters and no NUL.
/// Threads: any. Errors: INVALID_ARGUMENT. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_id_format(const milepost_id* id, char* text,
                                                  milepost_error* err) MILEPOST_NOEXCEPT;

/// Reads an RFC 3339 instant in UTC; digits past microseconds are cut.
/// Threads: any. Errors: INVALID_ARGUMENT for other texts, impossible dates, and years outside 1400
/// to 9999. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_instant_parse(const char* text, size_t size,
                                                      int64_t* instant,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// Writes the text of an instant, with the fewest of 0, 3 or 6 fraction digits that lose nothing;
/// no NUL. MILEPOST_INSTANT_TEXT_SIZE_MAX bytes always suffice.
/// Threads: any. Errors: INVALID_ARGUMENT for a small buffer and years outside 1400 to 9999.
/// Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_instant_format(int64_t instant, char* text, size_t capacity,
                                                       size_t* size,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// The exact public response for a run; no NUL. MILEPOST_RUN_JSON_MAX bytes always suffice.
/// Threads: any. Errors: INVALID_ARGUMENT for a small buffer, a run that was not `found`, a text
/// whose `data` is NULL, an unknown status. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_run_json(const milepost_run* run, char* out,
                                                 size_t capacity, size_t* size,
                                                 milepost_error* err) MILEPOST_NOEXCEPT;

/// @}
/// @name Defaults
/// `size` is the struct's in the caller's header, `sizeof *options`.
/// @{

/// Threads: any. Errors: INVALID_ARGUMENT for NULL and sizes nobody released. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_open_options_init(milepost_open_options* options,
                                                          size_t size) MILEPOST_NOEXCEPT;
/// The kind is zero, which is none: set it.
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_command_init(milepost_command* command,
                                                     size_t size) MILEPOST_NOEXCEPT;
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_step_options_init(milepost_step_options* options,
                                                          size_t size) MILEPOST_NOEXCEPT;
/// Every status, nothing else asked for.
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_filter_init(milepost_filter* filter,
                                                    size_t size) MILEPOST_NOEXCEPT;
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_page_options_init(milepost_page_options* options,
                                                          size_t size) MILEPOST_NOEXCEPT;
/// Nothing is older than `completed_before` yet: set it.
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_purge_options_init(milepost_purge_options* options,
                                                           size_t size) MILEPOST_NOEXCEPT;
/// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_bulk_options_init(milepost_bulk_options* options,
                                                          size_t size) MILEPOST_NOEXCEPT;

/// @}
/// @name Opening and closing
/// @{

/// Opens a store, making it if need be, and recovers what a crash left behind. One writing process
/// at a time. The handle is the caller's until milepost_tracker_close.
/// Threads: any. Errors: the common ones, ALREADY_OPEN, LOCKED (names the other process),
/// NOT_FOUND, PERMISSION, NOT_A_DATABASE, VERSION, UNSUPPORTED_FILESYSTEM, PID_CLASH, DISK_FULL,
/// MAP_FULL, OUT_OF_ADDRESS_SPACE, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_open(const milepost_open_options* options,
                                                     milepost_tracker* tracker,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// Publishes, and releases every resource and the writer's lock. The handle is gone whatever the
/// answer; calls that run are woken and end, snapshots, subscriptions and works that are left are
/// CLOSED but must still be freed.
/// Threads: any; of two that close one is told CLOSED. Errors: the common ones; an error of the
/// last publishing, whose effects the next open will recover. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_close(milepost_tracker tracker,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// Makes everything acknowledged so far visible to other processes.
/// Threads: any. Errors: the common ones, READ_ONLY, BUSY, DISK_FULL, MAP_FULL. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_tracker_flush(milepost_tracker tracker, int64_t timeout_ms,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// The id of the store; a restored backup has another.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_store_id(milepost_tracker tracker,
                                                         milepost_id* store_id,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Effects that are not published yet; read-only: how far what it sees is behind the writer.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_unpublished(milepost_tracker tracker,
                                                            uint64_t* effects,
                                                            milepost_error* err) MILEPOST_NOEXCEPT;

/// For tests: sets the clock of a tracker that was opened with `manual_clock`. It stands still
/// until set again. Forward steps age leases and snapshots, too; backward steps do not make them
/// younger. Threads: any. Errors: the common ones; INVALID_ARGUMENT for a tracker with a real
/// clock. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_set_clock(milepost_tracker tracker, int64_t instant,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// @}
/// @name Commands
/// Each is durable when its call returns, and seen by every later read in this process. `options`
/// may be NULL. `outcome` is required; `text` is the buffer for the run's error and owner and may
/// be NULL with capacity 0: whether they fit never changes what is done. Errors common to all of
/// them: the common ones, READ_ONLY, BUSY, OUTCOME_UNKNOWN, DISK_FULL, MAP_FULL.
/// @{

/// Makes a run: `command->kind` is MILEPOST_COMMAND_CREATE.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_create(
    milepost_tracker tracker, const milepost_command* command, int64_t timeout_ms,
    milepost_outcome* outcome, char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// queued to running. Of two callers racing exactly one is told `applied`.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_start(
    milepost_tracker tracker, const milepost_id* run_id, const milepost_step_options* options,
    milepost_outcome* outcome, char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// running to completed.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_complete(
    milepost_tracker tracker, const milepost_id* run_id, const milepost_step_options* options,
    milepost_outcome* outcome, char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// queued or running to failed, with a text for people. Ill-formed UTF-8 in it is replaced, what is
/// longer than MILEPOST_ERROR_TEXT_SIZE_MAX is cut.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_fail(
    milepost_tracker tracker, const milepost_id* run_id, const char* error, size_t error_size,
    const milepost_step_options* options, milepost_outcome* outcome, char* text, size_t capacity,
    milepost_error* err) MILEPOST_NOEXCEPT;

/// queued or running to exited.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_exit(
    milepost_tracker tracker, const milepost_id* run_id, const milepost_step_options* options,
    milepost_outcome* outcome, char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// running, under a new owner with a larger token: for runs whose owner died or fell silent.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_adopt(
    milepost_tracker tracker, const milepost_id* run_id, const milepost_step_options* options,
    milepost_outcome* outcome, char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// Begins the run's lease anew: it runs out `lease_ms` from now. Stores nothing.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status
milepost_tracker_heartbeat(milepost_tracker tracker, const milepost_id* run_id, int64_t lease_ms,
                           const milepost_step_options* options, milepost_outcome* outcome,
                           char* text, size_t capacity, milepost_error* err) MILEPOST_NOEXCEPT;

/// Applies up to MILEPOST_BATCH_COMMANDS_MAX commands in order, as one durable commit, all or none
/// on a crash. One outcome each; a refused command changes nothing and spoils nothing. All
/// `struct_size` are the same. `outcomes` is the caller's to free.
/// Threads: any. Errors: those of commands; INVALID_ARGUMENT if one command is malformed or the
/// batch too large. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_apply(milepost_tracker tracker,
                                                      const milepost_command* commands,
                                                      size_t count, int64_t timeout_ms,
                                                      milepost_outcomes* outcomes,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// @}
/// @name Reads
/// `organization_id` may be NULL for the nil organization. Results are the caller's to free.
/// @{

/// The run; `run->found` is 0 if the organization has none of that id. `text` is the buffer for its
/// error and owner, or NULL with capacity 0.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_get(milepost_tracker tracker,
                                                    const milepost_id* run_id,
                                                    const milepost_id* organization_id,
                                                    milepost_run* run, char* text, size_t capacity,
                                                    milepost_error* err) MILEPOST_NOEXCEPT;

/// The exact public response into the caller's buffer, where MILEPOST_RUN_JSON_MAX bytes always
/// suffice; no NUL. Allocates nothing on success.
/// Threads: any. Errors: the common ones, NOT_FOUND; INVALID_ARGUMENT for a small buffer. Since:
/// 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_get_json(milepost_tracker tracker,
                                                         const milepost_id* run_id,
                                                         const milepost_id* organization_id,
                                                         char* out, size_t capacity, size_t* size,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Up to MILEPOST_GET_MANY_MAX runs as they were at one moment, in the order asked for.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_get_many(milepost_tracker tracker,
                                                         const milepost_id* run_ids, size_t count,
                                                         const milepost_id* organization_id,
                                                         milepost_runs* runs,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Waits until the run is final and yields it; woken by the commit. Read-only: until its end is
/// published.
/// Threads: any. Errors: the common ones, NOT_FOUND (also when it is removed meanwhile), BUSY.
/// Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_wait(milepost_tracker tracker,
                                                     const milepost_id* run_id,
                                                     const milepost_id* organization_id,
                                                     int64_t timeout_ms, milepost_run* run,
                                                     char* text, size_t capacity,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// One page of the runs that a filter matches (NULL: all of the nil organization). `page` may be
/// NULL.
/// Threads: any. Errors: the common ones, OTHER_STORE, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_list(milepost_tracker tracker,
                                                     const milepost_filter* filter,
                                                     const milepost_page_options* page,
                                                     milepost_runs* runs,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// The same with each run as its public response, in one JSON array.
/// Threads: any. Errors: the common ones, OTHER_STORE, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_list_json(milepost_tracker tracker,
                                                          const milepost_filter* filter,
                                                          const milepost_page_options* page,
                                                          milepost_json_page* json,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// Runs per status, exact. With both ids NULL everybody's; with a journey and no organization the
/// nil organization's.
/// Threads: any. Errors: the common ones, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_counts(milepost_tracker tracker,
                                                       const milepost_id* organization_id,
                                                       const milepost_id* journey_id,
                                                       int32_t freshness, int64_t timeout_ms,
                                                       milepost_counts* counts,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// One page of the change feed: at most `limit` changes (1 to MILEPOST_CHANGES_LIMIT_MAX) behind
/// the sequence `after`; 0 begins with the store's first. `store_id` is NULL or the store the
/// position belongs to.
/// Threads: any. Errors: the common ones, TOO_OLD, OTHER_STORE, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_changes(milepost_tracker tracker, uint64_t after,
                                                        uint64_t limit, const milepost_id* store_id,
                                                        int32_t freshness, int64_t timeout_ms,
                                                        milepost_changes* changes,
                                                        milepost_error* err) MILEPOST_NOEXCEPT;

/// One moment of the store, from which all reads agree. It keeps old pages from being reused: free
/// it soon. After `snapshot_age_max_ms` its calls are SNAPSHOT_EXPIRED.
/// Threads: any. Errors: the common ones, BUSY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_snapshot(milepost_tracker tracker,
                                                         int32_t freshness, int64_t timeout_ms,
                                                         milepost_snapshot* snapshot,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// The feed as it is published, from behind `after`; with MILEPOST_FROM_NOW only what is published
/// from now on. `store_id` as in milepost_tracker_changes. The caller's to free.
/// Threads: any. Errors: the common ones, TOO_OLD, OTHER_STORE. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_subscribe(milepost_tracker tracker, uint64_t after,
                                                          const milepost_id* store_id,
                                                          milepost_subscription* subscription,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// What an operator wants to know. Costs a few system calls.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_stats(milepost_tracker tracker,
                                                      milepost_stats* stats,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// @}
/// @name Upkeep
/// @{

/// One page of the runs that are running under a process that is gone: adopt or fail them.
/// Threads: any. Errors: the common ones, READ_ONLY, OTHER_STORE, BUSY. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_tracker_orphans(milepost_tracker tracker,
                                                        const milepost_page_options* page,
                                                        milepost_runs* runs,
                                                        milepost_error* err) MILEPOST_NOEXCEPT;

/// One step of failing all orphans with one reason, at most `limit` of them, 1 to
/// MILEPOST_REMOVE_LIMIT_MAX. `failed` is how many it failed; `more`, whether to call again. A run
/// that somebody adopts meanwhile is left alone.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_fail_orphans(milepost_tracker tracker,
                                                             const char* error, size_t error_size,
                                                             uint64_t limit, int64_t timeout_ms,
                                                             uint64_t* failed, uint8_t* more,
                                                             milepost_error* err) MILEPOST_NOEXCEPT;

/// Running runs whose lease has run out, longest overdue first: adopt or fail them with
/// `only_if_expired`. At most `limit`, 1 to MILEPOST_LIST_LIMIT_MAX.
/// Threads: any. Errors: the common ones, READ_ONLY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_expired(milepost_tracker tracker, uint64_t limit,
                                                        milepost_runs* runs,
                                                        milepost_error* err) MILEPOST_NOEXCEPT;

/// One step of retention: removes finished runs by completed_at, and never one that is not
/// finished.
/// Threads: any. Errors: those of commands, OTHER_STORE. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_purge(milepost_tracker tracker,
                                                      const milepost_purge_options* options,
                                                      milepost_purge_report* report,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// Erases every run of a profile, finished or not, and blanks what the change feed says of them.
/// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_erase_profile(
    milepost_tracker tracker, const milepost_id* profile_id, const milepost_id* organization_id,
    int64_t timeout_ms, milepost_erasure* erasure, milepost_error* err) MILEPOST_NOEXCEPT;

/// One step of failing or exiting all runs that a filter matches. Runs made after the first step
/// are left alone. `sample`, which may be NULL, gets the first few of a dry run; the caller's to
/// free.
/// Threads: any. Errors: those of commands, OTHER_STORE. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_bulk(
    milepost_tracker tracker, const milepost_filter* filter, const milepost_bulk_options* options,
    milepost_bulk_report* report, milepost_runs* sample, milepost_error* err) MILEPOST_NOEXCEPT;

/// @}
/// @name Operations that go in steps
/// An operation handle is made by a call, does its work in `_step` on the caller's time, and is
/// cancelled by `_free`. Exports and imports have steps of their own; verify, backup, restore and
/// repair are a milepost_work each.
/// @{

/// Begins to write every run of an organization (NULL: of all) as a line of JSON, in order of run
/// ids; each run is as it was at some moment of the export.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_export_runs(milepost_tracker tracker,
                                                            const milepost_id* organization_id,
                                                            int32_t freshness,
                                                            milepost_export* operation,
                                                            milepost_error* err) MILEPOST_NOEXCEPT;

/// Yields the next whole lines, valid until the next step or free; none, and `progress->done`, at
/// the end. Between steps no snapshot is held. `progress` may be NULL.
/// Threads: one. Errors: the common ones, BUSY; after an error the export is over. Since: 0.1.
/// Status: unstable.
MILEPOST_C_API milepost_status milepost_export_step(milepost_export operation, milepost_text* lines,
                                                    milepost_progress* progress,
                                                    milepost_error* err) MILEPOST_NOEXCEPT;

/// Ends the export, finished or not.
/// Threads: one. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_export_free(milepost_export operation) MILEPOST_NOEXCEPT;

/// Begins to import lines such as an export writes.
/// Threads: any. Errors: the common ones, READ_ONLY. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_import_runs(milepost_tracker tracker,
                                                            milepost_import* operation,
                                                            milepost_error* err) MILEPOST_NOEXCEPT;

/// Imports the next bytes, at most MILEPOST_IMPORT_STEP_MAX; they may end anywhere. Every line that
/// is whole by then is durable when the call returns. `last` is 1 with the last bytes, which need
/// no newline. `report` counts from the beginning. Importing a line again changes nothing: after an
/// error the same step may be repeated, or the whole import.
/// Threads: one. Errors: those of commands. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_import_step(milepost_import operation, const char* data,
                                                    size_t size, uint8_t last, int64_t timeout_ms,
                                                    milepost_import_report* report,
                                                    milepost_error* err) MILEPOST_NOEXCEPT;

/// A line that the last step refused: its number, counted from 1 over all steps, and why. The text
/// is valid until the next step or free.
/// Threads: one. Errors: the common ones; INVALID_ARGUMENT for an index past `problems`.
/// Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_import_problem(milepost_import operation, size_t index,
                                                       uint64_t* line, milepost_text* reason,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// Ends the import. What was imported stays.
/// Threads: one. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_import_free(milepost_import operation) MILEPOST_NOEXCEPT;

/// Begins to verify the store as it is at one moment, with everything acknowledged before the first
/// step, while others go on. `level` is of enum milepost_verify_level. Findings are in the report;
/// an error only says that it was not made. The moment is held until the end: step on or free.
/// Threads: any. Errors: the common ones; from steps BUSY, SNAPSHOT_EXPIRED. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_tracker_verify(milepost_tracker tracker, int32_t level,
                                                       int64_t timeout_ms, milepost_work* work,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// Begins to copy the store into a new folder, which must not exist and appears all at once: one
/// moment, with everything acknowledged before the first step. `compact` leaves free pages out.
/// Threads: any. Errors: the common ones; from steps BUSY, DISK_FULL, PERMISSION, INVALID_ARGUMENT
/// where `to` exists. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_tracker_backup(milepost_tracker tracker, const char* to,
                                                       size_t to_size, uint8_t compact,
                                                       int64_t timeout_ms, milepost_work* work,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// Begins to verify the store in a folder, which no process may have open for writing (LOCKED;
/// milepost_tracker_verify serves there). Any file gets a report, and no file a crash.
/// Threads: any. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY; from steps NOT_FOUND, PERMISSION,
/// NOT_A_DATABASE, LOCKED, ALREADY_OPEN, IO. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_directory_verify(const char* directory, size_t size,
                                                         int32_t level, milepost_work* work,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Begins to make a new store at `to`, which must not exist, from every run at `from` whose record
/// is whole. `from` is only read; the new store has an id of its own.
/// Threads: any. Errors: as milepost_directory_verify; from steps DISK_FULL too. Since: 0.1.
/// Status: unstable.
MILEPOST_C_API milepost_status milepost_directory_repair(const char* from, size_t from_size,
                                                         const char* to, size_t to_size,
                                                         milepost_work* work,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Begins to make a store at `directory` from a backup, which is verified first: if it is damaged,
/// CORRUPT, and nothing is touched. With `replace` a store that is there is moved to
/// `<directory>.replaced`, which must not exist.
/// Threads: any. Errors: as milepost_directory_verify; from steps CORRUPT, DISK_FULL too. Since:
/// 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_backup_restore(const char* backup, size_t backup_size,
                                                       const char* directory, size_t directory_size,
                                                       uint8_t replace, milepost_work* work,
                                                       milepost_error* err) MILEPOST_NOEXCEPT;

/// Does the next part; `progress->done` at the end, when the report can be read. `progress` may be
/// NULL. After an error the work is over, has left nothing behind, and says the same again.
/// Threads: one. Errors: the common ones, CLOSED when its tracker was closed, and those named at
/// the call that began it. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_work_step(milepost_work work, milepost_progress* progress,
                                                  milepost_error* err) MILEPOST_NOEXCEPT;

/// What a work that is done found or did.
/// Threads: one. Errors: the common ones; INVALID_ARGUMENT while it is not done.
/// Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_work_get(milepost_work work, milepost_work_report* report,
                                                 milepost_error* err) MILEPOST_NOEXCEPT;

/// The finding at an index from 0. Its texts are valid until the work is freed.
/// Threads: one. Errors: the common ones; INVALID_ARGUMENT for an index past `findings`.
/// Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_work_finding(milepost_work work, size_t index,
                                                     milepost_finding* finding,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// Ends the work. One that is not done is cancelled and leaves nothing behind.
/// Threads: one. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_work_free(milepost_work work) MILEPOST_NOEXCEPT;

/// @}
/// @name Snapshots
/// The reads of a tracker, from one moment.
/// @{

/// The last sequence this moment holds.
/// Threads: one. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_snapshot_sequence(milepost_snapshot snapshot,
                                                          uint64_t* sequence,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_get.
/// Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_snapshot_get(milepost_snapshot snapshot,
                                                     const milepost_id* run_id,
                                                     const milepost_id* organization_id,
                                                     milepost_run* run, char* text, size_t capacity,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_get_json, with one allocation.
/// Threads: one. Errors: the common ones, NOT_FOUND, SNAPSHOT_EXPIRED. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_snapshot_get_json(milepost_snapshot snapshot,
                                                          const milepost_id* run_id,
                                                          const milepost_id* organization_id,
                                                          char* out, size_t capacity, size_t* size,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_get_many.
/// Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_snapshot_get_many(milepost_snapshot snapshot,
                                                          const milepost_id* run_ids, size_t count,
                                                          const milepost_id* organization_id,
                                                          milepost_runs* runs,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_list.
/// Threads: one. Errors: the common ones, OTHER_STORE, SNAPSHOT_EXPIRED. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_snapshot_list(milepost_snapshot snapshot,
                                                      const milepost_filter* filter,
                                                      const milepost_page_options* page,
                                                      milepost_runs* runs,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_list_json.
/// Threads: one. Errors: the common ones, OTHER_STORE, SNAPSHOT_EXPIRED. Since: 0.1. Status:
/// unstable.
MILEPOST_C_API milepost_status milepost_snapshot_list_json(milepost_snapshot snapshot,
                                                           const milepost_filter* filter,
                                                           const milepost_page_options* page,
                                                           milepost_json_page* json,
                                                           milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_counts.
/// Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_snapshot_counts(milepost_snapshot snapshot,
                                                        const milepost_id* organization_id,
                                                        const milepost_id* journey_id,
                                                        milepost_counts* counts,
                                                        milepost_error* err) MILEPOST_NOEXCEPT;

/// As milepost_tracker_changes.
/// Threads: one. Errors: the common ones, TOO_OLD, OTHER_STORE, SNAPSHOT_EXPIRED. Since: 0.1.
/// Status: unstable.
MILEPOST_C_API milepost_status milepost_snapshot_changes(milepost_snapshot snapshot, uint64_t after,
                                                         uint64_t limit,
                                                         const milepost_id* store_id,
                                                         milepost_changes* changes,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Ends the snapshot. What was read from it stays.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_snapshot_free(milepost_snapshot snapshot) MILEPOST_NOEXCEPT;

/// @}
/// @name Subscriptions
/// @{

/// Waits for changes behind the last one delivered, at most `limit` (1 to
/// MILEPOST_CHANGES_LIMIT_MAX). They are the caller's to free.
/// Threads: one. Errors: the common ones, BUSY when the time ran out, CANCELLED after stop, TOO_OLD
/// if the feed moved on too far meanwhile. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_subscription_next(milepost_subscription subscription,
                                                          uint64_t limit, int64_t timeout_ms,
                                                          milepost_changes* changes,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// Ends a wait under way and every later one.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_subscription_stop(milepost_subscription subscription,
                                                          milepost_error* err) MILEPOST_NOEXCEPT;

/// The sequence of the last change delivered: `after` for a later subscription.
/// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_subscription_position(
    milepost_subscription subscription, uint64_t* sequence, milepost_error* err) MILEPOST_NOEXCEPT;

/// Stops and ends the subscription.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_subscription_free(milepost_subscription subscription)
    MILEPOST_NOEXCEPT;

/// @}
/// @name Results
/// Unchanging values. `_get` fills the caller's struct; `_view` hands out all of them at once:
/// `*first` is the first of `*count` structs that lie `*stride` bytes apart, which may be more than
/// `sizeof **first` where the library is newer than the header. What they point to is valid until
/// the result is freed.
/// @{

/// How many there are, those not `found` among them; 0 for what is no result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API size_t milepost_runs_size(milepost_runs runs) MILEPOST_NOEXCEPT;

/// The run at an index from 0.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_runs_get(milepost_runs runs, size_t index,
                                                 milepost_run* run,
                                                 milepost_error* err) MILEPOST_NOEXCEPT;

/// All runs at once.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_runs_view(milepost_runs runs, const milepost_run** first,
                                                  size_t* count, size_t* stride,
                                                  milepost_error* err) MILEPOST_NOEXCEPT;

/// The cursor of the next page; empty when this is the last one.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_runs_next(milepost_runs runs, milepost_text* cursor,
                                                  milepost_error* err) MILEPOST_NOEXCEPT;

/// Frees the result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_runs_free(milepost_runs runs) MILEPOST_NOEXCEPT;

/// How many there are; 0 for what is no result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API size_t milepost_outcomes_size(milepost_outcomes outcomes) MILEPOST_NOEXCEPT;

/// The outcome at an index from 0.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_outcomes_get(milepost_outcomes outcomes, size_t index,
                                                     milepost_outcome* outcome,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// All outcomes at once.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_outcomes_view(milepost_outcomes outcomes,
                                                      const milepost_outcome** first, size_t* count,
                                                      size_t* stride,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// Frees the result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_outcomes_free(milepost_outcomes outcomes) MILEPOST_NOEXCEPT;

/// How many there are; 0 for what is no result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API size_t milepost_changes_size(milepost_changes changes) MILEPOST_NOEXCEPT;

/// The change at an index from 0.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_changes_get(milepost_changes changes, size_t index,
                                                    milepost_change* change,
                                                    milepost_error* err) MILEPOST_NOEXCEPT;

/// All changes at once.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_changes_view(milepost_changes changes,
                                                     const milepost_change** first, size_t* count,
                                                     size_t* stride,
                                                     milepost_error* err) MILEPOST_NOEXCEPT;

/// Where the page stands.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_changes_position(milepost_changes changes,
                                                         milepost_feed_position* position,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Frees the result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_changes_free(milepost_changes changes) MILEPOST_NOEXCEPT;

/// The JSON array, how many runs are in it, and the next page's cursor; `count` and `next` may be
/// NULL.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_json_page_get(milepost_json_page page, milepost_text* json,
                                                      size_t* count, milepost_text* next,
                                                      milepost_error* err) MILEPOST_NOEXCEPT;

/// Frees the result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_json_page_free(milepost_json_page page) MILEPOST_NOEXCEPT;

/// The numbers.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_stats_get(milepost_stats stats,
                                                  milepost_stats_values* values,
                                                  milepost_error* err) MILEPOST_NOEXCEPT;

/// The tree at an index from 0.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_stats_tree(milepost_stats stats, size_t index,
                                                   milepost_tree_stats* tree,
                                                   milepost_error* err) MILEPOST_NOEXCEPT;

/// The text format of Prometheus, version 0.0.4.
/// Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
MILEPOST_C_API milepost_status milepost_stats_prometheus(milepost_stats stats, milepost_text* text,
                                                         milepost_error* err) MILEPOST_NOEXCEPT;

/// Frees the result.
/// Threads: any. Errors: none. Since: 0.1. Status: unstable.
MILEPOST_C_API void milepost_stats_free(milepost_stats stats) MILEPOST_NOEXCEPT;

/// @}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // MILEPOST_MILEPOST_H
