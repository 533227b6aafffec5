// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One moment of a store, from which all reads agree. It keeps old pages from being reused: close it
 * soon. After {@code snapshotAgeMax} its reads fail with {@link ErrorCode#SNAPSHOT_EXPIRED}. It may
 * move between threads, but is used by one at a time: two calls at once fail with {@link
 * ErrorCode#INVALID_ARGUMENT}.
 */
public final class Snapshot implements AutoCloseable {
    private final long handle;
    private final Cleaner.Cleanable cleanable;

    Snapshot(long handle) {
        this.handle = handle;
        cleanable = Tracker.CLEANER.register(
                this, () -> Native.call(Operation.SNAPSHOT_FREE, handle));
    }

    /** Ends the snapshot. What was read from it stays. Closing again does nothing. */
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
     * The last sequence this moment holds.
     *
     * @return the sequence
     */
    public long sequence() {
        return call(Operation.SNAPSHOT_SEQUENCE, new Request(0)).i64();
    }

    /**
     * As {@link Tracker#get(UUID, UUID)}.
     *
     * @param organizationId whose
     * @param runId which
     * @return the run, if it has one of that id
     */
    public Optional<Run> get(UUID organizationId, UUID runId) {
        Request request = Reads.get(true, organizationId, runId);
        return Optional.ofNullable(call(Operation.GET, request).run());
    }

    /**
     * As {@link Tracker#getJson(UUID, UUID)}.
     *
     * @param organizationId whose
     * @param runId which
     * @return JSON in UTF-8, if it has a run of that id
     */
    public Optional<byte[]> getJson(UUID organizationId, UUID runId) {
        try {
            return Optional.ofNullable(Native.json(handle, true,
                    runId.getMostSignificantBits(), runId.getLeastSignificantBits(),
                    organizationId.getMostSignificantBits(),
                    organizationId.getLeastSignificantBits()));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * As {@link Tracker#getMany}.
     *
     * @param organizationId whose
     * @param runIds which
     * @return for each the run, or null
     */
    public List<Run> getMany(UUID organizationId, List<UUID> runIds) {
        return call(Operation.GET_MANY, Reads.getMany(true, organizationId, runIds)).page().runs();
    }

    /**
     * As {@link Tracker#list}.
     *
     * @param filter which runs
     * @param page which page
     * @return the page
     */
    public Page list(Filter filter, PageOptions page) {
        return call(Operation.LIST, Reads.list(true, filter, page)).page();
    }

    /**
     * As {@link Tracker#listJson}.
     *
     * @param filter which runs
     * @param page which page
     * @return the page
     */
    public JsonPage listJson(Filter filter, PageOptions page) {
        return Reads.jsonPage(call(Operation.LIST_JSON, Reads.list(true, filter, page)));
    }

    /**
     * As {@link Tracker#counts}.
     *
     * @param organizationId whose, or null
     * @param journeyId of which journey, or null
     * @return the counts
     */
    public Counts counts(UUID organizationId, UUID journeyId) {
        Request request = Reads.counts(true, organizationId, journeyId, Freshness.LATEST);
        return call(Operation.COUNTS, request).counts();
    }

    /**
     * As {@link Tracker#changes}.
     *
     * @param after only changes behind this sequence
     * @param limit 1 to {@link Tracker#CHANGES_LIMIT_MAX}
     * @param storeId the store that {@code after} belongs to, or null
     * @return the page
     */
    public ChangePage changes(long after, long limit, UUID storeId) {
        Request request = Reads.changes(true, after, limit, storeId, Freshness.LATEST);
        return call(Operation.CHANGES, request).changes();
    }
}
