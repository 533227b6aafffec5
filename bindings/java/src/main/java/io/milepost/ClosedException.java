// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** The tracker, snapshot or subscription was closed. */
public final class ClosedException extends MilepostException {
    private static final long serialVersionUID = 1L;

    ClosedException(int system, Applied applied, boolean retrySafe, String message) {
        super(ErrorCode.CLOSED, system, applied, retrySafe, message);
    }
}
