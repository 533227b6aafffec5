// SPDX-License-Identifier: Apache-2.0
/**
 * Tracks runs of journeys inside the own process: from queued through running to completed, failed
 * or exited, durably, and answers "how is run X?" with the exact public JSON. Begin with {@link
 * io.milepost.Tracker#open}.
 */
package io.milepost;
