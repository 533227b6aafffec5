// SPDX-License-Identifier: Apache-2.0
//! Numbers of the C header: limits and enumerations.

/// The version of this ABI and of the library's SONAME; raised by any break.
pub const MILEPOST_ABI_VERSION: i32 = 1;
/// @name Limits Each is one of the C++ API's under another name. @{
pub const MILEPOST_TEXT_SIZE_MAX: usize = 2_147_483_647;
/// Characters of an id.
pub const MILEPOST_ID_TEXT_SIZE: usize = 36;
/// Characters of an instant.
pub const MILEPOST_INSTANT_TEXT_SIZE_MAX: usize = 27;
/// Bytes of a run's error; a longer one is cut.
pub const MILEPOST_ERROR_TEXT_SIZE_MAX: usize = 4_096;
/// Bytes of an owner.
pub const MILEPOST_OWNER_SIZE_MAX: usize = 255;
/// Bytes of an idempotency key.
pub const MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX: usize = 255;
/// Bytes that a run's error and owner take at most.
pub const MILEPOST_RUN_TEXT_MAX: usize = 4_351;
/// Bytes of a run's public JSON.
pub const MILEPOST_RUN_JSON_MAX: usize = 24_843;
/// Bytes of a cursor.
pub const MILEPOST_CURSOR_SIZE_MAX: usize = 255;
/// Commands of one milepost_tracker_apply.
pub const MILEPOST_BATCH_COMMANDS_MAX: usize = 10_000;
/// Ids of one get_many.
pub const MILEPOST_GET_MANY_MAX: usize = 10_000;
/// Runs of one page.
pub const MILEPOST_LIST_LIMIT_MAX: usize = 1_000;
/// Changes of one page.
pub const MILEPOST_CHANGES_LIMIT_MAX: usize = 10_000;
/// Runs of one step of a purge or bulk call.
pub const MILEPOST_REMOVE_LIMIT_MAX: usize = 10_000;
/// Bytes of one milepost_import_step.
pub const MILEPOST_IMPORT_STEP_MAX: usize = 16_777_216;
/// Findings that a work keeps; all are counted.
pub const MILEPOST_FINDINGS_MAX: usize = 1_000;
/// `timeout_ms`: the tracker's `wait_max_ms`.
pub const MILEPOST_TIMEOUT_DEFAULT: i64 = -1;
/// See milepost_tracker_subscribe.
pub const MILEPOST_FROM_NOW: u64 = u64::MAX;

// enum milepost_code
/// Ok.
pub const MILEPOST_OK: i32 = 0;
/// An argument breaks a documented rule; nothing was done.
pub const MILEPOST_E_INVALID_ARGUMENT: i32 = -1;
/// No such store, file, or (JSON calls, wait) run.
pub const MILEPOST_E_NOT_FOUND: i32 = -2;
/// The time ran out first; nothing was done.
pub const MILEPOST_E_BUSY: i32 = -3;
/// May or may not survive; repeat the command to learn.
pub const MILEPOST_E_OUTCOME_UNKNOWN: i32 = -4;
/// A write on a tracker that was opened read-only.
pub const MILEPOST_E_READ_ONLY: i32 = -5;
/// The object was closed or freed.
pub const MILEPOST_E_CLOSED: i32 = -6;
/// This process already has the store open.
pub const MILEPOST_E_ALREADY_OPEN: i32 = -7;
/// Another process writes to the store.
pub const MILEPOST_E_LOCKED: i32 = -8;
/// Opened by a parent process; open a new one.
pub const MILEPOST_E_FORKED: i32 = -9;
/// Close and open the tracker before it can go on.
pub const MILEPOST_E_NEEDS_REOPEN: i32 = -10;
/// Snapshot expired.
pub const MILEPOST_E_SNAPSHOT_EXPIRED: i32 = -11;
/// The feed no longer holds that position.
pub const MILEPOST_E_TOO_OLD: i32 = -12;
/// The position or cursor belongs to another store.
pub const MILEPOST_E_OTHER_STORE: i32 = -13;
/// Cancelled.
pub const MILEPOST_E_CANCELLED: i32 = -14;
/// Disk full.
pub const MILEPOST_E_DISK_FULL: i32 = -15;
/// The store reached `map_size_max`.
pub const MILEPOST_E_MAP_FULL: i32 = -16;
/// Readers full.
pub const MILEPOST_E_READERS_FULL: i32 = -17;
/// Two processes share a pid number (pid namespaces).
pub const MILEPOST_E_PID_CLASH: i32 = -18;
/// Unsupported filesystem.
pub const MILEPOST_E_UNSUPPORTED_FILESYSTEM: i32 = -19;
/// Permission.
pub const MILEPOST_E_PERMISSION: i32 = -20;
/// Not a database.
pub const MILEPOST_E_NOT_A_DATABASE: i32 = -21;
/// The store was written by an incompatible version.
pub const MILEPOST_E_VERSION: i32 = -22;
/// Stored bytes fail their checks.
pub const MILEPOST_E_CORRUPT: i32 = -23;
/// Io.
pub const MILEPOST_E_IO: i32 = -24;
/// Out of memory.
pub const MILEPOST_E_OUT_OF_MEMORY: i32 = -25;
/// Out of address space.
pub const MILEPOST_E_OUT_OF_ADDRESS_SPACE: i32 = -26;
/// A broken invariant inside the library; please report it.
pub const MILEPOST_E_INTERNAL: i32 = -27;

