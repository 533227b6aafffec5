// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Bodies of the tracker's upkeep, export and import. */
final class Upkeep {
    private static final int IMPORT_BYTES = 1 << 20;

    private Upkeep() {}

    static PurgeReport purge(Tracker tracker, PurgeOptions options) {
        Request request = new Request(128)
                .optionalId(options.organizationId())
                .u8(options.dryRun())
                .instant(options.completedBefore())
                .i64(options.limit())
                .text(options.cursor())
                .timeout(options.timeout());
        Reply reply = tracker.call(Operation.PURGE, request);
        long removed = reply.i64();
        return new PurgeReport(removed, reply.text());
    }

    static Erasure erase(Tracker tracker, UUID organization, UUID profile, Duration timeout) {
        Request request = new Request(40).id(organization).id(profile).timeout(timeout);
        Reply reply = tracker.call(Operation.ERASE, request);
        long runs = reply.i64();
        long blanked = reply.i64();
        long sequence = reply.i64();
        long through = reply.i64();
        long journalBytes = reply.i64();
        return new Erasure(runs, blanked, sequence, through, journalBytes, reply.i64());
    }

    static FailedOrphans failOrphans(Tracker tracker, String error, long limit, Duration timeout) {
        Request request = new Request(128).data(Request.utf8(error)).i64(limit).timeout(timeout);
        Reply reply = tracker.call(Operation.FAIL_ORPHANS, request);
        long failed = reply.i64();
        return new FailedOrphans(failed, reply.u8());
    }

    static BulkReport bulk(Tracker tracker, Filter filter, BulkOptions options) {
        Request request = filter.encode(new Request(256))
                .i32(options.action().number())
                .data(Request.utf8(options.error()))
                .i64(options.limit())
                .text(options.cursor())
                .timeout(options.timeout())
                .u8(options.dryRun());
        Reply reply = tracker.call(Operation.BULK, request);
        long matched = reply.i64();
        long applied = reply.i64();
        String next = reply.text();
        List<Run> sample = reply.u8() ? reply.page().runs() : List.of();
        return new BulkReport(matched, applied, next, sample);
    }

    static long exportRuns(Tracker tracker, OutputStream to, UUID organization, Freshness freshness)
            throws IOException {
        Request request = new Request(32).optionalId(organization).i32(freshness.number());
        long operation = tracker.call(Operation.EXPORT, request).i64();
        try {
            while (true) {
                Reply reply = Native.call(Operation.EXPORT_STEP, operation);
                boolean done = reply.u8();
                long lines = reply.i64();
                to.write(reply.data());
                if (done) {
                    return lines;
                }
            }
        } finally {
            Native.call(Operation.EXPORT_FREE, operation);
        }
    }

    static ImportReport importRuns(
            Tracker tracker, InputStream from, Consumer<ImportProblem> problem) throws IOException {
        long operation = tracker.call(Operation.IMPORT, new Request(0)).i64();
        try {
            byte[] buffer = new byte[IMPORT_BYTES];
            while (true) {
                int size = from.readNBytes(buffer, 0, buffer.length);
                boolean last = size < buffer.length;
                Request request = new Request(size + 32).u8(last).timeout(null).data(buffer, size);
                Reply reply = Native.call(Operation.IMPORT_STEP, operation, request);
                long lines = reply.i64();
                long created = reply.i64();
                long unchanged = reply.i64();
                long refused = reply.i64();
                for (int left = reply.i32(); left > 0; left--) {
                    long line = reply.i64();
                    problem.accept(new ImportProblem(line, reply.text()));
                }
                if (last) {
                    return new ImportReport(lines, created, unchanged, refused);
                }
            }
        } finally {
            Native.call(Operation.IMPORT_FREE, operation);
        }
    }
}
