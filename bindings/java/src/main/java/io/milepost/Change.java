// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * One change of the feed.
 *
 * @param kind what happened
 * @param sequence its place in the feed
 * @param run the run as this change left it
 */
public record Change(ChangeKind kind, long sequence, Run run) {}
