// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** What a bulk step does to the runs that match. */
public enum BulkAction {
    /** It fails them. */
    FAIL(0),
    /** It exits them. */
    EXIT(1);

    private final int number;

    BulkAction(int number) {
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

    static BulkAction of(int number) {
        for (BulkAction value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s BulkAction: " + number);
    }
}
