// SPDX-License-Identifier: Apache-2.0
//! Snapshots and subscriptions.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// The last sequence this moment holds. Threads: one. Errors: the common ones. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_snapshot_sequence(
        snapshot: milepost_snapshot,
        sequence: *mut u64,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_get. Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED. Since:
    /// 0.1. Status: unstable.
    pub fn milepost_snapshot_get(
        snapshot: milepost_snapshot,
        run_id: *const milepost_id,
        organization_id: *const milepost_id,
        run: *mut milepost_run,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_get_json, with one allocation. Threads: one. Errors: the common ones,
    /// NOT_FOUND, SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_get_json(
        snapshot: milepost_snapshot,
        run_id: *const milepost_id,
        organization_id: *const milepost_id,
        out: *mut c_char,
        capacity: usize,
        size: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_get_many. Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_get_many(
        snapshot: milepost_snapshot,
        run_ids: *const milepost_id,
        count: usize,
        organization_id: *const milepost_id,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_list. Threads: one. Errors: the common ones, OTHER_STORE,
    /// SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_list(
        snapshot: milepost_snapshot,
        filter: *const milepost_filter,
        page: *const milepost_page_options,
        runs: *mut milepost_runs,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_list_json. Threads: one. Errors: the common ones, OTHER_STORE,
    /// SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_list_json(
        snapshot: milepost_snapshot,
        filter: *const milepost_filter,
        page: *const milepost_page_options,
        json: *mut milepost_json_page,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_counts. Threads: one. Errors: the common ones, SNAPSHOT_EXPIRED.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_counts(
        snapshot: milepost_snapshot,
        organization_id: *const milepost_id,
        journey_id: *const milepost_id,
        counts: *mut milepost_counts,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// As milepost_tracker_changes. Threads: one. Errors: the common ones, TOO_OLD, OTHER_STORE,
    /// SNAPSHOT_EXPIRED. Since: 0.1. Status: unstable.
    pub fn milepost_snapshot_changes(
        snapshot: milepost_snapshot,
        after: u64,
        limit: u64,
        store_id: *const milepost_id,
        changes: *mut milepost_changes,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Ends the snapshot. What was read from it stays. Threads: any. Errors: none. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_snapshot_free(snapshot: milepost_snapshot);
    /// Waits for changes behind the last one delivered, at most `limit` (1 to
    /// MILEPOST_CHANGES_LIMIT_MAX). They are the caller's to free. Threads: one. Errors: the
    /// common ones, BUSY when the time ran out, CANCELLED after stop, TOO_OLD if the feed moved
    /// on too far meanwhile. Since: 0.1. Status: unstable.
    pub fn milepost_subscription_next(
        subscription: milepost_subscription,
        limit: u64,
        timeout_ms: i64,
        changes: *mut milepost_changes,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Ends a wait under way and every later one. Threads: any. Errors: the common ones. Since:
    /// 0.1. Status: unstable.
    pub fn milepost_subscription_stop(
        subscription: milepost_subscription,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The sequence of the last change delivered: `after` for a later subscription. Threads: any.
    /// Errors: the common ones. Since: 0.1. Status: unstable.
    pub fn milepost_subscription_position(
        subscription: milepost_subscription,
        sequence: *mut u64,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Stops and ends the subscription. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_subscription_free(subscription: milepost_subscription);
}
