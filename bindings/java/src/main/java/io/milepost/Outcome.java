// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * The answer to one command. What the state machine refuses is an outcome, not an exception.
 *
 * @param kind what became of the command
 * @param run the run as it is now; null if there is none to show, as for {@link
 *     OutcomeKind#NOT_FOUND}
 */
public record Outcome(OutcomeKind kind, Run run) {
    /**
     * Whether this very call did it.
     *
     * @return whether it was created or applied
     */
    public boolean applied() {
        return kind == OutcomeKind.CREATED || kind == OutcomeKind.APPLIED;
    }

    /**
     * Whether it is so now.
     *
     * @return whether it was applied by this call, or by one before it
     */
    public boolean holds() {
        return applied() || kind == OutcomeKind.UNCHANGED;
    }
}
