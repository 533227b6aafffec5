// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What an operator wants to know. Sizes are in bytes.
 *
 * @param runs runs per status
 * @param mapBytes size of the map
 * @param mapBytesMax it never grows past this
 * @param dataBytes bytes of the map in use
 * @param freeBytes bytes of the map that are free
 * @param diskFreeBytes bytes free on the disk
 * @param journalBytes size of all journal segments
 * @param journalLiveBytes bytes of journal that a crash would replay
 * @param recentRuns runs in memory
 * @param recentBytes memory they take
 * @param readers slots of readers that are taken
 * @param readersMax slots of readers
 * @param oldestReaderPid process of the oldest reader, 0 for none
 * @param oldestReaderLag how many commits it is behind
 * @param snapshots snapshots alive
 * @param sequence the last effect
 * @param sequenceSynced the last one that is synced
 * @param sequencePublished the last one that other processes see
 * @param feedFirst the first one that the feed still has
 * @param epoch how often the store was opened to write
 * @param pending effects not yet published
 * @param leases leases that run
 * @param commands commands since the tracker was opened
 * @param groups commits since then
 * @param publishes publishings since then
 * @param commit how long commits took
 * @param publish how long publishing took
 * @param oldestReaderMs age of the oldest reader, in milliseconds
 * @param oldestSnapshotMs age of the oldest snapshot, in milliseconds
 * @param queueDepth calls that wait for their commit
 * @param lastError of publishing, while it lasts; else empty
 * @param prometheus all of it in the text format of Prometheus, version 0.0.4
 * @param trees the trees of the store
 */
public record Stats(
        Counts runs,
        long mapBytes,
        long mapBytesMax,
        long dataBytes,
        long freeBytes,
        long diskFreeBytes,
        long journalBytes,
        long journalLiveBytes,
        long recentRuns,
        long recentBytes,
        long readers,
        long readersMax,
        long oldestReaderPid,
        long oldestReaderLag,
        long snapshots,
        long sequence,
        long sequenceSynced,
        long sequencePublished,
        long feedFirst,
        long epoch,
        long pending,
        long leases,
        long commands,
        long groups,
        long publishes,
        Latency commit,
        Latency publish,
        long oldestReaderMs,
        long oldestSnapshotMs,
        long queueDepth,
        String lastError,
        String prometheus,
        List<Tree> trees) {
    /**
     * The distribution of a kind of work since the tracker was opened.
     *
     * @param count how often
     * @param sum how long in all
     * @param p50 the median
     * @param p99 the 99th percentile
     * @param p999 the 99.9th percentile
     */
    public record Latency(long count, Duration sum, Duration p50, Duration p99, Duration p999) {
        private static Latency of(Reply from) {
            long count = from.i64();
            Duration sum = Duration.ofNanos(from.i64());
            Duration p50 = Duration.ofNanos(from.i64());
            Duration p99 = Duration.ofNanos(from.i64());
            return new Latency(count, sum, p50, p99, Duration.ofNanos(from.i64()));
        }
    }

    /**
     * One tree of the store.
     *
     * @param name its name
     * @param depth its depth
     * @param entries its entries
     * @param bytes its size
     */
    public record Tree(String name, int depth, long entries, long bytes) {}

    static Stats of(Reply from) {
        return new Stats(
                from.counts(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                Latency.of(from),
                Latency.of(from),
                from.i64(),
                from.i64(),
                from.i64(),
                from.text(),
                from.text(),
                trees(from));
    }

    private static List<Tree> trees(Reply from) {
        List<Tree> trees = new ArrayList<>();
        for (int left = from.i32(); left > 0; left--) {
            String name = from.text();
            int depth = from.i32();
            long entries = from.i64();
            trees.add(new Tree(name, depth, entries, from.i64()));
        }
        return trees;
    }
}
