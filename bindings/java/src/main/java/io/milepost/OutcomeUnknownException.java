// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * The command may or may not survive; repeat it to learn: what happened already is answered
 * unchanged.
 */
public final class OutcomeUnknownException extends MilepostException {
    private static final long serialVersionUID = 1L;

    OutcomeUnknownException(int system, Applied applied, boolean retrySafe, String message) {
        super(ErrorCode.OUTCOME_UNKNOWN, system, applied, retrySafe, message);
    }
}
