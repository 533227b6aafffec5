// SPDX-License-Identifier: Apache-2.0

// Package milepost tracks runs inside the own process: it records every run of a journey from
// queued through running to completed, failed or exited, loses nothing it acknowledged, and answers
// "how is run X?" with the exact public JSON.
//
// It calls libmilepost-c, found by pkg-config as milepost-c. A context's deadline bounds how long a
// call waits for its turn; it does not interrupt a sync under way. A cancelled context is noticed
// before a call, and within a moment by Wait and Subscription.Next. No goroutine is bound to its
// thread, and one that waits for a commit holds no processor.
//
// What has a Close method must be closed: nothing is left to finalizers.
package milepost
