// SPDX-License-Identifier: Apache-2.0

import io.milepost.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A small host: makes runs in one batch, asks the store what there is to do, and lets workers race
 * for it. Run it again, also after kill -9, on the same directory: nothing is made or done twice.
 * Arguments: DIRECTORY [RUNS] [WORKERS].
 */
public final class JourneyExecutor {
    private static final UUID JOURNEY = Ids.parse("3c90c3cc-0d44-4b50-8888-8dd25736052a");

    /** Follows from the number of the trigger, so that a trigger makes one run however often. */
    private static UUID runId(int number) {
        return new UUID(0x8000L, 0x8000_0000_0000_0000L | number);
    }

    /** The make-believe journey: its end follows from the run's id. */
    private static void execute(Tracker tracker, Run run) {
        StepOptions options = StepOptions.owner(Thread.currentThread().getName());
        Outcome mine = run.status() == Status.RUNNING // An orphan: its owner died.
                ? tracker.adopt(run.runId(), options.withFencingToken(run.fencingToken()))
                : tracker.start(run.runId(), options);
        if (!mine.applied()) {
            return; // Somebody else has it.
        }
        StepOptions owned = options.withFencingToken(mine.run().fencingToken());
        int end = (int) (run.runId().getLeastSignificantBits() & 0xffff_ffffL) % 10;
        if (end < 7) {
            tracker.complete(run.runId(), owned);
        } else if (end < 9) {
            tracker.fail(run.runId(), "mailbox full", owned);
        } else {
            tracker.exit(run.runId(), owned);
        }
    }

    /** Hands out the orphans, then the queued runs, until there are none left. */
    private static void work(Tracker tracker, ExecutorService workers) throws Exception {
        Filter queued = Filter.ALL.in(Status.QUEUED);
        List<Future<?>> tasks = new ArrayList<>();
        for (boolean orphans : List.of(true, false)) {
            String cursor = "";
            do {
                PageOptions options =
                        PageOptions.FIRST.withLimit(500).in(Order.OLDEST_FIRST).at(cursor);
                Page page = orphans ? tracker.orphans(options) : tracker.list(queued, options);
                for (Run run : page.runs()) {
                    tasks.add(workers.submit(() -> execute(tracker, run)));
                }
                cursor = page.next();
            } while (!cursor.isEmpty());
        }
        for (Future<?> task : tasks) {
            task.get();
        }
    }

    /**
     * Runs it.
     *
     * @param arguments DIRECTORY [RUNS] [WORKERS]
     */
    public static void main(String[] arguments) throws Exception {
        int runs = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1000;
        int threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 8;
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try (Tracker tracker = Tracker.open(Path.of(arguments[0]))) {
            List<Command> batch = new ArrayList<>();
            for (int i = 0; i < runs; i++) {
                batch.add(CreateCommand.of(JOURNEY, runId(i)).withRunId(runId(i)));
            }
            tracker.apply(batch, null);
            work(tracker, workers);
            Counts counts = tracker.counts(null, null, Freshness.LATEST);
            System.out.printf("completed=%d failed=%d exited=%d%n",
                    counts.completed(), counts.failed(), counts.exited());
            tracker.getJson(runId(7)).ifPresent(
                    json -> System.out.println(new String(json, StandardCharsets.UTF_8)));
        } finally {
            workers.shutdown();
        }
    }
}
