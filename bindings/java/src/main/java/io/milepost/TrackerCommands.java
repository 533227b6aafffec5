// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The commands of a {@link Tracker}, which is all that extends this. */
abstract class TrackerCommands {
    TrackerCommands() {}

    abstract Reply call(Operation operation, Request request);

    /**
     * Makes a run. Repeated with the same id or idempotency key it answers unchanged.
     *
     * @param command what to make
     * @return the outcome
     */
    public Outcome create(CreateCommand command) {
        Request request = new Request(256).timeout(command.timeout());
        Commands.encode(request, command);
        return call(Operation.CREATE, request).outcome();
    }

    /**
     * Moves a run from queued to running. Of two callers racing exactly one is told applied.
     *
     * @param runId which
     * @param options what else
     * @return the outcome
     */
    public Outcome start(UUID runId, StepOptions options) {
        return step(StepCommand.START, runId, null, options);
    }

    /**
     * Moves a run from running to completed.
     *
     * @param runId which
     * @param options what else
     * @return the outcome
     */
    public Outcome complete(UUID runId, StepOptions options) {
        return step(StepCommand.COMPLETE, runId, null, options);
    }

    /**
     * Moves a run from queued or running to failed. Halves of surrogate pairs in the text are
     * replaced; what is longer than {@link Tracker#ERROR_TEXT_SIZE_MAX} bytes is cut.
     *
     * @param runId which
     * @param error a text for people
     * @param options what else
     * @return the outcome
     */
    public Outcome fail(UUID runId, String error, StepOptions options) {
        return fail(runId, Request.utf8(error), options);
    }

    /**
     * The same with a text in UTF-8, whose ill-formed parts are replaced.
     *
     * @param runId which
     * @param error a text for people
     * @param options what else
     * @return the outcome
     */
    public Outcome fail(UUID runId, byte[] error, StepOptions options) {
        return step(StepCommand.FAIL, runId, error, options);
    }

    /**
     * Moves a run from queued or running to exited.
     *
     * @param runId which
     * @param options what else
     * @return the outcome
     */
    public Outcome exit(UUID runId, StepOptions options) {
        return step(StepCommand.EXIT, runId, null, options);
    }

    /**
     * Gives a running run a new owner with a larger token: for runs whose owner died or fell
     * silent.
     *
     * @param runId which
     * @param options what else
     * @return the outcome
     */
    public Outcome adopt(UUID runId, StepOptions options) {
        return step(StepCommand.ADOPT, runId, null, options);
    }

    /**
     * Begins a run's lease anew. Stores nothing.
     *
     * @param runId which
     * @param lease how long from now the owner may be silent
     * @param options what else
     * @return the outcome
     */
    public Outcome heartbeat(UUID runId, Duration lease, StepOptions options) {
        return step(StepCommand.HEARTBEAT, runId, null, options.withLease(lease));
    }

    private Outcome step(int kind, UUID runId, byte[] error, StepOptions options) {
        Request request = new Request(128).timeout(options.timeout());
        Commands.encode(request, kind, runId, error, options);
        return call(Operation.STEP, request).outcome();
    }

    /**
     * Applies up to {@link Tracker#BATCH_COMMANDS_MAX} commands in order, as one durable commit,
     * all or none on a crash. A refused command changes nothing and spoils nothing.
     *
     * @param commands what to do
     * @param timeout how long to wait; null: as the options say
     * @return one outcome each
     */
    public List<Outcome> apply(List<? extends Command> commands, Duration timeout) {
        int expected = Math.min(commands.size(), Tracker.BATCH_COMMANDS_MAX);
        Request request = new Request(16 + 160 * expected);
        request.timeout(timeout).i32(commands.size());
        for (Command command : commands) {
            Commands.encode(request, command);
        }
        Reply reply = call(Operation.APPLY, request);
        int count = reply.i32();
        List<Outcome> outcomes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            outcomes.add(reply.outcome());
        }
        return outcomes;
    }
}
