// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Instant;
import java.util.UUID;

/**
 * A run as it was at one moment.
 *
 * @param runId its id
 * @param journeyId the journey that it is of
 * @param profileId who travels
 * @param organizationId whose it is; the nil id for hosts that know of no organizations
 * @param status where it stands
 * @param triggeredAt when it was triggered
 * @param startedAt when it was started, or null
 * @param completedAt when it ended, or null
 * @param error for people; of a failed run only, which always has one, else null
 * @param owner who runs, or ran, it; empty if nobody gave a name
 * @param fencingToken grows with each owner; 0 until started
 * @param sequence of the last effect on the run
 */
public record Run(
        UUID runId,
        UUID journeyId,
        UUID profileId,
        UUID organizationId,
        Status status,
        Instant triggeredAt,
        Instant startedAt,
        Instant completedAt,
        String error,
        String owner,
        long fencingToken,
        long sequence) {
    /**
     * The exact public response for the run.
     *
     * @return JSON, in UTF-8
     */
    public byte[] toJson() {
        Request request = new Request(256)
                .i32(status.number())
                .id(runId)
                .id(journeyId)
                .id(profileId)
                .instant(triggeredAt)
                .optionalInstant(completedAt)
                .u8(error != null)
                .data(Request.utf8(error == null ? "" : error));
        return Native.call(Operation.RUN_JSON, 0, request).data();
    }
}
