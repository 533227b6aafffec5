// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** How deep a verify looks. */
public enum VerifyLevel {
    /** Records, index rows, counters, keys, changes; the journal. */
    RECORDS(0),
    /** Before that every page: for files that are not trusted. */
    PAGES(1);

    private final int number;

    VerifyLevel(int number) {
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
}
