// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * What an import has done.
 *
 * @param lines lines read
 * @param created runs made
 * @param unchanged runs that were there
 * @param refused lines refused
 */
public record ImportReport(long lines, long created, long unchanged, long refused) {}
