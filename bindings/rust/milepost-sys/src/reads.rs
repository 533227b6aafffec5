// SPDX-License-Identifier: Apache-2.0
//! Reads of a tracker.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// The run; `run->found` is 0 if the organization has none of that id. `text` is the buffer
    /// for its error and owner, or NULL with capacity 0. Threads: any. Errors: the common ones.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_tracker_get(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        organization_id: *const milepost_id,
        run: *mut milepost_run,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The exact public response into the caller's buffer, where MILEPOST_RUN_JSON_MAX bytes
    /// always suffice; no NUL. Allocates nothing on success. Threads: any. Errors: the common
    /// ones, NOT_FOUND; INVALID_ARGUMENT for a small buffer. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_get_json(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        organization_id: *const milepost_id,
        out: *mut c_char,
        capacity: usize,
        size: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Up to MILEPOST_GET_MANY_MAX runs as they were at one moment, in the order asked for.
    /// Threads: any. Errors: the common ones. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_get_many(
        tracker: milepost_tracker,
        run_ids: *const milepost_id,
        count: usize,
        organization_id: *const milepost_id,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Waits until the run is final and yields it; woken by the commit. Read-only: until its end
    /// is published. Threads: any. Errors: the common ones, NOT_FOUND (also when it is removed
    /// meanwhile), BUSY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_wait(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        organization_id: *const milepost_id,
        timeout_ms: i64,
        run: *mut milepost_run,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One page of the runs that a filter matches (NULL: all of the nil organization). `page` may
    /// be NULL. Threads: any. Errors: the common ones, OTHER_STORE, BUSY. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_list(
        tracker: milepost_tracker,
        filter: *const milepost_filter,
        page: *const milepost_page_options,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The same with each run as its public response, in one JSON array. Threads: any. Errors:
    /// the common ones, OTHER_STORE, BUSY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_list_json(
        tracker: milepost_tracker,
        filter: *const milepost_filter,
        page: *const milepost_page_options,
        json: *mut milepost_json_page,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Runs per status, exact. With both ids NULL everybody's; with a journey and no organization
    /// the nil organization's. Threads: any. Errors: the common ones, BUSY. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_counts(
        tracker: milepost_tracker,
        organization_id: *const milepost_id,
        journey_id: *const milepost_id,
        freshness: i32,
        timeout_ms: i64,
        counts: *mut milepost_counts,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One page of the change feed: at most `limit` changes (1 to MILEPOST_CHANGES_LIMIT_MAX)
    /// behind the sequence `after`; 0 begins with the store's first. `store_id` is NULL or the
    /// store the position belongs to. Threads: any. Errors: the common ones, TOO_OLD,
    /// OTHER_STORE, BUSY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_changes(
        tracker: milepost_tracker,
        after: u64,
        limit: u64,
        store_id: *const milepost_id,
        freshness: i32,
        timeout_ms: i64,
        changes: *mut milepost_changes,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// One moment of the store, from which all reads agree. It keeps old pages from being reused:
    /// free it soon. After `snapshot_age_max_ms` its calls are SNAPSHOT_EXPIRED. Threads: any.
    /// Errors: the common ones, BUSY. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_snapshot(
        tracker: milepost_tracker,
        freshness: i32,
        timeout_ms: i64,
        snapshot: *mut milepost_snapshot,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The feed as it is published, from behind `after`; with MILEPOST_FROM_NOW only what is
    /// published from now on. `store_id` as in milepost_tracker_changes. The caller's to free.
    /// Threads: any. Errors: the common ones, TOO_OLD, OTHER_STORE. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_subscribe(
        tracker: milepost_tracker,
        after: u64,
        store_id: *const milepost_id,
        subscription: *mut milepost_subscription,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// What an operator wants to know. Costs a few system calls. Threads: any. Errors: the common
    /// ones. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_stats(
        tracker: milepost_tracker,
        stats: *mut milepost_stats,
        err: *mut milepost_error,
    ) -> milepost_status;
}
