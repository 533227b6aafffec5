// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.Test;

/** What the package does. */
public final class RunsTest extends Stores {
    @Test
    public void aRunGoesFromQueuedToFailed() throws Exception {
        open(options().clock(BEGIN));
        Run run = create(tracker);
        assertEquals(Status.QUEUED, run.status());
        assertEquals(BEGIN, run.triggeredAt());
        assertNull(run.startedAt());
        assertTrue(tracker.start(run.runId(), StepOptions.owner("worker-7")).applied());
        tracker.setClock(BEGIN.plusMillis(1500));
        Outcome failed = tracker.fail(run.runId(), "mailbox <full> \ud83d\ude00", NONE);
        assertTrue(failed.applied());
        assertEquals("worker-7", failed.run().owner());
        String want = "{\"runId\":\"" + run.runId() + "\",\"journeyId\":\"" + JOURNEY
                + "\",\"profileId\":\"" + PROFILE + "\",\"status\":\"failed\","
                + "\"triggeredAt\":\"2023-11-07T05:31:56Z\","
                + "\"completedAt\":\"2023-11-07T05:31:57.500Z\","
                + "\"error\":\"mailbox <full> \ud83d\ude00\"}";
        byte[] bytes = want.getBytes(StandardCharsets.UTF_8);
        assertArrayEquals(bytes, tracker.getJson(run.runId()).orElseThrow());
        Run value = tracker.get(run.runId()).orElseThrow();
        assertArrayEquals(bytes, value.toJson());
        assertEquals(value, failed.run());
        Outcome refused = tracker.complete(run.runId(), NONE);
        assertEquals(OutcomeKind.ILLEGAL, refused.kind());
        assertFalse(refused.holds());
        assertTrue(tracker.get(JOURNEY).isEmpty());
        assertTrue(tracker.getJson(JOURNEY, run.runId()).isEmpty());
    }

    @Test
    public void aBatchAnswersEachCommand() throws Exception {
        open();
        UUID id = new UUID(0x7000, 0x8000_0000_0000_0001L);
        UUID other = new UUID(0x7000, 0x8000_0000_0000_0002L);
        CreateCommand create = CreateCommand.of(JOURNEY, PROFILE)
                .withRunId(id).withIdempotencyKey("order-4711");
        StepOptions owner = StepOptions.owner("w");
        StepOptions leased = owner.withLease(Duration.ofMinutes(1));
        List<Outcome> outcomes = tracker.apply(List.of(
                create,
                Command.start(id, leased),
                create,
                Command.heartbeat(id, leased),
                Command.adopt(id, StepOptions.owner("x")),
                Command.fail(id, "no", owner),
                Command.exit(JOURNEY, NONE),
                Command.complete(id, NONE),
                new ImportCommand(other, JOURNEY, PROFILE, Ids.NIL, Status.FAILED, BEGIN, null,
                        BEGIN, "old")), null);
        StringBuilder kinds = new StringBuilder();
        outcomes.forEach(outcome -> kinds.append(outcome.kind().label()).append(' '));
        assertEquals("created applied unchanged applied applied conflict not_found applied "
                + "created ", kinds.toString());
        assertNull(outcomes.get(6).run());
        assertEquals("old", outcomes.get(8).run().error());
    }

