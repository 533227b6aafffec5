// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What a call costs from Java: nanoseconds of one get_json and of one relaxed step. */
public final class Cost {
    private static final int STEPS = 100_000;
    private static final int READS = 1_000_000;

    private Cost() {}

    private static List<UUID> create(Tracker tracker) {
        List<UUID> ids = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) {
            ids.add(tracker.create(CreateCommand.of(Ids.NIL, Ids.NIL)).run().runId());
        }
        return ids;
    }

    private static double reads(Tracker tracker, UUID id) {
        long begin = System.nanoTime();
        long bytes = 0;
        for (int i = 0; i < READS; i++) {
            bytes += tracker.getJson(id).orElseThrow().length;
        }
        if (bytes == 0) {
            throw new AssertionError();
        }
        return (double) (System.nanoTime() - begin) / READS;
    }

    private static double steps(Tracker tracker, List<UUID> ids) {
        long begin = System.nanoTime();
        for (UUID id : ids) {
            if (!tracker.start(id, StepOptions.NONE).applied()) {
                throw new AssertionError();
            }
        }
        return (double) (System.nanoTime() - begin) / ids.size();
    }

    /**
     * Prints it, after one round that warms up.
     *
     * @param arguments a folder
     */
    public static void main(String[] arguments) {
        var options = new OpenOptions(Path.of(arguments[0])).durability(Durability.RELAXED);
        try (Tracker tracker = Tracker.open(options)) {
            double read = 0;
            double step = 0;
            for (int round = 0; round < 2; round++) {
                List<UUID> ids = create(tracker);
                read = reads(tracker, ids.get(ids.size() - 1));
                step = steps(tracker, ids);
            }
            System.out.printf("Java   get_json %5.0f ns   relaxed step %6.0f ns%n", read, step);
        }
    }
}
