// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** Why a call failed. */
public enum ErrorCode {
    /** An argument breaks a documented rule; nothing was done. */
    INVALID_ARGUMENT(-1),
    /** No such store, file or run. */
    NOT_FOUND(-2),
    /** The time ran out first; nothing was done. */
    BUSY(-3),
    /** May or may not survive; repeat the command to learn. */
    OUTCOME_UNKNOWN(-4),
    /** A write on a tracker that was opened read-only. */
    READ_ONLY(-5),
    /** The object was closed. */
    CLOSED(-6),
    /** This process already has the store open. */
    ALREADY_OPEN(-7),
    /** Another process writes to the store. */
    LOCKED(-8),
    /** Opened by a parent process; open a new one. */
    FORKED(-9),
    /** Close and open the tracker before it can go on. */
    NEEDS_REOPEN(-10),
    /** The snapshot is older than it may be. */
    SNAPSHOT_EXPIRED(-11),
    /** The feed no longer holds that position. */
    TOO_OLD(-12),
    /** The position or cursor belongs to another store. */
    OTHER_STORE(-13),
    /** Somebody stopped it. */
    CANCELLED(-14),
    /** The disk is full. */
    DISK_FULL(-15),
    /** The store reached its largest size. */
    MAP_FULL(-16),
    /** Every slot for a reader is taken. */
    READERS_FULL(-17),
    /** Two processes share a pid number (pid namespaces). */
    PID_CLASH(-18),
    /** The file system is a network's or lives in user space. */
    UNSUPPORTED_FILESYSTEM(-19),
    /** The system does not let us. */
    PERMISSION(-20),
    /** The directory holds something else. */
    NOT_A_DATABASE(-21),
    /** Written by an incompatible version, or the library is one. */
    VERSION(-22),
    /** Stored bytes fail their checks. */
    CORRUPT(-23),
    /** The system failed to read or write. */
    IO(-24),
    /** Memory ran out. */
    OUT_OF_MEMORY(-25),
    /** Address space ran out. */
    OUT_OF_ADDRESS_SPACE(-26),
    /** A broken invariant inside the library; please report it. */
    INTERNAL(-27);

    private final int number;

    ErrorCode(int number) {
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
     * The stable name, e.g. {@code disk_full}.
     *
     * @return the name
     */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    static ErrorCode of(int number) {
        for (ErrorCode value : values()) {
            if (value.number == number) {
                return value;
            }
        }
        throw new IllegalStateException("a newer library\'s ErrorCode: " + number);
    }
}
