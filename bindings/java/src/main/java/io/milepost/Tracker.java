// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A store, opened. All methods may be called by any number of threads at the same time. One process
 * writes to a store, and opens it once.
 *
 * <p>Each command is durable when its method returns, and seen by every later read in this process.
 * Methods that wait for a commit block their thread in native code, where a virtual thread keeps
 * its carrier: call them from a bounded pool of platform threads, as the README shows. Reads of one
 * run ({@link #get}, {@link #getJson}) never wait and may be called from virtual threads. No lock
 * of Java's is held while a call runs, and the garbage collector never waits for one.
 *
 * <p>Every method throws {@link MilepostException}: {@link ErrorCode#CLOSED} after {@link #close},
 * {@link ErrorCode#BUSY} when its time runs out.
 */
public final class Tracker extends TrackerCommands implements AutoCloseable {
    /** Bytes of a failed run's error text; a longer one is cut. */
    public static final int ERROR_TEXT_SIZE_MAX = 4096;
    /** Bytes of an owner. */
    public static final int OWNER_SIZE_MAX = 255;
    /** Bytes of an idempotency key. */
    public static final int IDEMPOTENCY_KEY_SIZE_MAX = 255;
    /** Commands of one {@code apply}. */
    public static final int BATCH_COMMANDS_MAX = 10_000;
    /** Ids of one {@link #getMany}. */
    public static final int GET_MANY_MAX = 10_000;
    /** Runs of one page of a list. */
    public static final int LIST_LIMIT_MAX = 1_000;
    /** Changes of one page of the feed. */
    public static final int CHANGES_LIMIT_MAX = 10_000;
    /** Findings that one report keeps; all are counted. */
    public static final int FINDINGS_MAX = 1_000;
    /** Runs that one step of a purge or of a bulk call takes. */
    public static final int REMOVE_LIMIT_MAX = 10_000;

    static final Cleaner CLEANER = Cleaner.create();

    private final Closing closing;
    private final Cleaner.Cleanable cleanable;

    /** What is left to do when nobody closed; must not refer to the tracker. */
    private record Closing(long handle, long hook) implements Runnable {
        @Override
        public void run() {
            try {
                Native.call(Operation.CLOSE, handle);
            } catch (MilepostException e) {
                // Closed already, or nobody is left to be told.
            } finally {
                Native.removeHook(hook);
            }
        }
    }

    private Tracker(long handle, long hook) {
        closing = new Closing(handle, hook);
        cleanable = CLEANER.register(this, closing);
    }

    /**
     * The version of the library that is loaded.
     *
     * @return e.g. {@code 0.1.0}
     */
    public static String version() {
        return Native.VERSION;
    }

    /**
     * Opens a store by the library's defaults, making it if need be.
     *
     * @param directory the store's folder
     * @return the tracker, to be closed
     */
    public static Tracker open(Path directory) {
        return open(new OpenOptions(directory));
    }

    /**
     * Opens a store, making it if need be, and recovers what a crash left behind.
     *
     * @param options how
     * @return the tracker, to be closed
     */
    public static Tracker open(OpenOptions options) {
        long hook = Native.addHook(options.hook());
        try {
            return new Tracker(Native.call(Operation.OPEN, 0, options.encode(hook)).i64(), hook);
        } catch (RuntimeException e) {
            Native.removeHook(hook);
            throw e;
        }
    }

    /**
     * Publishes, and releases every resource and the writer's lock. Calls that run are woken and
     * end; later ones fail. Closing again does nothing. A tracker that nobody closes is closed some
     * time after it became unreachable; do not rely on it.
     *
     * @throws MilepostException what the last publishing failed with; the next open recovers it
     */
    @Override
    public void close() {
        try {
            call(Operation.CLOSE, new Request(0));
        } catch (ClosedException e) {
            return;
        } finally {
            cleanable.clean();
        }
    }

    @Override
    Reply call(Operation operation, Request request) {
        try {
            return Native.call(operation, closing.handle, request);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Makes everything acknowledged so far visible to other processes.
     *
     * @param timeout how long to wait; null: as the options say
     */
    public void flush(Duration timeout) {
        call(Operation.FLUSH, new Request(8).timeout(timeout));
    }

    /**
     * The id of the store; a restored backup has another.
     *
     * @return the id
     */
    public UUID storeId() {
        return call(Operation.STORE_ID, new Request(0)).id();
    }

    /**
     * Effects that other processes cannot see yet. Read-only: how far what it sees is behind.
     *
     * @return how many
     */
    public long unpublished() {
        return call(Operation.UNPUBLISHED, new Request(0)).i64();
    }

    /**
     * For tests: sets the clock of a tracker that was opened with {@link OpenOptions#clock}.
     *
     * @param now what it shows until set again
     */
    public void setClock(Instant now) {
        call(Operation.SET_CLOCK, new Request(8).instant(now));
    }

    /**
     * A run of the nil organization.
     *
     * @param runId which
     * @return the run, if there is one
     */
    public Optional<Run> get(UUID runId) {
        return get(Ids.NIL, runId);
    }

    /**
     * A run of an organization.
     *
     * @param organizationId whose
     * @param runId which
     * @return the run, if it has one of that id
     */
    public Optional<Run> get(UUID organizationId, UUID runId) {
        Request request = Reads.get(false, organizationId, runId);
        return Optional.ofNullable(call(Operation.GET, request).run());
    }

    /**
     * The exact public response for a run of the nil organization.
     *
     * @param runId which
     * @return JSON in UTF-8, if there is such a run
     */
    public Optional<byte[]> getJson(UUID runId) {
        return getJson(Ids.NIL, runId);
    }

    /**
     * The exact public response for a run of an organization.
     *
     * @param organizationId whose
     * @param runId which
     * @return JSON in UTF-8, if it has a run of that id
     */
    public Optional<byte[]> getJson(UUID organizationId, UUID runId) {
        try {
            return Optional.ofNullable(Native.json(closing.handle, false,
                    runId.getMostSignificantBits(), runId.getLeastSignificantBits(),
                    organizationId.getMostSignificantBits(),
                    organizationId.getLeastSignificantBits()));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Up to {@link #GET_MANY_MAX} runs as they were at one moment, in the order asked for.
     *
     * @param organizationId whose
     * @param runIds which
     * @return for each the run, or null if the organization has none of that id
     */
    public List<Run> getMany(UUID organizationId, List<UUID> runIds) {
        return call(Operation.GET_MANY, Reads.getMany(false, organizationId, runIds)).page().runs();
    }

    /**
     * Waits until a run is final; woken by the commit.
     *
     * @param organizationId whose
     * @param runId which
     * @param timeout how long; null: until it is, the thread is interrupted or the tracker closed
     * @return the run
     * @throws BusyException when the time has run out
     * @throws InterruptedException within a moment of being interrupted
     */
    public Run await(UUID organizationId, UUID runId, Duration timeout)
            throws InterruptedException {
        return Reads.sliced(timeout, slice -> {
            Request request = new Request(40).id(runId).id(organizationId).i64(slice);
            return call(Operation.WAIT, request).run();
        });
    }

    /**
     * One page of the runs that a filter matches.
     *
     * @param filter which runs
     * @param page which page
     * @return the page
     */
    public Page list(Filter filter, PageOptions page) {
        return call(Operation.LIST, Reads.list(false, filter, page)).page();
    }

    /**
     * The same as one JSON array of public responses.
     *
     * @param filter which runs
     * @param page which page
     * @return the page
     */
    public JsonPage listJson(Filter filter, PageOptions page) {
        return Reads.jsonPage(call(Operation.LIST_JSON, Reads.list(false, filter, page)));
    }

    /**
     * Runs per status, exact: looked up, never counted. With neither id everybody's; with a journey
     * only, the nil organization's.
     *
     * @param organizationId whose, or null
     * @param journeyId of which journey, or null
     * @param freshness of which moment
     * @return the counts
     */
    public Counts counts(UUID organizationId, UUID journeyId, Freshness freshness) {
        Request request = Reads.counts(false, organizationId, journeyId, freshness);
        return call(Operation.COUNTS, request).counts();
    }

    /**
     * One page of the change feed.
     *
     * @param after only changes behind this sequence; 0 begins with the store's first
     * @param limit 1 to {@link #CHANGES_LIMIT_MAX}
     * @param storeId the store that {@code after} belongs to, or null if it is not to be checked
     * @param freshness of which moment
     * @return the page
     */
    public ChangePage changes(long after, long limit, UUID storeId, Freshness freshness) {
        Request request = Reads.changes(false, after, limit, storeId, freshness);
        return call(Operation.CHANGES, request).changes();
    }

    /**
     * One moment of the store, from which all reads agree.
     *
     * @param freshness which moment
     * @param timeout how long to wait; null: as the options say
     * @return the snapshot, to be closed soon
     */
    public Snapshot snapshot(Freshness freshness, Duration timeout) {
        Request request = new Request(16).i32(freshness.number()).timeout(timeout);
        return new Snapshot(call(Operation.SNAPSHOT, request).i64());
    }

    /**
     * The feed as it is published.
     *
     * @param after from behind this sequence; 0 begins with the store's first, {@link
     *     Subscription#FROM_NOW} with what is published from now on
     * @param storeId the store that {@code after} belongs to, or null if it is not to be checked
     * @return the subscription, to be closed
     */
    public Subscription subscribe(long after, UUID storeId) {
        Request request = new Request(32).i64(after).optionalId(storeId);
        return new Subscription(call(Operation.SUBSCRIBE, request).i64());
    }

    /**
     * What an operator wants to know. Costs a few system calls.
     *
     * @return the numbers
     */
    public Stats stats() {
        return Stats.of(call(Operation.STATS, new Request(0)));
    }

    /**
     * One page of the runs that are running under a process that is gone: adopt or fail them.
     *
     * @param page which page; order and freshness have no meaning
     * @return the page
     */
    public Page orphans(PageOptions page) {
        return call(Operation.ORPHANS, page.encode(new Request(64))).page();
    }

    /**
     * One step of failing all orphans with one reason.
     *
     * @param error the reason, for people
     * @param limit 1 to {@link #REMOVE_LIMIT_MAX}
     * @param timeout how long to wait; null: as the options say
     * @return how many failed, and whether to call again
     */
    public FailedOrphans failOrphans(String error, long limit, Duration timeout) {
        return Upkeep.failOrphans(this, error, limit, timeout);
    }

    /**
     * Looks at the store as it is at one moment while others go on.
     *
     * @param level how deep
     * @param timeout how long to wait; null: as the options say
     * @param watch called after each step; false cancels
     * @return what was found
     */
    public WorkReport verify(VerifyLevel level, Duration timeout, Predicate<Progress> watch) {
        Request request = new Request(16).i32(level.number()).timeout(timeout);
        return Directories.work(call(Operation.VERIFY, request), watch);
    }

    /**
     * Copies the store into a new folder, which appears all at once: one moment, with everything
     * acknowledged before.
     *
     * @param to the folder, which must not exist
     * @param compact whether free pages are left out
     * @param timeout how long to wait; null: as the options say
     * @param watch called after each step; false cancels
     * @return what was copied
     */
    public WorkReport backup(
            Path to, boolean compact, Duration timeout, Predicate<Progress> watch) {
        Request request = new Request(256).data(Request.path(to)).u8(compact).timeout(timeout);
        return Directories.work(call(Operation.BACKUP, request), watch);
    }

    /**
     * Running runs whose lease has run out, longest overdue first: adopt or fail them with {@link
     * StepOptions#ifExpired}.
     *
     * @param limit 1 to {@link #LIST_LIMIT_MAX}
     * @return the runs
     */
    public List<Run> expired(long limit) {
        return call(Operation.EXPIRED, new Request(8).i64(limit)).page().runs();
    }

    /**
     * One step of retention: removes finished runs, and never one that is not finished.
     *
     * @param options which, and where to go on
     * @return what was done
     */
    public PurgeReport purge(PurgeOptions options) {
        return Upkeep.purge(this, options);
    }

    /**
     * Erases every run of a profile, finished or not, and blanks what the change feed says of them.
     *
     * @param organizationId whose
     * @param profileId which
     * @param timeout how long to wait; null: as the options say
     * @return what was erased, and what remains of it where
     */
    public Erasure eraseProfile(UUID organizationId, UUID profileId, Duration timeout) {
        return Upkeep.erase(this, organizationId, profileId, timeout);
    }

    /**
     * One step of failing or exiting all runs that a filter matches. Runs made after the first step
     * are left alone.
     *
     * @param filter which runs
     * @param options what is done, and where to go on
     * @return what was done
     */
    public BulkReport bulk(Filter filter, BulkOptions options) {
        return Upkeep.bulk(this, filter, options);
    }

    /**
     * Writes every run as a line of JSON, in order of run ids. Each run is as it was at some moment
     * of the export; no snapshot is held while the stream is written to.
     *
     * @param to gets the lines
     * @param organizationId whose runs, or null for everybody's
     * @param freshness of which moment
     * @return how many lines
     * @throws IOException what the stream throws
     */
    public long exportRuns(OutputStream to, UUID organizationId, Freshness freshness)
            throws IOException {
        return Upkeep.exportRuns(this, to, organizationId, freshness);
    }

    /**
     * Imports lines such as an export writes. Importing a line again changes nothing: after an
     * exception the whole import may be repeated.
     *
     * @param from has the lines
     * @param problem is told of those that are refused
     * @return what was done
     * @throws IOException what the stream throws
     */
    public ImportReport importRuns(InputStream from, Consumer<ImportProblem> problem)
            throws IOException {
        return Upkeep.importRuns(this, from, problem);
    }
}
