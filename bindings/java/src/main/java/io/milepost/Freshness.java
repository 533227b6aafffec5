// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** Which moment a read of many runs is of. */
public enum Freshness {
    /** Everything acknowledged before the call. */
    LATEST(0),
    /** What is published already; never waits. */
    PUBLISHED(1);

    private final int number;

    Freshness(int number) {
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

    static Freshness of(int number) {
        for (Freshness value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s Freshness: " + number);
    }
}
