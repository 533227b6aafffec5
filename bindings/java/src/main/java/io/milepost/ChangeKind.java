// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** What happened to a run. */
public enum ChangeKind {
    /** It was made. */
    CREATED(0),
    /** It was started. */
    STARTED(1),
    /** It completed. */
    COMPLETED(2),
    /** It failed. */
    FAILED(3),
    /** It exited. */
    EXITED(4),
    /** It has a new owner. */
    ADOPTED(5),
    /** It was imported. */
    IMPORTED(6),
    /** Removed by retention; only the run's id is known. */
    PURGED(7),
    /** Removed with its profile; only the run's id is known. */
    ERASED(8),
    /** Only profile and organization are known. */
    PROFILE_ERASED(9),
    /** Happened to a run of a profile erased since. */
    BLANKED(10);

    private final int number;

    ChangeKind(int number) {
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
     * The stable name, e.g. {@code started}.
     *
     * @return the name
     */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    static ChangeKind of(int number) {
        for (ChangeKind value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s ChangeKind: " + number);
    }
}
