// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What a verify, backup, restore or repair found or did. Members that its kind does not name are
 * zero.
 *
 * @param findingsCount verify, repair: all that were found; 0: the store is sound
 * @param runs verify; repair: saved; restore
 * @param rows verify: of all tables
 * @param changes verify; repair: saved
 * @param pages verify at level pages: of the data file
 * @param journaled verify of a directory, repair: effects that only the journal held
 * @param sequence verify, backup, restore: the last effect held
 * @param lost repair: records that failed their checks and were left behind
 * @param bytes backup, restore: of the copy
 * @param storeId restore: of the new store
 * @param findings verify, repair: the first {@link Tracker#FINDINGS_MAX}
 */
public record WorkReport(
        long findingsCount,
        long runs,
        long rows,
        long changes,
        long pages,
        long journaled,
        long sequence,
        long lost,
        long bytes,
        UUID storeId,
        List<Finding> findings) {
    /**
     * One thing that is wrong with a store.
     *
     * @param kind a stable name, e.g. {@code record_checksum}
     * @param where table, page or file
     * @param text one sentence
     */
    public record Finding(String kind, String where, String text) {}

    static WorkReport of(Reply from) {
        return new WorkReport(
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.i64(),
                from.id(),
                findings(from));
    }

    private static List<Finding> findings(Reply from) {
        List<Finding> findings = new ArrayList<>();
        for (int left = from.i32(); left > 0; left--) {
            String kind = from.text();
            String where = from.text();
            findings.add(new Finding(kind, where, from.text()));
        }
        return findings;
    }
}
