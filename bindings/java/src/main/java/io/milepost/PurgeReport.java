// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * What a step of a purge did.
 *
 * @param removed runs removed
 * @param next the next step's cursor; empty: nothing is left to remove
 */
public record PurgeReport(long removed, String next) {}
