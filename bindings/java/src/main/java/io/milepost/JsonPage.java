// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * One page of a list as public responses.
 *
 * @param json a JSON array, in UTF-8
 * @param count how many runs are in it
 * @param next the cursor of the next page; empty when this is the last one
 */
public record JsonPage(byte[] json, int count, String next) {}
