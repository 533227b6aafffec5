// SPDX-License-Identifier: Apache-2.0
//! The library, texts, defaults, opening and closing.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// The version of the library that is loaded, e.g. `0.1.0`; ends with a NUL, lives for ever.
    /// Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_version() -> *const c_char;
    /// MILEPOST_ABI_VERSION of the library that is loaded. Who loads it at run time compares
    /// first. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_abi_version() -> i32;
    /// The stable name of a code, e.g. `disk_full`; `ok` for MILEPOST_OK, `unknown` for others.
    /// Ends with a NUL, lives for ever. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_error_name(code: i32) -> *const c_char;
    /// The name of a status in the public response, e.g. `queued`; `unknown` for other numbers.
    /// Ends with a NUL, lives for ever. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_run_status_name(status: i32) -> *const c_char;
    /// The status of that name, exact and case-sensitive. Threads: any. Errors: INVALID_ARGUMENT
    /// for any other text. Since: 0.1. Status: unstable.
    pub fn milepost_run_status_parse(
        text: *const c_char,
        size: usize,
        status: *mut i32,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The stable name of an outcome's kind, e.g. `unchanged`; `unknown` for other numbers. Ends
    /// with a NUL, lives for ever. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_outcome_name(kind: i32) -> *const c_char;
    /// The stable name of a change's kind, e.g. `started`; `unknown` for other numbers. Ends with
    /// a NUL, lives for ever. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_change_name(kind: i32) -> *const c_char;
    /// Reads the 36-character text of an id, either case; nothing else is accepted. Threads: any.
    /// Errors: INVALID_ARGUMENT. Since: 0.1. Status: unstable.
    pub fn milepost_id_parse(
        text: *const c_char,
        size: usize,
        id: *mut milepost_id,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Writes the text of an id, in lower case: MILEPOST_ID_TEXT_SIZE characters and no NUL.
    /// Threads: any. Errors: INVALID_ARGUMENT. Since: 0.1. Status: unstable.
    pub fn milepost_id_format(
        id: *const milepost_id,
        text: *mut c_char,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Reads an RFC 3339 instant in UTC; digits past microseconds are cut. Threads: any. Errors:
    /// INVALID_ARGUMENT for other texts, impossible dates, and years outside 1400 to 9999. Since:
    /// 0.1. Status: unstable.
    pub fn milepost_instant_parse(
        text: *const c_char,
        size: usize,
        instant: *mut i64,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Writes the text of an instant, with the fewest of 0, 3 or 6 fraction digits that lose
    /// nothing; no NUL. MILEPOST_INSTANT_TEXT_SIZE_MAX bytes always suffice. Threads: any.
    /// Errors: INVALID_ARGUMENT for a small buffer and years outside 1400 to 9999. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_instant_format(
        instant: i64,
        text: *mut c_char,
        capacity: usize,
        size: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The exact public response for a run; no NUL. MILEPOST_RUN_JSON_MAX bytes always suffice.
    /// Threads: any. Errors: INVALID_ARGUMENT for a small buffer, a run that was not `found`, a
    /// text whose `data` is NULL, an unknown status. Since: 0.1. Status: unstable.
    pub fn milepost_run_json(
        run: *const milepost_run,
        out: *mut c_char,
        capacity: usize,
        size: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Threads: any. Errors: INVALID_ARGUMENT for NULL and sizes nobody released. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_open_options_init(
        options: *mut milepost_open_options,
        size: usize,
    ) -> milepost_status;
    /// The kind is zero, which is none: set it. Threads: any. Errors: INVALID_ARGUMENT as above.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_command_init(command: *mut milepost_command, size: usize) -> milepost_status;
    /// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
    pub fn milepost_step_options_init(
        options: *mut milepost_step_options,
        size: usize,
    ) -> milepost_status;
    /// Every status, nothing else asked for. Threads: any. Errors: INVALID_ARGUMENT as above.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_filter_init(filter: *mut milepost_filter, size: usize) -> milepost_status;
    /// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
    pub fn milepost_page_options_init(
        options: *mut milepost_page_options,
        size: usize,
    ) -> milepost_status;
    /// Nothing is older than `completed_before` yet: set it. Threads: any. Errors:
    /// INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
    pub fn milepost_purge_options_init(
        options: *mut milepost_purge_options,
        size: usize,
    ) -> milepost_status;
    /// Threads: any. Errors: INVALID_ARGUMENT as above. Since: 0.1. Status: unstable.
    pub fn milepost_bulk_options_init(
        options: *mut milepost_bulk_options,
        size: usize,
    ) -> milepost_status;
    /// Opens a store, making it if need be, and recovers what a crash left behind. One writing
    /// process at a time. The handle is the caller's until milepost_tracker_close. Threads: any.
    /// Errors: the common ones, ALREADY_OPEN, LOCKED (names the other process), NOT_FOUND,
    /// PERMISSION, NOT_A_DATABASE, VERSION, UNSUPPORTED_FILESYSTEM, PID_CLASH, DISK_FULL,
    /// MAP_FULL, OUT_OF_ADDRESS_SPACE, BUSY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_open(
        options: *const milepost_open_options,
        tracker: *mut milepost_tracker,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Publishes, and releases every resource and the writer's lock. The handle is gone whatever
    /// the answer; calls that run are woken and end, snapshots, subscriptions and works that are
    /// left are CLOSED but must still be freed. Threads: any; of two that close one is told
    /// CLOSED. Errors: the common ones; an error of the last publishing, whose effects the next
    /// open will recover. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_close(
        tracker: milepost_tracker,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Makes everything acknowledged so far visible to other processes. Threads: any. Errors: the
    /// common ones, READ_ONLY, BUSY, DISK_FULL, MAP_FULL. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_flush(
        tracker: milepost_tracker,
        timeout_ms: i64,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The id of the store; a restored backup has another. Threads: any. Errors: the common ones.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_tracker_store_id(
        tracker: milepost_tracker,
        store_id: *mut milepost_id,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Effects that are not published yet; read-only: how far what it sees is behind the writer.
    /// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_unpublished(
        tracker: milepost_tracker,
        effects: *mut u64,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// For tests: sets the clock of a tracker that was opened with `manual_clock`. It stands
    /// still until set again. Forward steps age leases and snapshots, too; backward steps do not
    /// make them younger. Threads: any. Errors: the common ones; INVALID_ARGUMENT for a tracker
    /// with a real clock. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_set_clock(
        tracker: milepost_tracker,
        instant: i64,
        err: *mut milepost_error,
    ) -> milepost_status;
}
