// SPDX-License-Identifier: Apache-2.0
//! Upkeep.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// One page of the runs that are running under a process that is gone: adopt or fail them.
    /// Threads: any. Errors: the common ones, READ_ONLY, OTHER_STORE, BUSY. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_orphans(
        tracker: milepost_tracker,
        page: *const milepost_page_options,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One step of failing all orphans with one reason, at most `limit` of them, 1 to
    /// MILEPOST_REMOVE_LIMIT_MAX. `failed` is how many it failed; `more`, whether to call again.
    /// A run that somebody adopts meanwhile is left alone. Threads: any. Errors: those of
    /// commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_fail_orphans(
        tracker: milepost_tracker,
        error: *const c_char,
        error_size: usize,
        limit: u64,
        timeout_ms: i64,
        failed: *mut u64,
        more: *mut u8,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Running runs whose lease has run out, longest overdue first: adopt or fail them with
    /// `only_if_expired`. At most `limit`, 1 to MILEPOST_LIST_LIMIT_MAX. Threads: any. Errors:
    /// the common ones, READ_ONLY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_expired(
        tracker: milepost_tracker,
        limit: u64,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One step of retention: removes finished runs by completed_at, and never one that is not
    /// finished. Threads: any. Errors: those of commands, OTHER_STORE. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_purge(
        tracker: milepost_tracker,
        options: *const milepost_purge_options,
        report: *mut milepost_purge_report,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Erases every run of a profile, finished or not, and blanks what the change feed says of
    /// them. Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_erase_profile(
        tracker: milepost_tracker,
        profile_id: *const milepost_id,
        organization_id: *const milepost_id,
        timeout_ms: i64,
        erasure: *mut milepost_erasure,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One step of failing or exiting all runs that a filter matches. Runs made after the first
    /// step are left alone. `sample`, which may be NULL, gets the first few of a dry run; the
    /// caller's to free. Threads: any. Errors: those of commands, OTHER_STORE. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_tracker_bulk(
        tracker: milepost_tracker,
        filter: *const milepost_filter,
        options: *const milepost_bulk_options,
        report: *mut milepost_bulk_report,
        sample: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
}
