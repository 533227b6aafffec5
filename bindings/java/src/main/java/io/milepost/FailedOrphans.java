// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * What a step of failing orphans did.
 *
 * @param failed how many it failed
 * @param more whether to call again
 */
public record FailedOrphans(long failed, boolean more) {}
