// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** Order of a list, by the instant of the trigger. */
public enum Order {
    /** The newest first. */
    NEWEST_FIRST(0),
    /** The oldest first. */
    OLDEST_FIRST(1);

    private final int number;

    Order(int number) {
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

    static Order of(int number) {
        for (Order value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s Order: " + number);
    }
}
