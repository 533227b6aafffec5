// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.UUID;

/** One command of a batch. Timeouts inside have no meaning there. */
public sealed interface Command permits CreateCommand, StepCommand, ImportCommand {
    /**
     * Moves a run from queued to running.
     *
     * @param runId which
     * @param options what else
     * @return the command
     */
    static Command start(UUID runId, StepOptions options) {
        return new StepCommand(StepCommand.START, runId, null, options);
    }

    /**
     * Moves a run from running to completed.
     *
     * @param runId which
     * @param options what else
     * @return the command
     */
    static Command complete(UUID runId, StepOptions options) {
        return new StepCommand(StepCommand.COMPLETE, runId, null, options);
    }

    /**
     * Moves a run from queued or running to failed.
     *
     * @param runId which
     * @param error a text for people
     * @param options what else
     * @return the command
     */
    static Command fail(UUID runId, String error, StepOptions options) {
        return new StepCommand(StepCommand.FAIL, runId, Request.utf8(error), options);
    }

    /**
     * Moves a run from queued or running to exited.
     *
     * @param runId which
     * @param options what else
     * @return the command
     */
    static Command exit(UUID runId, StepOptions options) {
        return new StepCommand(StepCommand.EXIT, runId, null, options);
    }

    /**
     * Gives a running run a new owner with a larger token.
     *
     * @param runId which
     * @param options what else
     * @return the command
     */
    static Command adopt(UUID runId, StepOptions options) {
        return new StepCommand(StepCommand.ADOPT, runId, null, options);
    }

    /**
     * Begins a run's lease anew, that of the options.
     *
     * @param runId which
     * @param options what else
     * @return the command
     */
    static Command heartbeat(UUID runId, StepOptions options) {
        return new StepCommand(StepCommand.HEARTBEAT, runId, null, options);
    }
}
