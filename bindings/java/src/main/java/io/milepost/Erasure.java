// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * What was erased, and what remains of it where.
 *
 * @param runs runs removed
 * @param changesBlanked changes of the feed that no longer tell of them
 * @param sequence of the erasure
 * @param through every run of the profile made up to this sequence is gone
 * @param journalBytes bytes of journal that may still hold them until recycled
 * @param freeBytes bytes of free pages that may still hold them until reused
 */
public record Erasure(
        long runs,
        long changesBlanked,
        long sequence,
        long through,
        long journalBytes,
        long freeBytes) {}
