// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * What can be done to stores that are not open. Each goes in steps: {@code watch} is called after
 * each, and if it yields false the work is cancelled, leaves nothing behind and ends in a {@link
 * MilepostException} with {@link ErrorCode#CANCELLED}.
 */
public final class Directories {
    private Directories() {}

    /**
     * Verifies a store that no process has open for writing. Any file gets a report, and no file a
     * crash.
     *
     * @param directory the store's folder
     * @param level how deep
     * @param watch called after each step; false cancels
     * @return what was found
     */
    public static WorkReport verify(
            Path directory, VerifyLevel level, Predicate<Progress> watch) {
        Request request = new Request(256).data(Request.path(directory)).i32(level.number());
        return work(Native.call(Operation.DIRECTORY_VERIFY, 0, request), watch);
    }

    /**
     * Makes a new store from every run whose record is whole.
     *
     * @param from the damaged store's folder, which is only read
     * @param to the new store's folder, which must not exist; the store has an id of its own
     * @param watch called after each step; false cancels
     * @return what was saved, and what was lost
     */
    public static WorkReport repair(Path from, Path to, Predicate<Progress> watch) {
        Request request = new Request(256).data(Request.path(from)).data(Request.path(to));
        return work(Native.call(Operation.DIRECTORY_REPAIR, 0, request), watch);
    }

    /**
     * Makes a store from a backup, which is verified first: if it is damaged, {@link
     * ErrorCode#CORRUPT}, and nothing is touched.
     *
     * @param backup the backup's folder
     * @param directory the store's folder
     * @param replace whether a store that is there is moved to {@code <directory>.replaced}, which
     *     must not exist
     * @param watch called after each step; false cancels
     * @return what was restored
     */
    public static WorkReport restore(
            Path backup, Path directory, boolean replace, Predicate<Progress> watch) {
        Request request = new Request(256)
                .data(Request.path(backup))
                .data(Request.path(directory))
                .u8(replace);
        return work(Native.call(Operation.BACKUP_RESTORE, 0, request), watch);
    }

    /** Steps a work that was begun to its end. */
    static WorkReport work(Reply begun, Predicate<Progress> watch) {
        long handle = begun.i64();
        try {
            while (true) {
                Reply reply = Native.call(Operation.WORK_STEP, handle);
                boolean done = reply.u8();
                long rows = reply.i64();
                boolean on = watch.test(new Progress(rows, reply.i64()));
                if (done) {
                    return WorkReport.of(Native.call(Operation.WORK_GET, handle));
                }
                if (!on) {
                    throw new MilepostException(ErrorCode.CANCELLED, 0, Applied.NO, true,
                            "Whoever watched it ended the work.");
                }
            }
        } finally {
            Native.call(Operation.WORK_FREE, handle);
        }
    }
}
