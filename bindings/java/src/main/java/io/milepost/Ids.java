// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.UUID;

/** Ids as text. {@link UUID#toString()} writes them as the public contract has them. */
public final class Ids {
    /** The nil id: the organization of hosts that know of none. */
    public static final UUID NIL = new UUID(0, 0);

    private Ids() {}

    /**
     * Reads the 36-character text of an id, in either case; nothing else is accepted, where {@link
     * UUID#fromString} accepts much.
     *
     * @param text the text
     * @return the id
     * @throws MilepostException with {@link ErrorCode#INVALID_ARGUMENT}
     */
    public static UUID parse(String text) {
        return Native.call(Operation.ID_PARSE, 0, new Request(40).text(text)).id();
    }
}
