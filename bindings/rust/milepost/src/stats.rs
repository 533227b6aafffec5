// SPDX-License-Identifier: Apache-2.0
//! What an operator wants to know.
use crate::{
    call::{check, sized, text_in, text_out, Owned},
    Counts, Result, Tracker,
};
use milepost_sys as sys;
use std::time::Duration;

/// The distribution of a kind of work since the tracker was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Latency {
    pub count: u64,
    pub sum: Duration,
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
}

/// One tree of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TreeStats {
    pub name: String,
    pub depth: u32,
    pub entries: u64,
    pub bytes: u64,
}

/// What an operator wants to know. Sizes are in bytes; names are those of the C header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
#[non_exhaustive]
pub struct Stats {
    pub runs: Counts,
    pub map_bytes: u64,
    pub map_bytes_max: u64,
    pub data_bytes: u64,
    pub free_bytes: u64,
    pub disk_free_bytes: u64,
    pub journal_bytes: u64,
    pub journal_live_bytes: u64,
    pub recent_runs: u64,
    pub recent_bytes: u64,
    pub readers: u32,
    pub readers_max: u32,
    pub oldest_reader_pid: i64,
    pub oldest_reader_lag: u64,
    pub oldest_reader_age: Duration,
    pub oldest_snapshot_age: Duration,
    pub queue_depth: u64,
    pub snapshots: u64,
    pub sequence: u64,
    pub sequence_synced: u64,
    pub sequence_published: u64,
    pub feed_first: u64,
    pub epoch: u64,
    pub pending: u64,
    pub leases: u64,
    pub commands: u64,
    pub groups: u64,
    pub publishes: u64,
    pub commit: Latency,
    pub publish: Latency,
    /// Of publishing, while it lasts.
    pub last_error: String,
    pub trees: Vec<TreeStats>,
    /// All of it in the text format of Prometheus, version 0.0.4.
    pub prometheus: String,
}

fn latency(count: u64, sum: u64, p50: u64, p99: u64, p999: u64) -> Latency {
    let ns = Duration::from_nanos;
    Latency { count, sum: ns(sum), p50: ns(p50), p99: ns(p99), p999: ns(p999) }
}

impl Tracker {
    /// What an operator wants to know. Costs a few system calls.
    pub fn stats(&self) -> Result<Stats> {
        let mut handle = sys::milepost_stats { value: 0 };
        check(|err| unsafe { sys::milepost_tracker_stats(self.handle, &mut handle, err) })?;
        let owned = Owned(handle, sys::milepost_stats_free);
        let mut v = unsafe { sized::<sys::milepost_stats_values>() };
        check(|err| unsafe { sys::milepost_stats_get(owned.0, &mut v, err) })?;
        let mut page = text_in(&[]);
        check(|err| unsafe { sys::milepost_stats_prometheus(owned.0, &mut page, err) })?;
        let trees = (0..v.trees as usize).map(|index| {
            let mut tree = unsafe { sized::<sys::milepost_tree_stats>() };
            check(|err| unsafe { sys::milepost_stats_tree(owned.0, index, &mut tree, err) })?;
            let sys::milepost_tree_stats { depth, entries, bytes, name, .. } = tree;
            Ok(TreeStats { name: unsafe { text_out(name) }, depth, entries, bytes })
        });
        // SAFETY: the result, and with it every text, is alive until the end of this function.
        let (last_error, prometheus) = unsafe { (text_out(v.last_error), text_out(page)) };
        let (queued, running, completed) = (v.queued, v.running, v.completed);
        Ok(Stats {
            runs: Counts { queued, running, completed, failed: v.failed, exited: v.exited },
            map_bytes: v.map_bytes,
            map_bytes_max: v.map_bytes_max,
            data_bytes: v.data_bytes,
            free_bytes: v.free_bytes,
            disk_free_bytes: v.disk_free_bytes,
            journal_bytes: v.journal_bytes,
            journal_live_bytes: v.journal_live_bytes,
            recent_runs: v.recent_runs,
            recent_bytes: v.recent_bytes,
            readers: v.readers,
            readers_max: v.readers_max,
            oldest_reader_pid: v.oldest_reader_pid,
            oldest_reader_lag: v.oldest_reader_lag,
            oldest_reader_age: Duration::from_millis(v.oldest_reader_ms),
            oldest_snapshot_age: Duration::from_millis(v.oldest_snapshot_ms),
            queue_depth: v.queue_depth,
            snapshots: v.snapshots,
            sequence: v.sequence,
            sequence_synced: v.sequence_synced,
            sequence_published: v.sequence_published,
            feed_first: v.feed_first,
            epoch: v.epoch,
            pending: v.pending,
            leases: v.leases,
            commands: v.commands,
            groups: v.groups,
            publishes: v.publishes,
            commit: latency(
                v.commit_count,
                v.commit_sum_ns,
                v.commit_p50_ns,
                v.commit_p99_ns,
                v.commit_p999_ns,
            ),
            publish: latency(
                v.publish_count,
                v.publish_sum_ns,
                v.publish_p50_ns,
                v.publish_p99_ns,
                v.publish_p999_ns,
            ),
            last_error,
            trees: trees.collect::<Result<_>>()?,
            prometheus,
        })
    }
}
