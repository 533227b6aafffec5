// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** The requests that trackers and snapshots share; {@code moment} says which of the two. */
final class Reads {
    private static final long SLICE_MS = 50;

    private Reads() {}

    static Request get(boolean moment, UUID organizationId, UUID runId) {
        return new Request(33).u8(moment).id(runId).id(organizationId);
    }

    static Request getMany(boolean moment, UUID organizationId, List<UUID> runIds) {
        if (runIds.size() > Tracker.GET_MANY_MAX) {
            throw MilepostException.invalid("More than 10,000 ids.");
        }
        Request request = new Request(21 + 16 * runIds.size()).u8(moment).id(organizationId);
        request.i32(runIds.size());
        runIds.forEach(request::id);
        return request;
    }

    static Request list(boolean moment, Filter filter, PageOptions page) {
        return page.encode(filter.encode(new Request(256).u8(moment)));
    }

    static JsonPage jsonPage(Reply reply) {
        String next = reply.text();
        int count = reply.i32();
        return new JsonPage(reply.data(), count, next);
    }

    static Request counts(boolean moment, UUID organization, UUID journey, Freshness freshness) {
        return new Request(64)
                .u8(moment)
                .optionalId(organization)
                .optionalId(journey)
                .i32(freshness.number())
                .timeout(null);
    }

    static Request changes(
            boolean moment, long after, long limit, UUID storeId, Freshness freshness) {
        return new Request(64)
                .u8(moment)
                .i64(after)
                .i64(limit)
                .optionalId(storeId)
                .i32(freshness.number())
                .timeout(null);
    }

    /** A wait of at most that many milliseconds. */
    interface Wait<T> {
        T until(long millis);
    }

    /** Waits in slices, so that an interrupt is noticed; a wait that is woken returns at once. */
    static <T> T sliced(Duration timeout, Wait<T> wait) throws InterruptedException {
        long begin = System.nanoTime();
        long limit = timeout == null ? Long.MAX_VALUE : Math.max(0, Request.millis(timeout));
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            long gone = (System.nanoTime() - begin) / 1_000_000;
            long left = Math.max(0, limit - gone);
            try {
                return wait.until(Math.min(left, SLICE_MS));
            } catch (BusyException e) {
                if (left <= SLICE_MS) {
                    throw e;
                }
            }
        }
    }
}
