// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;

/**
 * Which page of a list. Begin with {@link #FIRST}.
 *
 * @param limit 1 to {@link Tracker#LIST_LIMIT_MAX}
 * @param cursor {@code next} of the page before; empty for the first
 * @param order by the instant of the trigger
 * @param freshness of which moment; without meaning in a snapshot
 * @param timeout how long the call may wait; null: as the tracker's options say
 */
public record PageOptions(
        long limit, String cursor, Order order, Freshness freshness, Duration timeout) {
    /** The newest hundred. */
    public static final PageOptions FIRST =
            new PageOptions(100, "", Order.NEWEST_FIRST, Freshness.LATEST, null);

    /**
     * The same with pages of another size.
     *
     * @param runs how many
     * @return a copy
     */
    public PageOptions withLimit(long runs) {
        return new PageOptions(runs, cursor, order, freshness, timeout);
    }

    /**
     * Another page of the same list.
     *
     * @param next as a page has it
     * @return a copy
     */
    public PageOptions at(String next) {
        return new PageOptions(limit, next, order, freshness, timeout);
    }

    /**
     * The same in another order.
     *
     * @param other which
     * @return a copy
     */
    public PageOptions in(Order other) {
        return new PageOptions(limit, cursor, other, freshness, timeout);
    }

    /**
     * The same of another moment.
     *
     * @param other which
     * @return a copy
     */
    public PageOptions of(Freshness other) {
        return new PageOptions(limit, cursor, order, other, timeout);
    }

    /**
     * The same with a bound on waiting.
     *
     * @param bound how long the call may wait
     * @return a copy
     */
    public PageOptions withTimeout(Duration bound) {
        return new PageOptions(limit, cursor, order, freshness, bound);
    }

    Request encode(Request to) {
        return to.i32(order.number())
                .i32(freshness.number())
                .i64(limit)
                .text(cursor)
                .timeout(timeout);
    }
}
