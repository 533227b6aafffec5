// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Instant;
import java.util.UUID;

/**
 * Makes a run in any status, with its own instants.
 *
 * @param runId its id
 * @param journeyId the journey that it is of
 * @param profileId who travels
 * @param organizationId whose it is
 * @param status where it stands
 * @param triggeredAt when it was triggered
 * @param startedAt when it was started, or null
 * @param completedAt when it ended, or null
 * @param error of a failed run, or null
 */
public record ImportCommand(
        UUID runId,
        UUID journeyId,
        UUID profileId,
        UUID organizationId,
        Status status,
        Instant triggeredAt,
        Instant startedAt,
        Instant completedAt,
        String error)
        implements Command {}
