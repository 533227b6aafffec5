// SPDX-License-Identifier: Apache-2.0
//! Operations that go in steps.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// Begins to write every run of an organization (NULL: of all) as a line of JSON, in order of
    /// run ids; each run is as it was at some moment of the export. Threads: any. Errors: the
    /// common ones. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_export_runs(
        tracker: milepost_tracker,
        organization_id: *const milepost_id,
        freshness: i32,
        operation: *mut milepost_export,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Yields the next whole lines, valid until the next step or free; none, and
    /// `progress->done`, at the end. Between steps no snapshot is held. `progress` may be NULL.
    /// Threads: one. Errors: the common ones, BUSY; after an error the export is over. Since:
    /// 0.1. Status: unstable.
    pub fn milepost_export_step(
        operation: milepost_export,
        lines: *mut milepost_text,
        progress: *mut milepost_progress,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Ends the export, finished or not. Threads: one. Errors: none. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_export_free(operation: milepost_export);
    /// Begins to import lines such as an export writes. Threads: any. Errors: the common ones,
    /// READ_ONLY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_import_runs(
        tracker: milepost_tracker,
        operation: *mut milepost_import,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Imports the next bytes, at most MILEPOST_IMPORT_STEP_MAX; they may end anywhere. Every
    /// line that is whole by then is durable when the call returns. `last` is 1 with the last
    /// bytes, which need no newline. `report` counts from the beginning. Importing a line again
    /// changes nothing: after an error the same step may be repeated, or the whole import.
    /// Threads: one. Errors: those of commands. Since: 0.1. Status: unstable.
    pub fn milepost_import_step(
        operation: milepost_import,
        data: *const c_char,
        size: usize,
        last: u8,
        timeout_ms: i64,
        report: *mut milepost_import_report,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// A line that the last step refused: its number, counted from 1 over all steps, and why. The
    /// text is valid until the next step or free. Threads: one. Errors: the common ones;
    /// INVALID_ARGUMENT for an index past `problems`. Since: 0.1. Status: unstable.
    pub fn milepost_import_problem(
        operation: milepost_import,
        index: usize,
        line: *mut u64,
        reason: *mut milepost_text,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Ends the import. What was imported stays. Threads: one. Errors: none. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_import_free(operation: milepost_import);
    /// Begins to verify the store as it is at one moment, with everything acknowledged before the
    /// first step, while others go on. `level` is of enum milepost_verify_level. Findings are in
    /// the report; an error only says that it was not made. The moment is held until the end:
    /// step on or free. Threads: any. Errors: the common ones; from steps BUSY, SNAPSHOT_EXPIRED.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_tracker_verify(
        tracker: milepost_tracker,
        level: i32,
        timeout_ms: i64,
        work: *mut milepost_work,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Begins to copy the store into a new folder, which must not exist and appears all at once:
    /// one moment, with everything acknowledged before the first step. `compact` leaves free
    /// pages out. Threads: any. Errors: the common ones; from steps BUSY, DISK_FULL, PERMISSION,
    /// INVALID_ARGUMENT where `to` exists. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_backup(
        tracker: milepost_tracker,
        to: *const c_char,
        to_size: usize,
        compact: u8,
        timeout_ms: i64,
        work: *mut milepost_work,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Begins to verify the store in a folder, which no process may have open for writing
    /// (LOCKED; milepost_tracker_verify serves there). Any file gets a report, and no file a
    /// crash. Threads: any. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY; from steps NOT_FOUND,
    /// PERMISSION, NOT_A_DATABASE, LOCKED, ALREADY_OPEN, IO. Since: 0.1. Status: unstable.
    pub fn milepost_directory_verify(
        directory: *const c_char,
        size: usize,
        level: i32,
        work: *mut milepost_work,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Begins to make a new store at `to`, which must not exist, from every run at `from` whose
    /// record is whole. `from` is only read; the new store has an id of its own. Threads: any.
    /// Errors: as milepost_directory_verify; from steps DISK_FULL too. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_directory_repair(
        from: *const c_char,
        from_size: usize,
        to: *const c_char,
        to_size: usize,
        work: *mut milepost_work,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Begins to make a store at `directory` from a backup, which is verified first: if it is
    /// damaged, CORRUPT, and nothing is touched. With `replace` a store that is there is moved to
    /// `<directory>.replaced`, which must not exist. Threads: any. Errors: as
    /// milepost_directory_verify; from steps CORRUPT, DISK_FULL too. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_backup_restore(
        backup: *const c_char,
        backup_size: usize,
        directory: *const c_char,
        directory_size: usize,
        replace: u8,
        work: *mut milepost_work,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Does the next part; `progress->done` at the end, when the report can be read. `progress`
    /// may be NULL. After an error the work is over, has left nothing behind, and says the same
    /// again. Threads: one. Errors: the common ones, CLOSED when its tracker was closed, and
    /// those named at the call that began it. Since: 0.1. Status: unstable.
    pub fn milepost_work_step(
        work: milepost_work,
        progress: *mut milepost_progress,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// What a work that is done found or did. Threads: one. Errors: the common ones;
    /// INVALID_ARGUMENT while it is not done. Since: 0.1. Status: unstable.
    pub fn milepost_work_get(
        work: milepost_work,
        report: *mut milepost_work_report,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The finding at an index from 0. Its texts are valid until the work is freed. Threads: one.
    /// Errors: the common ones; INVALID_ARGUMENT for an index past `findings`. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_work_finding(
        work: milepost_work,
        index: usize,
        finding: *mut milepost_finding,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Ends the work. One that is not done is cancelled and leaves nothing behind. Threads: one.
    /// Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_work_free(work: milepost_work);
}
