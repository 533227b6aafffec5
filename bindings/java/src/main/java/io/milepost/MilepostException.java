// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * What every call of this package fails with.
 *
 * <p>It is unchecked: what callers must deal with, the answers of the state machine, are
 * {@linkplain Outcome outcomes} and no exceptions. What is left (a full disk, a closed tracker, a
 * wrong argument) can come from any call and is rarely dealt with where it was made. The kinds that
 * are have classes of their own: {@link BusyException}, {@link OutcomeUnknownException},
 * {@link ClosedException}. Everything else is told apart by {@link #code()}.
 */
public class MilepostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    private final ErrorCode code;

    /** The number of the system, or 0. */
    private final int system;

    /** What became of the call. */
    private final Applied applied;

    /** Whether it may be made again. */
    private final boolean retrySafe;

    MilepostException(
            ErrorCode code, int system, Applied applied, boolean retrySafe, String message) {
        super(code.label() + ": " + message);
        this.code = code;
        this.system = system;
        this.applied = applied;
        this.retrySafe = retrySafe;
    }

    static MilepostException invalid(String message) {
        return new MilepostException(ErrorCode.INVALID_ARGUMENT, 0, Applied.NO, false, message);
    }

    static MilepostException of(int code, int system, int applied, boolean retry, String message) {
        ErrorCode why = ErrorCode.of(code);
        Applied what = Applied.of(applied);
        return switch (why) {
            case BUSY -> new BusyException(system, what, retry, message);
            case OUTCOME_UNKNOWN -> new OutcomeUnknownException(system, what, retry, message);
            case CLOSED -> new ClosedException(system, what, retry, message);
            default -> new MilepostException(why, system, what, retry, message);
        };
    }

    /**
     * Why the call failed.
     *
     * @return the code
     */
    public ErrorCode code() {
        return code;
    }

    /**
     * What the system said.
     *
     * @return errno or LMDB's number, 0 when there is none
     */
    public int system() {
        return system;
    }

    /**
     * Whether the call changed the store all the same.
     *
     * @return no, yes or unknown
     */
    public Applied applied() {
        return applied;
    }

    /**
     * Whether the same call may simply be made again.
     *
     * @return whether a retry is safe
     */
    public boolean retrySafe() {
        return retrySafe;
    }
}
