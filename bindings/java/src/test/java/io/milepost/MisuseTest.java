// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.Test;

/** What must be refused, and what must not crash. */
public final class MisuseTest extends Stores {
    private static final ErrorCode INVALID = ErrorCode.INVALID_ARGUMENT;

    @Test
    public void everyCallAfterCloseIsAnException() throws Exception {
        open();
        UUID id = create(tracker).runId();
        Snapshot moment = tracker.snapshot(Freshness.LATEST, null);
        Subscription feed = tracker.subscribe(0, null);
        tracker.close();
        tracker.close();
        List<org.junit.function.ThrowingRunnable> calls = List.of(
                () -> tracker.create(CreateCommand.of(JOURNEY, PROFILE)),
                () -> tracker.start(id, NONE),
                () -> tracker.fail(id, "", NONE),
                () -> tracker.heartbeat(id, Duration.ofSeconds(1), NONE),
                () -> tracker.apply(List.of(), null),
                () -> tracker.get(id),
                () -> tracker.getJson(id),
                () -> tracker.getMany(Ids.NIL, List.of(id)),
                () -> tracker.await(Ids.NIL, id, null),
                () -> tracker.list(Filter.ALL, PageOptions.FIRST),
                () -> tracker.listJson(Filter.ALL, PageOptions.FIRST),
                () -> tracker.counts(null, null, Freshness.LATEST),
                () -> tracker.changes(0, 1, null, Freshness.LATEST),
                () -> tracker.stats(),
                () -> tracker.expired(1),
                () -> tracker.flush(null),
                () -> tracker.snapshot(Freshness.LATEST, null),
                () -> tracker.subscribe(0, null),
                () -> tracker.exportRuns(new ByteArrayOutputStream(), null, Freshness.LATEST),
                () -> moment.get(Ids.NIL, id),
                () -> moment.getJson(Ids.NIL, id),
                () -> feed.next(1, null));
        for (org.junit.function.ThrowingRunnable call : calls) {
            assertThrows(ClosedException.class, call);
        }
        for (int i = 0; i < 2; i++) {
            moment.close();
            feed.close();
        }
        assertThrows(ClosedException.class, moment::sequence);
    }

    @Test
    public void hostileTextsAreRefusedOrMended() throws Exception {
        open();
        UUID run = create(tracker).runId();
        String huge = "\ud83d\ude00".repeat(1 << 20);
        String tooLong = "o".repeat(Tracker.OWNER_SIZE_MAX + 1);
        for (String owner : List.of(huge, tooLong, "a\ud83d", "\ude00\ud83d")) {
            assertCode(INVALID, () -> tracker.start(run, StepOptions.owner(owner)));
        }
        assertCode(INVALID, () -> tracker.list(Filter.ALL, PageOptions.FIRST.at(huge)));
        assertCode(INVALID, () -> tracker.list(Filter.ALL, PageOptions.FIRST.at("no cursor")));
        assertCode(INVALID, () -> tracker.list(Filter.ALL, PageOptions.FIRST.withLimit(0)));
        StepOptions negative = NONE.withLease(Duration.ofMillis(-1));
        assertCode(INVALID, () -> tracker.start(run, negative));
        byte[] key = new byte[Tracker.IDEMPOTENCY_KEY_SIZE_MAX + 1];
        CreateCommand create = CreateCommand.of(JOURNEY, PROFILE);
        assertCode(INVALID, () -> tracker.create(create.withIdempotencyKey(key)));
        assertCode(INVALID, () -> tracker.create(create.withTriggeredAt(Instant.MAX)));
        assertCode(INVALID, () -> tracker.create(create.withTriggeredAt(Instant.MIN)));
        List<Command> many =
                Collections.nCopies(Tracker.BATCH_COMMANDS_MAX + 1, Command.exit(run, NONE));
        assertCode(INVALID, () -> tracker.apply(many, null));
        assertCode(INVALID, () -> tracker.apply(Arrays.asList(create, null), null));
        List<UUID> ids = Collections.nCopies(Tracker.GET_MANY_MAX + 1, run);
        assertCode(INVALID, () -> tracker.getMany(Ids.NIL, ids));

        byte[] broken = {'a', (byte) 0xff, 'b', 0, 'c'};
        assertEquals("a\ufffdb\0c", tracker.fail(run, broken, NONE).run().error());
        Run halves = tracker.fail(create(tracker).runId(), "x\ud83dy\0", NONE).run();
        assertEquals("x\ufffdy\0", halves.error());
        String cut = tracker.fail(create(tracker).runId(), huge, NONE).run().error();
        assertTrue(cut.endsWith("\u2026") && cut.length() < Tracker.ERROR_TEXT_SIZE_MAX);
    }

