// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Instant;

/** Instants as the public contract writes them. */
public final class Instants {
    private Instants() {}

    /**
     * Reads an RFC 3339 instant in UTC; digits past microseconds are cut.
     *
     * @param text the text
     * @return the instant
     * @throws MilepostException with {@link ErrorCode#INVALID_ARGUMENT} for other texts, impossible
     *     dates, and years outside 1400 to 9999
     */
    public static Instant parse(String text) {
        return Native.call(Operation.INSTANT_PARSE, 0, new Request(40).text(text)).instant();
    }

    /**
     * Writes an instant with 0, 3 or 6 digits of a fraction.
     *
     * @param instant the instant, which is cut to microseconds
     * @return the text
     * @throws MilepostException with {@link ErrorCode#INVALID_ARGUMENT} for years outside 1400 to
     *     9999
     */
    public static String format(Instant instant) {
        return Native.call(Operation.INSTANT_FORMAT, 0, new Request(8).instant(instant)).text();
    }
}
