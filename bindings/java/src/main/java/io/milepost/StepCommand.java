// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.UUID;

/** A command for a run that exists. Commands.encode has its form, which wire.h's reader mirrors. */
record StepCommand(int kind, UUID runId, byte[] error, StepOptions options) implements Command {
    static final int START = 2;
    static final int COMPLETE = 3;
    static final int FAIL = 4;
    static final int EXIT = 5;
    static final int ADOPT = 6;
    static final int HEARTBEAT = 7;
}