    @Test
    public void listsCountsAndSnapshotsAgree() throws Exception {
        open();
        List<UUID> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(create(tracker).runId());
        }
        assertTrue(tracker.start(ids.get(0), NONE).applied());
        Filter filter = Filter.ALL.ofJourney(JOURNEY).in(Status.QUEUED);
        try (Snapshot moment = tracker.snapshot(Freshness.LATEST, null)) {
            assertTrue(tracker.start(ids.get(1), NONE).applied());
            int seen = 0;
            PageOptions at = PageOptions.FIRST.withLimit(2).in(Order.OLDEST_FIRST);
            Page page;
            do {
                page = moment.list(filter, at);
                seen += page.runs().size();
                at = at.at(page.next());
            } while (!page.next().isEmpty());
            Counts counts = moment.counts(null, JOURNEY);
            assertEquals(4, seen);
            assertEquals(new Counts(4, 1, 0, 0, 0), counts);
            assertEquals(Status.QUEUED, moment.get(Ids.NIL, ids.get(1)).orElseThrow().status());
            assertTrue(moment.getJson(Ids.NIL, ids.get(1)).isPresent());
            assertEquals(4, moment.listJson(filter, PageOptions.FIRST).count());
            assertEquals(5, moment.getMany(Ids.NIL, ids).size());
            assertEquals(moment.sequence(), moment.changes(0, 100, null).newest());
        }
        assertEquals(3, tracker.counts(null, null, Freshness.LATEST).queued());
        JsonPage json = tracker.listJson(filter, PageOptions.FIRST);
        assertEquals(3, json.count());
        assertTrue(new String(json.json(), StandardCharsets.UTF_8).startsWith("[{\"runId\":"));
        List<Run> many = tracker.getMany(Ids.NIL, List.of(ids.get(4), PROFILE, ids.get(0)));
        assertEquals(ids.get(4), many.get(0).runId());
        assertNull(many.get(1));
        assertEquals(Status.RUNNING, many.get(2).status());
    }

    @Test
    public void theFeedTellsEveryChange() throws Exception {
        open();
        try (Subscription feed = tracker.subscribe(0, null)) {
            Run run = create(tracker);
            assertTrue(tracker.exit(run.runId(), NONE).applied());
            List<ChangeKind> kinds = new ArrayList<>();
            while (kinds.size() < 2) {
                feed.next(100, null).changes().forEach(change -> kinds.add(change.kind()));
            }
            assertEquals(List.of(ChangeKind.CREATED, ChangeKind.EXITED), kinds);
            ChangePage page = tracker.changes(0, 1, null, Freshness.LATEST);
            assertEquals(1, page.changes().size());
            assertEquals(1, page.next());
            assertEquals(feed.position(), page.newest());
            assertEquals(tracker.storeId(), page.storeId());
            feed.stop();
            assertCode(ErrorCode.CANCELLED, () -> feed.next(1, null));
        }
    }

    @Test
    public void upkeep() throws Exception {
        open(options().clock(BEGIN));
        Run first = create(tracker);
        Run second = create(tracker);
        Run third = create(tracker);
        StepOptions leased = StepOptions.owner("w").withLease(Duration.ofSeconds(1));
        assertTrue(tracker.start(first.runId(), leased).applied());
        assertTrue(tracker.heartbeat(first.runId(), Duration.ofSeconds(2), leased).applied());
        assertTrue(tracker.exit(second.runId(), NONE).applied());
        tracker.setClock(BEGIN.plusSeconds(3600));
        List<Run> expired = tracker.expired(10);
        assertEquals(1, expired.size());
        StepOptions overdue =
                NONE.withFencingToken(expired.get(0).fencingToken()).ifExpired();
        assertTrue(tracker.fail(first.runId(), "silent", overdue).applied());
        BulkReport dry = tracker.bulk(Filter.ALL, BulkOptions.fail("ended").dry());
        assertEquals(1, dry.matched());
        assertEquals(third.runId(), dry.sample().get(0).runId());
        BulkReport done = tracker.bulk(Filter.ALL, BulkOptions.fail("ended"));
        assertEquals(new BulkReport(1, 1, "", List.of()), done);
        assertEquals(1, tracker.purge(PurgeOptions.before(BEGIN.plusSeconds(60))).removed());
        Erasure erased = tracker.eraseProfile(Ids.NIL, PROFILE, null);
        assertEquals(2, erased.runs());
        assertTrue(erased.changesBlanked() > 0);
        assertTrue(tracker.orphans(PageOptions.FIRST).runs().isEmpty());
        Stats stats = tracker.stats();
        assertEquals(0, stats.runs().total());
        assertFalse(stats.trees().isEmpty());
        assertTrue(stats.prometheus().contains("# TYPE"));
        assertTrue(stats.commands() >= 7);
        assertEquals(1024, stats.readersMax());
        tracker.flush(null);
        assertEquals(0, tracker.unpublished());
    }

    @Test
    public void whatIsExportedCanBeImported() throws Exception {
        Tracker from = open();
        for (int i = 0; i < 3; i++) {
            create(from);
        }
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        assertEquals(3, from.exportRuns(lines, null, Freshness.LATEST));
        from.close();
        byte[] copied = lines.toByteArray();
        lines.writeBytes("{no json}\n".getBytes(StandardCharsets.UTF_8));
        Tracker to = open();
        List<ImportProblem> problems = new ArrayList<>();
        ByteArrayInputStream in = new ByteArrayInputStream(lines.toByteArray());
        assertEquals(new ImportReport(4, 3, 0, 1), to.importRuns(in, problems::add));
        assertEquals(1, problems.size());
        assertEquals(4, problems.get(0).line());
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        to.exportRuns(again, null, Freshness.LATEST);
        assertArrayEquals(copied, again.toByteArray());
    }

    @Test
    public void textsOfStatusesIdsAndInstants() {
        for (Status status : Status.values()) {
            assertEquals(status, Status.parse(status.label()));
        }
        assertCode(ErrorCode.INVALID_ARGUMENT, () -> Status.parse("Queued"));
        String text = "1400-01-01T00:00:00.000001Z";
        assertEquals(text, Instants.format(Instants.parse(text)));
        for (String bad : List.of("", "2023-02-30T00:00Z", "2023-11-07T05:31:56+01:00")) {
            assertCode(ErrorCode.INVALID_ARGUMENT, () -> Instants.parse(bad));
        }
        assertEquals(JOURNEY, Ids.parse("3C90C3CC-0D44-4B50-8888-8DD25736052A"));
        for (String bad : List.of("", "1-1-1-1-1", "{" + JOURNEY + "}", JOURNEY + "\n")) {
            assertCode(ErrorCode.INVALID_ARGUMENT, () -> Ids.parse(bad));
        }
        assertFalse(Tracker.version().isEmpty());
    }

    @Test
    public void theJarCarriesTheNativeLibraries() throws Exception {
        String maps = Files.readString(Path.of("/proc/self/maps"));
        for (String name : List.of("libmilepost-jni.so", "libmilepost-c.so", "liblmdb.so")) {
            long other = maps.lines()
                    .filter(line -> line.contains(name) && !line.contains("/milepost-java-"))
                    .count();
            assertEquals(name + " comes from elsewhere", 0, other);
            assertTrue(name + " is not loaded", maps.contains(name));
        }
    }
}