    @Test
    public void exceptionsSayWhatWasWrong() throws Exception {
        MilepostException e =
                assertCode(ErrorCode.NOT_FOUND, () -> Tracker.open(options().create(false)));
        assertEquals(Applied.NO, e.applied());
        assertTrue(e.getMessage().startsWith("not_found: "));
        assertCode(INVALID, () -> Tracker.open(Path.of("")));
        Path folder = folder();
        open(new OpenOptions(folder));
        assertCode(ErrorCode.ALREADY_OPEN, () -> Tracker.open(folder));
        UUID id = create(tracker).runId();
        assertThrows(BusyException.class, () -> tracker.await(Ids.NIL, id, Duration.ofMillis(2)));
    }

    @Test
    public void oneOfManyRacersWins() throws Exception {
        open(options().durability(Durability.DURABLE));
        ExecutorService racers = Executors.newFixedThreadPool(8);
        for (int round = 0; round < 20; round++) {
            UUID id = create(tracker).runId();
            Callable<Boolean> race = () -> {
                Outcome outcome = tracker.start(id, NONE);
                assertTrue(outcome.applied() || outcome.kind() == OutcomeKind.CONFLICT);
                assertTrue(tracker.getJson(id).isPresent());
                return outcome.applied();
            };
            int wins = 0;
            for (Future<Boolean> result : racers.invokeAll(Collections.nCopies(8, race))) {
                wins += result.get() ? 1 : 0;
            }
            assertEquals(1, wins);
        }
        racers.shutdown();
    }

    @Test
    public void aWaitEndsByCommitInterruptOrClosing() throws Exception {
        open();
        for (String end : List.of("commit", "interrupt", "close")) {
            UUID id = create(tracker).runId();
            AtomicReference<Object> seen = new AtomicReference<>();
            CountDownLatch begun = new CountDownLatch(1);
            Thread waiter = new Thread(() -> {
                begun.countDown();
                try {
                    seen.set(tracker.await(Ids.NIL, id, null).status());
                } catch (InterruptedException | MilepostException e) {
                    seen.set(e.getClass());
                }
            });
            waiter.start();
            begun.await();
            switch (end) {
                case "commit" -> tracker.exit(id, NONE);
                case "interrupt" -> waiter.interrupt();
                default -> tracker.close();
            }
            waiter.join();
            assertSame(switch (end) {
                case "commit" -> Status.EXITED;
                case "interrupt" -> InterruptedException.class;
                default -> ClosedException.class;
            }, seen.get());
        }
    }

    /** The collector runs while calls wait: if one held it up, this would take for ever. */
    @Test
    public void waitingHoldsUpNoCollection() throws Exception {
        open();
        UUID id = create(tracker).runId();
        List<Thread> waiters = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            waiters.add(new Thread(() -> {
                try {
                    tracker.await(Ids.NIL, id, null);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            waiters.get(i).start();
        }
        System.gc();
        assertTrue(tracker.exit(id, NONE).applied());
        for (Thread waiter : waiters) {
            waiter.join();
        }
    }

    @Test
    public void theLogHookIsCalledAndMayThrow() throws Exception {
        AtomicReference<ErrorCode> inside = new AtomicReference<>();
        Path other = folder();
        open(options().log((level, text) -> {
            assertFalse(text.isEmpty());
            try {
                Tracker.open(other);
            } catch (MilepostException e) {
                inside.set(e.code());
            }
            throw new IllegalStateException("a hook's own fault");
        }));
        create(tracker);
        tracker.close();
        assertEquals(INVALID, inside.get());
    }

    @Test
    public void whatNobodyClosesIsClosedSomeTime() throws Exception {
        Path folder = folder();
        Tracker.open(folder).unpublished();
        for (int i = 0; i < 1000; i++) {
            System.gc();
            try {
                open(new OpenOptions(folder));
                return;
            } catch (MilepostException e) {
                assertEquals(ErrorCode.ALREADY_OPEN, e.code());
                Thread.onSpinWait();
            }
        }
        throw new AssertionError("the cleaner never closed it");
    }
}
