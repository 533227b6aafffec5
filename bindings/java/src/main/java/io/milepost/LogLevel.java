// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** How grave a log line is. */
public enum LogLevel {
    /** For those who develop Milepost. */
    DEBUG(0),
    /** In the ordinary course. */
    INFO(1),
    /** Look at it some day. */
    WARNING(2),
    /** Look at it now. */
    ERROR(3);

    private final int number;

    LogLevel(int number) {
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

    static LogLevel of(int number) {
        for (LogLevel value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s LogLevel: " + number);
    }
}
