// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.junit.After;
import org.junit.Rule;
import org.junit.function.ThrowingRunnable;
import org.junit.rules.TemporaryFolder;

/** What the tests share: stores in folders of their own. */
public abstract class Stores {
    static final UUID JOURNEY = UUID.fromString("3c90c3cc-0d44-4b50-8888-8dd25736052a");
    static final UUID PROFILE = UUID.fromString("5c90c3cc-0d44-4b50-8888-8dd25736052a");
    static final StepOptions NONE = StepOptions.NONE;
    static final Instant BEGIN = Instant.parse("2023-11-07T05:31:56Z");

    /** Emptied after each test. */
    @Rule public final TemporaryFolder folders = new TemporaryFolder(parent());

    Tracker tracker;

    private static File parent() {
        String parent = System.getenv("MILEPOST_TEST_DIR");
        return new File(parent == null ? System.getProperty("java.io.tmpdir") : parent);
    }

    Path folder() throws IOException {
        return folders.newFolder().toPath().resolve("store");
    }

    OpenOptions options() throws IOException {
        return new OpenOptions(folder()).durability(Durability.RELAXED);
    }

    Tracker open() throws IOException {
        return open(options());
    }

    Tracker open(OpenOptions options) {
        tracker = Tracker.open(options);
        return tracker;
    }

    /** The last one that a test opened. */
    @After
    public void closeTracker() {
        if (tracker != null) {
            tracker.close();
        }
    }

    static Run create(Tracker tracker) {
        Outcome outcome = tracker.create(CreateCommand.of(JOURNEY, PROFILE));
        assertEquals(OutcomeKind.CREATED, outcome.kind());
        return outcome.run();
    }

    static MilepostException assertCode(ErrorCode code, ThrowingRunnable call) {
        MilepostException e = assertThrows(MilepostException.class, call);
        assertEquals(code, e.code());
        assertFalse(e.getMessage().isEmpty());
        return e;
    }
}
