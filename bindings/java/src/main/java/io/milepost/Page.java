// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.List;

/**
 * One page of a list.
 *
 * @param runs the runs
 * @param next the cursor of the next page; empty when this is the last one
 */
public record Page(List<Run> runs, String next) {}
