// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * Runs per status.
 *
 * @param queued those that nobody has yet
 * @param running those that somebody works on
 * @param completed those that ended well
 * @param failed those that ended with an error
 * @param exited those that left the journey
 */
public record Counts(long queued, long running, long completed, long failed, long exited) {
    /**
     * Runs of every status.
     *
     * @return the sum
     */
    public long total() {
        return queued + running + completed + failed + exited;
    }
}
