// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** What an acknowledgement means. */
public enum Durability {
    /** It survives a crash of the process, of the machine, a cut of power. */
    DURABLE(0),
    /** A power cut may take a bounded last stretch. */
    RELAXED(1);

    private final int number;

    Durability(int number) {
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

    static Durability of(int number) {
        for (Durability value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s Durability: " + number);
    }
}
