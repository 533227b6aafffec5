// SPDX-License-Identifier: Apache-2.0
//! Results.

use super::*;
extern "C" {
    /// How many there are, those not `found` among them; 0 for what is no result. Threads: any.
    /// Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_runs_size(runs: milepost_runs) -> usize;
    /// The run at an index from 0. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_runs_get(
        runs: milepost_runs,
        index: usize,
        run: *mut milepost_run,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// All runs at once. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_runs_view(
        runs: milepost_runs,
        first: *mut *const milepost_run,
        count: *mut usize,
        stride: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The cursor of the next page; empty when this is the last one. Threads: any. Errors:
    /// INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
    pub fn milepost_runs_next(
        runs: milepost_runs,
        cursor: *mut milepost_text,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Frees the result. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_runs_free(runs: milepost_runs);
    /// How many there are; 0 for what is no result. Threads: any. Errors: none. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_outcomes_size(outcomes: milepost_outcomes) -> usize;
    /// The outcome at an index from 0. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since:
    /// 0.1. Status: unstable.
    pub fn milepost_outcomes_get(
        outcomes: milepost_outcomes,
        index: usize,
        outcome: *mut milepost_outcome,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// All outcomes at once. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_outcomes_view(
        outcomes: milepost_outcomes,
        first: *mut *const milepost_outcome,
        count: *mut usize,
        stride: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Frees the result. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_outcomes_free(outcomes: milepost_outcomes);
    /// How many there are; 0 for what is no result. Threads: any. Errors: none. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_changes_size(changes: milepost_changes) -> usize;
    /// The change at an index from 0. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_changes_get(
        changes: milepost_changes,
        index: usize,
        change: *mut milepost_change,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// All changes at once. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_changes_view(
        changes: milepost_changes,
        first: *mut *const milepost_change,
        count: *mut usize,
        stride: *mut usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Where the page stands. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_changes_position(
        changes: milepost_changes,
        position: *mut milepost_feed_position,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Frees the result. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_changes_free(changes: milepost_changes);
    /// The JSON array, how many runs are in it, and the next page's cursor; `count` and `next`
    /// may be NULL. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
    pub fn milepost_json_page_get(
        page: milepost_json_page,
        json: *mut milepost_text,
        count: *mut usize,
        next: *mut milepost_text,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Frees the result. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_json_page_free(page: milepost_json_page);
    /// The numbers. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1. Status: unstable.
    pub fn milepost_stats_get(
        stats: milepost_stats,
        values: *mut milepost_stats_values,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The tree at an index from 0. Threads: any. Errors: INVALID_ARGUMENT, CLOSED. Since: 0.1.
    /// Status: unstable.
    pub fn milepost_stats_tree(
        stats: milepost_stats,
        index: usize,
        tree: *mut milepost_tree_stats,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// The text format of Prometheus, version 0.0.4. Threads: any. Errors: INVALID_ARGUMENT,
    /// CLOSED. Since: 0.1. Status: unstable.
    pub fn milepost_stats_prometheus(
        stats: milepost_stats,
        text: *mut milepost_text,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Frees the result. Threads: any. Errors: none. Since: 0.1. Status: unstable.
    pub fn milepost_stats_free(stats: milepost_stats);
}
