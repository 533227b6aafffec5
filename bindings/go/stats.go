// SPDX-License-Identifier: Apache-2.0

// What an operator wants to know.

package milepost

/*
#include "shim.h"
*/
import "C"

import "time"

// Latency is the distribution of a kind of work since the tracker was opened.
type Latency struct {
	Count               uint64
	Sum, P50, P99, P999 time.Duration
}

// TreeStats is one tree of the store.
type TreeStats struct {
	Name    string
	Depth   uint32
	Entries uint64
	Bytes   uint64
}

// Stats is what an operator wants to know. Sizes are in bytes.
type Stats struct {
	Runs                                                   Counts
	MapBytes, MapBytesMax, DataBytes, FreeBytes            uint64
	DiskFreeBytes, JournalBytes, JournalLiveBytes          uint64
	RecentRuns, RecentBytes                                uint64
	Readers, ReadersMax                                    uint32
	OldestReaderPID                                        int64
	OldestReaderAge, OldestSnapshotAge                     time.Duration
	QueueDepth                                             uint64 // Calls that wait for their commit.
	OldestReaderLag, Snapshots                             uint64
	Sequence, SequenceSynced, SequencePublished, FeedFirst uint64
	Epoch, Pending, Leases, Commands, Groups, Publishes    uint64
	Commit, Publish                                        Latency
	LastError                                              string // Of publishing, while it lasts.
	Trees                                                  []TreeStats
	Prometheus                                             string // All of it, text format 0.0.4.
}

// Stats costs a few system calls.
func (t *Tracker) Stats() (Stats, error) {
	f := takeFrame()
	defer f.put()
	var handle C.milepost_stats
	if C.milepost_tracker_stats(t.handle, &handle, &f.c.err) != 0 {
		return Stats{}, f.err()
	}
	defer C.milepost_stats_free(handle)
	c := C.milepost_stats_values{struct_size: C.sizeof_milepost_stats_values}
	var text C.milepost_text
	if C.milepost_stats_get(handle, &c, &f.c.err) != 0 ||
		C.milepost_stats_prometheus(handle, &text, &f.c.err) != 0 {
		return Stats{}, f.err()
	}
	n := func(v C.uint64_t) uint64 { return uint64(v) }
	stats := Stats{
		Runs:     Counts{n(c.queued), n(c.running), n(c.completed), n(c.failed), n(c.exited)},
		MapBytes: n(c.map_bytes), MapBytesMax: n(c.map_bytes_max), DataBytes: n(c.data_bytes),
		FreeBytes: n(c.free_bytes), DiskFreeBytes: n(c.disk_free_bytes),
		JournalBytes: n(c.journal_bytes), JournalLiveBytes: n(c.journal_live_bytes),
		RecentRuns: n(c.recent_runs), RecentBytes: n(c.recent_bytes),
		Readers: uint32(c.readers), ReadersMax: uint32(c.readers_max),
		OldestReaderPID: int64(c.oldest_reader_pid), OldestReaderLag: n(c.oldest_reader_lag),
		OldestReaderAge:   time.Duration(c.oldest_reader_ms) * time.Millisecond,
		OldestSnapshotAge: time.Duration(c.oldest_snapshot_ms) * time.Millisecond,
		QueueDepth:        n(c.queue_depth),
		Snapshots:         n(c.snapshots), Sequence: n(c.sequence), SequenceSynced: n(c.sequence_synced),
		SequencePublished: n(c.sequence_published), FeedFirst: n(c.feed_first), Epoch: n(c.epoch),
		Pending: n(c.pending), Leases: n(c.leases), Commands: n(c.commands), Groups: n(c.groups),
		Publishes: n(c.publishes),
		Commit: latency(c.commit_count, c.commit_sum_ns, c.commit_p50_ns, c.commit_p99_ns,
			c.commit_p999_ns),
		Publish: latency(c.publish_count, c.publish_sum_ns, c.publish_p50_ns, c.publish_p99_ns,
			c.publish_p999_ns),
		LastError: textOf(c.last_error), Prometheus: textOf(text),
	}
	for i := C.uint32_t(0); i < c.trees; i++ {
		tree := C.milepost_tree_stats{struct_size: C.sizeof_milepost_tree_stats}
		if C.milepost_stats_tree(handle, C.size_t(i), &tree, &f.c.err) != 0 {
			return Stats{}, f.err()
		}
		stats.Trees = append(stats.Trees, TreeStats{textOf(tree.name), uint32(tree.depth),
			n(tree.entries), n(tree.bytes)})
	}
	return stats, nil
}

func latency(count, sum, p50, p99, p999 C.uint64_t) Latency {
	d := func(ns C.uint64_t) time.Duration { return time.Duration(ns) }
	return Latency{uint64(count), d(sum), d(p50), d(p99), d(p999)}
}
