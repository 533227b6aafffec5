// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** Where a run stands. */
public enum Status {
    /** Made, and nobody has it yet. */
    QUEUED(0),
    /** Somebody works on it. */
    RUNNING(1),
    /** Ended well. Final. */
    COMPLETED(2),
    /** Ended with an error. Final. */
    FAILED(3),
    /** Left the journey. Final. */
    EXITED(4);

    private final int number;

    Status(int number) {
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
     * The stable name, e.g. {@code queued}.
     *
     * @return the name
     */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /**
     * The status of that name, exact and case-sensitive.
     *
     * @param label the name in the public response
     * @return the status
     * @throws MilepostException with {@link ErrorCode#INVALID_ARGUMENT} for any other text
     */
    public static Status parse(String label) {
        for (Status status : values()) {
            if (status.label().equals(label)) {
                return status;
            }
        }
        throw MilepostException.invalid("This is the name of no status.");
    }

    /**
     * Whether a run in this status never changes again.
     *
     * @return whether it is final
     */
    public boolean isFinal() {
        return this != QUEUED && this != RUNNING;
    }

    static Status of(int number) {
        for (Status value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s Status: " + number);
    }
}
