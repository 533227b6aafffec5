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
}
