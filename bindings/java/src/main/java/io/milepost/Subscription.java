// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;

/**
 * A place in the change feed. {@link #next} is called by one thread at a time; the other methods by
 * any.
 */
public final class Subscription implements AutoCloseable {
    /** {@link Tracker#subscribe}: only what is published from now on. */
    public static final long FROM_NOW = -1L;

    private final long handle;
    private final Cleaner.Cleanable cleanable;

    Subscription(long handle) {
        this.handle = handle;
        cleanable = Tracker.CLEANER.register(
                this, () -> Native.call(Operation.SUBSCRIPTION_FREE, handle));
    }

    /** Stops and ends the subscription. Closing again does nothing. */
    @Override
    public void close() {
        cleanable.clean();
    }

    private Reply call(Operation operation, Request request) {
        try {
            return Native.call(operation, handle, request);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Waits for changes behind the last one delivered.
     *
     * @param limit how many at most, 1 to {@link Tracker#CHANGES_LIMIT_MAX}
     * @param timeout how long; null: until there are some, the thread is interrupted or this closed
     * @return the changes
     * @throws BusyException when the time has run out
     * @throws InterruptedException within a moment of being interrupted
     */
    public ChangePage next(long limit, Duration timeout) throws InterruptedException {
        return Reads.sliced(timeout, slice -> {
            Request request = new Request(16).i64(limit).i64(slice);
            return call(Operation.SUBSCRIPTION_NEXT, request).changes();
        });
    }

    /** Ends a wait under way and every later one, with {@link ErrorCode#CANCELLED}. */
    public void stop() {
        call(Operation.SUBSCRIPTION_STOP, new Request(0));
    }

    /**
     * The sequence of the last change delivered: where a later subscription goes on.
     *
     * @return the sequence
     */
    public long position() {
        return call(Operation.SUBSCRIPTION_POSITION, new Request(0)).i64();
    }
}
