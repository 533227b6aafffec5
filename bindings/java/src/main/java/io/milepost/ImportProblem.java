// SPDX-License-Identifier: Apache-2.0
package io.milepost;

/**
 * A line that an import refused.
 *
 * @param line its number, counted from 1
 * @param reason why
 */
public record ImportProblem(long line, String reason) {}
