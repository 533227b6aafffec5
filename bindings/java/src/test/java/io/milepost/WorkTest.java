// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.Test;

/** Verify, backup, restore and repair. */
public final class WorkTest extends Stores {
    @Test
    public void aBackupIsVerifiedAndRestored() throws Exception {
        open();
        Run run = create(tracker);
        WorkReport seen = tracker.verify(VerifyLevel.PAGES, null, progress -> true);
        assertEquals(0, seen.findingsCount());
        assertEquals(1, seen.runs());
        assertTrue(seen.pages() > 0);
        Path copied = folder();
        Path restored = folder();
        WorkReport made = tracker.backup(copied, true, null, progress -> true);
        assertTrue(made.bytes() > 0);
        assertEquals(1, made.sequence());
        assertCode(ErrorCode.INVALID_ARGUMENT,
                () -> tracker.backup(copied, true, null, progress -> true));
        assertEquals(1, Directories.verify(copied, VerifyLevel.PAGES, progress -> true).runs());
        WorkReport back = Directories.restore(copied, restored, false, progress -> true);
        tracker.close();
        open(new OpenOptions(restored));
        assertEquals(back.storeId(), tracker.storeId());
        assertEquals(Status.QUEUED, tracker.get(run.runId()).orElseThrow().status());
    }

    @Test
    public void aDamagedBackupIsTold() throws Exception {
        open();
        create(tracker);
        Path copied = folder();
        Path restored = folder();
        tracker.backup(copied, true, null, progress -> true);
        List<Path> files;
        try (Stream<Path> all = Files.list(copied)) {
            files = all.collect(Collectors.toList());
        }
        for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            for (int i = 8192; i < bytes.length; i += 512) {
                bytes[i] ^= (byte) 0xff;
            }
            Files.write(file, bytes);
        }
        WorkReport report = Directories.verify(copied, VerifyLevel.PAGES, progress -> true);
        assertTrue(report.findingsCount() > 0);
        assertFalse(report.findings().get(0).text().isEmpty());
        assertCode(ErrorCode.CORRUPT,
                () -> Directories.restore(copied, restored, false, progress -> true));
        assertCode(ErrorCode.NOT_FOUND,
                () -> Directories.repair(restored, folder(), progress -> true));
    }

    @Test
    public void aWorkThatIsCancelledLeavesNothing() throws Exception {
        open();
        create(tracker);
        Path copied = folder();
        boolean done = true;
        try {
            tracker.backup(copied, false, null, progress -> false);
        } catch (MilepostException e) {
            assertEquals(ErrorCode.CANCELLED, e.code());
            done = false;
        }
        assertEquals(done, Files.exists(copied));
    }

    @Test
    public void orphansFailInSteps() throws Exception {
        Path folder = folder();
        open(new OpenOptions(folder));
        UUID id = create(tracker).runId();
        assertTrue(tracker.start(id, NONE).applied());
        tracker.close();
        open(new OpenOptions(folder));
        assertEquals(new FailedOrphans(1, false),
                tracker.failOrphans("its process is gone", 10, null));
        assertEquals("its process is gone", tracker.get(id).orElseThrow().error());
    }
}
