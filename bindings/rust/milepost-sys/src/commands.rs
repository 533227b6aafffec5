// SPDX-License-Identifier: Apache-2.0
//! Commands.

use super::*;
use std::os::raw::c_char;
extern "C" {
    /// Makes a run: `command->kind` is MILEPOST_COMMAND_CREATE. Threads: any. Errors: those of
    /// commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_create(
        tracker: milepost_tracker,
        command: *const milepost_command,
        timeout_ms: i64,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// queued to running. Of two callers racing exactly one is told `applied`. Threads: any.
    /// Errors: those of commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_start(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// running to completed. Threads: any. Errors: those of commands. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_complete(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// queued or running to failed, with a text for people. Ill-formed UTF-8 in it is replaced,
    /// what is longer than MILEPOST_ERROR_TEXT_SIZE_MAX is cut. Threads: any. Errors: those of
    /// commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_fail(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        error: *const c_char,
        error_size: usize,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// queued or running to exited. Threads: any. Errors: those of commands. Since: 0.1. Status:
    /// unstable.
    pub fn milepost_tracker_exit(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// running, under a new owner with a larger token: for runs whose owner died or fell silent.
    /// Threads: any. Errors: those of commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_adopt(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Begins the run's lease anew: it runs out `lease_ms` from now. Stores nothing. Threads:
    /// any. Errors: those of commands. Since: 0.1. Status: unstable.
    pub fn milepost_tracker_heartbeat(
        tracker: milepost_tracker,
        run_id: *const milepost_id,
        lease_ms: i64,
        options: *const milepost_step_options,
        outcome: *mut milepost_outcome,
        text: *mut c_char,
        capacity: usize,
        err: *mut milepost_error,
    ) -> milepost_status;
    /// Applies up to MILEPOST_BATCH_COMMANDS_MAX commands in order, as one durable commit, all or
    /// none on a crash. One outcome each; a refused command changes nothing and spoils nothing.
    /// All `struct_size` are the same. `outcomes` is the caller's to free. Threads: any. Errors:
    /// those of commands; INVALID_ARGUMENT if one command is malformed or the batch too large.
    /// Since: 0.1. Status: unstable.
    pub fn milepost_tracker_apply(
        tracker: milepost_tracker,
        commands: *const milepost_command,
        count: usize,
        timeout_ms: i64,
        outcomes: *mut milepost_outcomes,
        err: *mut milepost_error,
    ) -> milepost_status;
}
