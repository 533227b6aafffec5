// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** Whether a call that failed changed the store all the same. */
public enum Applied {
    /** It did not. */
    NO(0),
    /** It did. */
    YES(1),
    /** It may have. */
    UNKNOWN(2);

    private final int number;

    Applied(int number) {
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

    static Applied of(int number) {
        for (Applied value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s Applied: " + number);
    }
}
