// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/** The time ran out first; nothing was done. */
public final class BusyException extends MilepostException {
    private static final long serialVersionUID = 1L;

    BusyException(int system, Applied applied, boolean retrySafe, String message) {
        super(ErrorCode.BUSY, system, applied, retrySafe, message);
    }
}
