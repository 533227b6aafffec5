// SPDX-License-Identifier: Apache-2.0
//! What an operator wants to know, laid out as C does.

use super::*;
/// What an operator wants to know: see `milepost::Stats`. Times in ns; quantiles are of
/// commits and of publishing since the tracker was opened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_stats_values {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// How many milepost_stats_tree knows.
    pub trees: u32,
    /// Queued.
    pub queued: u64,
    /// Running.
    pub running: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Exited.
    pub exited: u64,
    /// Map bytes.
    pub map_bytes: u64,
    /// Map bytes max.
    pub map_bytes_max: u64,
    /// Data bytes.
    pub data_bytes: u64,
    /// Free bytes.
    pub free_bytes: u64,
    /// Disk free bytes.
    pub disk_free_bytes: u64,
    /// Journal bytes.
    pub journal_bytes: u64,
    /// Journal live bytes.
    pub journal_live_bytes: u64,
    /// Recent runs.
    pub recent_runs: u64,
    /// Recent bytes.
    pub recent_bytes: u64,
    /// Readers.
    pub readers: u32,
    /// Readers max.
    pub readers_max: u32,
    /// Oldest reader pid.
    pub oldest_reader_pid: i64,
    /// Oldest reader lag.
    pub oldest_reader_lag: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Sequence.
    pub sequence: u64,
    /// Sequence synced.
    pub sequence_synced: u64,
    /// Sequence published.
    pub sequence_published: u64,
    /// Feed first.
    pub feed_first: u64,
    /// Epoch.
    pub epoch: u64,
    /// Pending.
    pub pending: u64,
    /// Leases.
    pub leases: u64,
    /// Commands.
    pub commands: u64,
    /// Groups.
    pub groups: u64,
    /// Publishes.
    pub publishes: u64,
    /// Commit count.
    pub commit_count: u64,
    /// Commit sum ns.
    pub commit_sum_ns: u64,
    /// Commit p50 ns.
    pub commit_p50_ns: u64,
    /// Commit p99 ns.
    pub commit_p99_ns: u64,
    /// Commit p999 ns.
    pub commit_p999_ns: u64,
    /// Publish count.
    pub publish_count: u64,
    /// Publish sum ns.
    pub publish_sum_ns: u64,
    /// Publish p50 ns.
    pub publish_p50_ns: u64,
    /// Publish p99 ns.
    pub publish_p99_ns: u64,
    /// Publish p999 ns.
    pub publish_p999_ns: u64,
    /// Of publishing, while it lasts.
    pub last_error: milepost_text,
    /// Oldest reader ms.
    pub oldest_reader_ms: u64,
    /// Oldest snapshot ms.
    pub oldest_snapshot_ms: u64,
    /// Calls that wait for their commit.
    pub queue_depth: u64,
}

/// One tree of the store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_tree_stats {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Depth.
    pub depth: u32,
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
    /// Name.
    pub name: milepost_text,
}
