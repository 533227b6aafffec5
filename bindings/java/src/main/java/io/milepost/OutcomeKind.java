// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** What became of a command. */
public enum OutcomeKind {
    /** This call made the run. */
    CREATED(0),
    /** This call moved the run, or renewed its lease. */
    APPLIED(1),
    /** It had already happened. */
    UNCHANGED(2),
    /** The run's status does not allow it. */
    ILLEGAL(3),
    /** Somebody else did, or owns, it. */
    CONFLICT(4),
    /** No such run in that organization. */
    NOT_FOUND(5);

    private final int number;

    OutcomeKind(int number) {
        this.number = number;
    }

    /**
     * The number in the C header, which never changes.
     *
     * @return the number
     */
    public int number() {
        return number;
    }

    /**
     * The stable name, e.g. {@code unchanged}.
     *
     * @return the name
     */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    static OutcomeKind of(int number) {
        for (OutcomeKind value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s OutcomeKind: " + number);
    }
}
