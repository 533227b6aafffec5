// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/**
 * Which runs: every member that is given must fit. Begin with {@link #ALL}.
 *
 * @param organizationId whose
 * @param journeyId of one journey, or null
 * @param profileId of one profile, or null
 * @param statuses in one of these; none at all is refused
 * @param triggeredFrom this instant is in, or null
 * @param triggeredTo this one is not, or null
 */
public record Filter(
        UUID organizationId,
        UUID journeyId,
        UUID profileId,
        Set<Status> statuses,
        Instant triggeredFrom,
        Instant triggeredTo) {
    /** All runs of the nil organization. */
    public static final Filter ALL = new Filter(
            Ids.NIL, null, null, Set.of(Status.values()), null, null);

    /**
     * The same of another organization.
     *
     * @param id whose
     * @return a copy
     */
    public Filter ofOrganization(UUID id) {
        return new Filter(id, journeyId, profileId, statuses, triggeredFrom, triggeredTo);
    }

    /**
     * Only those of a journey.
     *
     * @param id which
     * @return a copy
     */
    public Filter ofJourney(UUID id) {
        return new Filter(organizationId, id, profileId, statuses, triggeredFrom, triggeredTo);
    }

    /**
     * Only those of a profile.
     *
     * @param id which
     * @return a copy
     */
    public Filter ofProfile(UUID id) {
        return new Filter(organizationId, journeyId, id, statuses, triggeredFrom, triggeredTo);
    }

    /**
     * Only those in a status.
     *
     * @param first one
     * @param more others that will do, too
     * @return a copy
     */
    public Filter in(Status first, Status... more) {
        Set<Status> set = EnumSet.of(first, more);
        return new Filter(organizationId, journeyId, profileId, set, triggeredFrom, triggeredTo);
    }

    /**
     * Only those triggered in a span of time.
     *
     * @param from this instant is in; null: from the beginning
     * @param to this one is not; null: to the end
     * @return a copy
     */
    public Filter triggered(Instant from, Instant to) {
        return new Filter(organizationId, journeyId, profileId, statuses, from, to);
    }

    Request encode(Request to) {
        int bits = 0;
        for (Status status : statuses) {
            bits |= 1 << status.number();
        }
        return to.i32(bits)
                .id(organizationId)
                .optionalId(journeyId)
                .optionalId(profileId)
                .optionalInstant(triggeredFrom)
                .optionalInstant(triggeredTo);
    }
}
