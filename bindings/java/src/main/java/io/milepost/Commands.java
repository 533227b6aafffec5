// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.util.UUID;

/** How commands are encoded: as native/commands.c reads them. */
final class Commands {
    private static final int HAS_RUN_ID = 1;
    private static final int HAS_TRIGGERED_AT = 2;
    private static final int HAS_STARTED_AT = 4;
    private static final int HAS_COMPLETED_AT = 8;
    private static final int HAS_FENCING_TOKEN = 16;
    private static final int ONLY_IF_EXPIRED = 32;

    private static final int CREATE = 1;
    private static final int IMPORT = 8;
    private static final byte[] NONE = {};

    private Commands() {}

    static void encode(Request to, Command command) {
        if (command instanceof StepCommand step) {
            encode(to, step.kind(), step.runId(), step.error(), step.options());
        } else if (command instanceof CreateCommand create) {
            encode(to, create);
        } else if (command instanceof ImportCommand imported) {
            encode(to, imported);
        } else {
            throw MilepostException.invalid("A command is null.");
        }
    }

    static void encode(Request to, int kind, UUID runId, byte[] error, StepOptions options) {
        int flags = (options.fencingToken().isPresent() ? HAS_FENCING_TOKEN : 0)
                | (options.onlyIfExpired() ? ONLY_IF_EXPIRED : 0);
        to.i32(kind)
                .i32(flags)
                .id(runId)
                .id(options.organizationId())
                .i64(options.fencingToken().orElse(0))
                .i64(Request.millis(options.lease()))
                .text(options.owner())
                .data(error == null ? NONE : error);
    }

    static void encode(Request to, CreateCommand c) {
        int flags = (c.runId() != null ? HAS_RUN_ID : 0)
                | (c.triggeredAt() != null ? HAS_TRIGGERED_AT : 0);
        to.i32(CREATE).i32(flags).id(c.runId()).id(c.organizationId()).i64(0).i64(0);
        to.data(NONE).data(NONE).id(c.journeyId()).id(c.profileId());
        to.instant(c.triggeredAt()).i64(0).i64(0).i32(0).data(c.idempotencyKey());
    }

    private static void encode(Request to, ImportCommand c) {
        int flags = (c.startedAt() != null ? HAS_STARTED_AT : 0)
                | (c.completedAt() != null ? HAS_COMPLETED_AT : 0);
        to.i32(IMPORT).i32(flags).id(c.runId()).id(c.organizationId()).i64(0).i64(0);
        to.data(NONE).data(c.error() == null ? NONE : Request.utf8(c.error()));
        to.id(c.journeyId()).id(c.profileId()).instant(c.triggeredAt());
        to.instant(c.startedAt()).instant(c.completedAt()).i32(c.status().number()).data(NONE);
    }
}
