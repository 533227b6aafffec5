// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * What one step of retention removes. Begin with {@link #before(Instant)}.
 *
 * @param completedBefore runs that finished at this instant or later stay
 * @param organizationId null: of every organization
 * @param limit 1 to {@link Tracker#REMOVE_LIMIT_MAX}
 * @param cursor {@code next} of the step before; empty for the first
 * @param dryRun only counts
 * @param timeout how long the call waits for its turn; null: as the tracker's options say
 */
public record PurgeOptions(
        Instant completedBefore,
        UUID organizationId,
        long limit,
        String cursor,
        boolean dryRun,
        Duration timeout) {
    /**
     * The first step for what finished before an instant.
     *
     * @param completedBefore the instant
     * @return the options
     */
    public static PurgeOptions before(Instant completedBefore) {
        return new PurgeOptions(completedBefore, null, 1000, "", false, null);
    }

    /**
     * The step that follows.
     *
     * @param next as a report has it
     * @return a copy
     */
    public PurgeOptions at(String next) {
        return new PurgeOptions(completedBefore, organizationId, limit, next, dryRun, timeout);
    }
}
