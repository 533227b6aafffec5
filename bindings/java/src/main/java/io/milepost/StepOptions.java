// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * What a step may carry beside the run's id. Begin with {@link #NONE} or {@link #owner(String)}.
 *
 * @param organizationId whose run it is
 * @param owner who does it; empty: nobody
 * @param fencingToken if given, must be the run's
 * @param lease of start and adopt: how long the owner may be silent; zero is for ever
 * @param onlyIfExpired of fail and adopt: conflict unless the lease has run out
 * @param timeout how long the call waits for its turn; null: as the tracker's options say
 */
public record StepOptions(
        UUID organizationId,
        String owner,
        OptionalLong fencingToken,
        Duration lease,
        boolean onlyIfExpired,
        Duration timeout) {
    /** Nothing. */
    public static final StepOptions NONE =
            new StepOptions(Ids.NIL, "", OptionalLong.empty(), Duration.ZERO, false, null);

    /**
     * Only an owner.
     *
     * @param owner who does it, 1 to 255 bytes of UTF-8
     * @return the options
     */
    public static StepOptions owner(String owner) {
        return NONE.withOwner(owner);
    }

    /**
     * The same of another organization.
     *
     * @param organizationId whose run it is
     * @return a copy
     */
    public StepOptions withOrganization(UUID organizationId) {
        return new StepOptions(organizationId, owner, fencingToken, lease, onlyIfExpired, timeout);
    }

    /**
     * The same by another owner.
     *
     * @param owner who does it
     * @return a copy
     */
    public StepOptions withOwner(String owner) {
        return new StepOptions(organizationId, owner, fencingToken, lease, onlyIfExpired, timeout);
    }

    /**
     * The same under a fencing token.
     *
     * @param token must be the run's
     * @return a copy
     */
    public StepOptions withFencingToken(long token) {
        OptionalLong given = OptionalLong.of(token);
        return new StepOptions(organizationId, owner, given, lease, onlyIfExpired, timeout);
    }

    /**
     * The same with a lease.
     *
     * @param lease how long the owner may be silent
     * @return a copy
     */
    public StepOptions withLease(Duration lease) {
        return new StepOptions(organizationId, owner, fencingToken, lease, onlyIfExpired, timeout);
    }

    /**
     * The same, but only if the run's lease has run out.
     *
     * @return a copy
     */
    public StepOptions ifExpired() {
        return new StepOptions(organizationId, owner, fencingToken, lease, true, timeout);
    }

    /**
     * The same with a bound on waiting.
     *
     * @param timeout how long the call waits for its turn
     * @return a copy
     */
    public StepOptions withTimeout(Duration timeout) {
        return new StepOptions(organizationId, owner, fencingToken, lease, onlyIfExpired, timeout);
    }
}
