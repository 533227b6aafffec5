// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * How far a verify, backup, restore or repair is.
 *
 * @param rows rows that a verify or repair read
 * @param bytes bytes that a backup or restore copied
 */
public record Progress(long rows, long bytes) {}
