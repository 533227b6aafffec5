// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;

/**
 * What one bulk step does. Begin with {@link #EXIT} or {@link #fail(String)}.
 *
 * @param action fail or exit
 * @param error for fail: the reason
 * @param limit 1 to {@link Tracker#REMOVE_LIMIT_MAX}
 * @param cursor {@code next} of the step before; empty for the first
 * @param dryRun counts what matches and shows a few, changes nothing
 * @param timeout how long the call waits for its turn; null: as the tracker's options say
 */
public record BulkOptions(
        BulkAction action,
        String error,
        long limit,
        String cursor,
        boolean dryRun,
        Duration timeout) {
    /** The first step of exiting. */
    public static final BulkOptions EXIT =
            new BulkOptions(BulkAction.EXIT, "", 1000, "", false, null);

    /**
     * The first step of failing.
     *
     * @param error the reason, for people
     * @return the options
     */
    public static BulkOptions fail(String error) {
        return new BulkOptions(BulkAction.FAIL, error, 1000, "", false, null);
    }

    /**
     * The step that follows.
     *
     * @param next as a report has it
     * @return a copy
     */
    public BulkOptions at(String next) {
        return new BulkOptions(action, error, limit, next, dryRun, timeout);
    }

    /**
     * The same, only counting.
     *
     * @return a copy
     */
    public BulkOptions dry() {
        return new BulkOptions(action, error, limit, cursor, true, timeout);
    }
}
