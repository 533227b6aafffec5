// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.List;

/**
 * What a bulk step did.
 *
 * @param matched runs that match
 * @param applied runs that were failed or exited
 * @param next the next step's cursor; empty: all are done
 * @param sample the first few, of a dry run
 */
public record BulkReport(long matched, long applied, String next, List<Run> sample) {}
