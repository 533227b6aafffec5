// SPDX-License-Identifier: Apache-2.0
//! Handles: numbers, never addresses, so that a stale one is an error code.

/// A store, opened. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_tracker {
    /// Value.
    pub value: u64,
}

/// One moment of a store. Threads: one.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_snapshot {
    /// Value.
    pub value: u64,
}

/// A place in the change feed. Threads: one, except for stop and position.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_subscription {
    /// Value.
    pub value: u64,
}

/// An export under way. Threads: one.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_export {
    /// Value.
    pub value: u64,
}

/// An import under way. Threads: one.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_import {
    /// Value.
    pub value: u64,
}

/// A verify, backup, restore or repair under way, or done. Threads: one.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_work {
    /// Value.
    pub value: u64,
}

/// A result: runs, and where to go on. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_runs {
    /// Value.
    pub value: u64,
}

/// A result: the outcomes of a batch. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_outcomes {
    /// Value.
    pub value: u64,
}

/// A result: a page of the change feed. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_changes {
    /// Value.
    pub value: u64,
}

/// A result: a page of runs as JSON. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_json_page {
    /// Value.
    pub value: u64,
}

/// A result: what an operator wants to know. Threads: any.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct milepost_stats {
    /// Value.
    pub value: u64,
}