// enum milepost_applied
/// Applied no.
pub const MILEPOST_APPLIED_NO: i32 = 0;
/// Applied yes.
pub const MILEPOST_APPLIED_YES: i32 = 1;
/// Applied unknown.
pub const MILEPOST_APPLIED_UNKNOWN: i32 = 2;

// enum milepost_run_status
/// Run queued.
pub const MILEPOST_RUN_QUEUED: i32 = 0;
/// Run running.
pub const MILEPOST_RUN_RUNNING: i32 = 1;
/// Run completed.
pub const MILEPOST_RUN_COMPLETED: i32 = 2;
/// Run failed.
pub const MILEPOST_RUN_FAILED: i32 = 3;
/// Run exited.
pub const MILEPOST_RUN_EXITED: i32 = 4;

// enum milepost_outcome_kind
/// This call made the run.
pub const MILEPOST_OUTCOME_CREATED: i32 = 0;
/// This call moved the run, or renewed its lease.
pub const MILEPOST_OUTCOME_APPLIED: i32 = 1;
/// It had already happened.
pub const MILEPOST_OUTCOME_UNCHANGED: i32 = 2;
/// The run's status does not allow it.
pub const MILEPOST_OUTCOME_ILLEGAL: i32 = 3;
/// Somebody else did, or owns, it.
pub const MILEPOST_OUTCOME_CONFLICT: i32 = 4;
/// No such run in that organization.
pub const MILEPOST_OUTCOME_NOT_FOUND: i32 = 5;

// enum milepost_command_kind
/// Makes a run, in status queued.
pub const MILEPOST_COMMAND_CREATE: i32 = 1;
/// queued to running
pub const MILEPOST_COMMAND_START: i32 = 2;
/// running to completed
pub const MILEPOST_COMMAND_COMPLETE: i32 = 3;
/// queued or running to failed
pub const MILEPOST_COMMAND_FAIL: i32 = 4;
/// queued or running to exited
pub const MILEPOST_COMMAND_EXIT: i32 = 5;
/// running, under a new owner with a larger token
pub const MILEPOST_COMMAND_ADOPT: i32 = 6;
/// Begins the run's lease anew.
pub const MILEPOST_COMMAND_HEARTBEAT: i32 = 7;
/// Makes a run in any status, with its own instants.
pub const MILEPOST_COMMAND_IMPORT: i32 = 8;

// enum milepost_order
/// Newest first.
pub const MILEPOST_NEWEST_FIRST: i32 = 0;
/// Oldest first.
pub const MILEPOST_OLDEST_FIRST: i32 = 1;

// enum milepost_freshness
/// Everything acknowledged before the call.
pub const MILEPOST_LATEST: i32 = 0;
/// What is published already; never waits.
pub const MILEPOST_PUBLISHED: i32 = 1;

// enum milepost_change_kind
/// Change created.
pub const MILEPOST_CHANGE_CREATED: i32 = 0;
/// Change started.
pub const MILEPOST_CHANGE_STARTED: i32 = 1;
/// Change completed.
pub const MILEPOST_CHANGE_COMPLETED: i32 = 2;
/// Change failed.
pub const MILEPOST_CHANGE_FAILED: i32 = 3;
/// Change exited.
pub const MILEPOST_CHANGE_EXITED: i32 = 4;
/// Change adopted.
pub const MILEPOST_CHANGE_ADOPTED: i32 = 5;
/// Change imported.
pub const MILEPOST_CHANGE_IMPORTED: i32 = 6;
/// Removed by retention; only `run_id` is known.
pub const MILEPOST_CHANGE_PURGED: i32 = 7;
/// Removed with its profile; only `run_id` is known.
pub const MILEPOST_CHANGE_ERASED: i32 = 8;
/// Only `profile_id` and `organization_id` are set.
pub const MILEPOST_CHANGE_PROFILE_ERASED: i32 = 9;
/// Happened to a run of a profile erased since.
pub const MILEPOST_CHANGE_BLANKED: i32 = 10;

// enum milepost_bulk_action
/// Bulk fail.
pub const MILEPOST_BULK_FAIL: i32 = 0;
/// Bulk exit.
pub const MILEPOST_BULK_EXIT: i32 = 1;

// enum milepost_verify_level
/// Records, index rows, counters, keys, changes; the journal.
pub const MILEPOST_VERIFY_RECORDS: i32 = 0;
/// Before that every page: for files that are not trusted.
pub const MILEPOST_VERIFY_PAGES: i32 = 1;

// enum milepost_durability
/// It survives a crash of the process, of the machine, a cut of power.
pub const MILEPOST_DURABLE: i32 = 0;
/// A power cut may take a bounded last stretch.
pub const MILEPOST_RELAXED: i32 = 1;

// enum milepost_log_level
/// Log debug.
pub const MILEPOST_LOG_DEBUG: i32 = 0;
/// Log info.
pub const MILEPOST_LOG_INFO: i32 = 1;
/// Log warning.
pub const MILEPOST_LOG_WARNING: i32 = 2;
/// Log error.
pub const MILEPOST_LOG_ERROR: i32 = 3;
