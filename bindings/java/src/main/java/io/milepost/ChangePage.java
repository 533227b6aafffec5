// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.List;
import java.util.UUID;

/**
 * A page of the feed, and where it stands.
 *
 * @param changes the changes
 * @param next where the next page begins: {@code after}
 * @param newest the last sequence of the moment the page is of
 * @param storeId the store that the sequences belong to
 */
public record ChangePage(List<Change> changes, long next, long newest, UUID storeId) {}
