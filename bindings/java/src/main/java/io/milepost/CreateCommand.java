// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * Makes a run, in status queued. Begin with {@link #of(UUID, UUID)}.
 *
 * @param journeyId the journey that it is of
 * @param profileId who travels
 * @param organizationId whose it is
 * @param runId its id; null: a fresh UUIDv7
 * @param triggeredAt when; null: by the tracker's clock
 * @param idempotencyKey any bytes; a repeat under the same key names the first run; empty: none
 * @param timeout how long the call waits for its turn; null: as the tracker's options say
 */
public record CreateCommand(
        UUID journeyId,
        UUID profileId,
        UUID organizationId,
        UUID runId,
        Instant triggeredAt,
        byte[] idempotencyKey,
        Duration timeout)
        implements Command {
    /**
     * A run of a journey for a profile, everything else by default.
     *
     * @param journeyId the journey
     * @param profileId the profile
     * @return the command
     */
    public static CreateCommand of(UUID journeyId, UUID profileId) {
        return new CreateCommand(journeyId, profileId, Ids.NIL, null, null, new byte[0], null);
    }

    /**
     * The same of another organization.
     *
     * @param id whose it is
     * @return a copy
     */
    public CreateCommand withOrganization(UUID id) {
        return new CreateCommand(
                journeyId, profileId, id, runId, triggeredAt, idempotencyKey, timeout);
    }

    /**
     * The same with an id of one's own.
     *
     * @param id the run's
     * @return a copy
     */
    public CreateCommand withRunId(UUID id) {
        return new CreateCommand(
                journeyId, profileId, organizationId, id, triggeredAt, idempotencyKey, timeout);
    }

    /**
     * The same, triggered at that instant.
     *
     * @param at when
     * @return a copy
     */
    public CreateCommand withTriggeredAt(Instant at) {
        return new CreateCommand(
                journeyId, profileId, organizationId, runId, at, idempotencyKey, timeout);
    }

    /**
     * The same under a key, as UTF-8.
     *
     * @param key names the request: a repeat makes no second run
     * @return a copy
     */
    public CreateCommand withIdempotencyKey(String key) {
        return withIdempotencyKey(Request.utf8(key));
    }

    /**
     * The same under a key.
     *
     * @param key names the request: a repeat makes no second run
     * @return a copy
     */
    public CreateCommand withIdempotencyKey(byte[] key) {
        return new CreateCommand(
                journeyId, profileId, organizationId, runId, triggeredAt, key.clone(), timeout);
    }

    /**
     * The same with a bound on waiting.
     *
     * @param bound how long the call waits for its turn
     * @return a copy
     */
    public CreateCommand withTimeout(Duration bound) {
        return new CreateCommand(
                journeyId, profileId, organizationId, runId, triggeredAt, idempotencyKey, bound);
    }
}
