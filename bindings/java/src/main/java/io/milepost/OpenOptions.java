// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BiConsumer;

/**
 * How to open a store. A fresh one has the library's defaults; each setter yields the object:
 *
 * <pre>{@code
 * var options = new OpenOptions(Path.of("runs")).durability(Durability.RELAXED);
 * }</pre>
 */
public final class OpenOptions {
    private final Path directory;
    private Durability durability;
    private boolean create;
    private boolean readOnly;
    private boolean allowUnsupportedFilesystem;
    private int readersMax;
    private Duration waitMax;
    private long mapSizeStart;
    private long mapSizeMax;
    private long recentBytesMax;
    private Duration publishInterval;
    private long journalSegmentBytes;
    private long journalBytesMax;
    private Duration relaxedDelayMax;
    private long relaxedBytesMax;
    private long feedRetention;
    private Duration idempotencyKeyLifetime;
    private Duration snapshotAgeMax;
    private Instant clock;
    private BiConsumer<LogLevel, String> log;

    /**
     * The library's defaults for a store in a directory.
     *
     * @param directory the store's folder, made with mode 0700 when absent
     */
    public OpenOptions(Path directory) {
        this.directory = directory;
        Reply defaults = Native.call(Operation.DEFAULTS, 0);
        durability = Durability.of(defaults.i32());
        create = defaults.u8();
        readOnly = defaults.u8();
        allowUnsupportedFilesystem = defaults.u8();
        readersMax = defaults.i32();
        waitMax = Duration.ofMillis(defaults.i64());
        mapSizeStart = defaults.i64();
        mapSizeMax = defaults.i64();
        recentBytesMax = defaults.i64();
        publishInterval = Duration.ofMillis(defaults.i64());
        journalSegmentBytes = defaults.i64();
        journalBytesMax = defaults.i64();
        relaxedDelayMax = Duration.ofMillis(defaults.i64());
        relaxedBytesMax = defaults.i64();
        feedRetention = defaults.i64();
        idempotencyKeyLifetime = Duration.ofSeconds(defaults.i64());
        snapshotAgeMax = Duration.ofMillis(defaults.i64());
    }

    /**
     * Sets {@code durability}: what an acknowledgement means.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions durability(Durability value) {
        durability = value;
        return this;
    }

    /**
     * Sets {@code create}: make the store when the directory holds none.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions create(boolean value) {
        create = value;
        return this;
    }

    /**
     * Sets {@code readOnly}: read what another process publishes; any number of processes may.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions readOnly(boolean value) {
        readOnly = value;
        return this;
    }

    /**
     * Sets {@code allowUnsupportedFilesystem}: open on a network or
     * user-space file system, at your own risk.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions allowUnsupportedFilesystem(boolean value) {
        allowUnsupportedFilesystem = value;
        return this;
    }

    /**
     * Sets {@code readersMax}: slots for concurrent readers, over all processes.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions readersMax(int value) {
        readersMax = value;
        return this;
    }

    /**
     * Sets {@code waitMax}: how long a call waits for its turn when it names no timeout.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions waitMax(Duration value) {
        waitMax = value;
        return this;
    }

    /**
     * Sets {@code mapSizeStart}: the map's first size; it doubles by itself and costs no disk.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions mapSizeStart(long value) {
        mapSizeStart = value;
        return this;
    }

    /**
     * Sets {@code mapSizeMax}: the map never grows past this.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions mapSizeMax(long value) {
        mapSizeMax = value;
        return this;
    }

    /**
     * Sets {@code recentBytesMax}: memory for young runs.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions recentBytesMax(long value) {
        recentBytesMax = value;
        return this;
    }

    /**
     * Sets {@code publishInterval}: how far other processes may lag behind.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions publishInterval(Duration value) {
        publishInterval = value;
        return this;
    }

    /**
     * Sets {@code journalSegmentBytes}: size of one journal segment.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions journalSegmentBytes(long value) {
        journalSegmentBytes = value;
        return this;
    }

    /**
     * Sets {@code journalBytesMax}: size of all segments.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions journalBytesMax(long value) {
        journalBytesMax = value;
        return this;
    }

    /**
     * Sets {@code relaxedDelayMax}: relaxed: the largest age of an effect not yet synced.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions relaxedDelayMax(Duration value) {
        relaxedDelayMax = value;
        return this;
    }

    /**
     * Sets {@code relaxedBytesMax}: relaxed: the most bytes not yet synced.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions relaxedBytesMax(long value) {
        relaxedBytesMax = value;
        return this;
    }

    /**
     * Sets {@code feedRetention}: how many changes the feed keeps, at least; 0 keeps none.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions feedRetention(long value) {
        feedRetention = value;
        return this;
    }

    /**
     * Sets {@code idempotencyKeyLifetime}: how long a key answers, in whole seconds; zero: as
     * long as its run is kept.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions idempotencyKeyLifetime(Duration value) {
        idempotencyKeyLifetime = value;
        return this;
    }

    /**
     * Sets {@code snapshotAgeMax}: the largest age of a snapshot.
     *
     * @param value the value
     * @return this
     */
    public OpenOptions snapshotAgeMax(Duration value) {
        snapshotAgeMax = value;
        return this;
    }

    /**
     * For tests: a clock that shows an instant until {@link Tracker#setClock}.
     *
     * @param at what it shows at first
     * @return this
     */
    public OpenOptions clock(Instant at) {
        clock = at;
        return this;
    }

    /**
     * Receives what an operator should know, from any thread, while the tracker is open. It must
     * not call back into this package; what it throws is dropped.
     *
     * @param hook what is called
     * @return this
     */
    public OpenOptions log(BiConsumer<LogLevel, String> hook) {
        log = hook;
        return this;
    }

    BiConsumer<LogLevel, String> hook() {
        return log;
    }

    Request encode(long hook) {
        return new Request(256)
                .i32(durability.number())
                .u8(create)
                .u8(readOnly)
                .u8(allowUnsupportedFilesystem)
                .i32(readersMax)
                .i64(Request.millis(waitMax))
                .i64(mapSizeStart)
                .i64(mapSizeMax)
                .i64(recentBytesMax)
                .i64(Request.millis(publishInterval))
                .i64(journalSegmentBytes)
                .i64(journalBytesMax)
                .i64(Request.millis(relaxedDelayMax))
                .i64(relaxedBytesMax)
                .i64(feedRetention)
                .i64(idempotencyKeyLifetime.toSeconds())
                .i64(Request.millis(snapshotAgeMax))
                .optionalInstant(clock)
                .data(Request.path(directory))
                .i64(hook);
    }
}
