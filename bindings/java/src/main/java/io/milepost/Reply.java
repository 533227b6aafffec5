// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** What a call yields, encoded as wire.h says. */
final class Reply {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private final byte[] bytes;
    private int at;

    Reply(byte[] bytes) {
        this.bytes = bytes;
    }

    boolean u8() {
        return bytes[at++] != 0;
    }

    int i32() {
        int value = (int) INT.get(bytes, at);
        at += 4;
        return value;
    }

    long i64() {
        long value = (long) LONG.get(bytes, at);
        at += 8;
        return value;
    }

    UUID id() {
        long high = i64();
        return new UUID(high, i64());
    }

    byte[] data() {
        int size = i32();
        at += size;
        return Arrays.copyOfRange(bytes, at - size, at);
    }

    String text() {
        int size = i32();
        at += size;
        return size == 0 ? "" : new String(bytes, at - size, size, StandardCharsets.UTF_8);
    }

    Instant instant() {
        return instant(i64());
    }

    static Instant instant(long micros) {
        return Instant.ofEpochSecond(
                Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000);
    }

    private Instant optionalInstant() {
        boolean there = u8();
        long micros = i64();
        return there ? instant(micros) : null;
    }

    /** A run, or null if it was not found. */
    Run run() {
        if (!u8()) {
            return null;
        }
        Status status = Status.of(i32());
        UUID runId = id();
        UUID journeyId = id();
        UUID profileId = id();
        UUID organizationId = id();
        Instant triggeredAt = instant();
        Instant startedAt = optionalInstant();
        Instant completedAt = optionalInstant();
        boolean hasError = u8();
        String error = text();
        String owner = text();
        long token = i64();
        return new Run(runId, journeyId, profileId, organizationId, status, triggeredAt, startedAt,
                completedAt, hasError ? error : null, owner, token, i64());
    }

    Outcome outcome() {
        OutcomeKind kind = OutcomeKind.of(i32());
        return new Outcome(kind, run());
    }

    /** A page of runs; null stands for one that was not found. */
    Page page() {
        String next = text();
        int count = i32();
        List<Run> runs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            runs.add(run());
        }
        return new Page(runs, next);
    }

    ChangePage changes() {
        long next = i64();
        long newest = i64();
        UUID storeId = id();
        int count = i32();
        List<Change> changes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ChangeKind kind = ChangeKind.of(i32());
            long sequence = i64();
            changes.add(new Change(kind, sequence, run()));
        }
        return new ChangePage(changes, next, newest, storeId);
    }

    Counts counts() {
        long queued = i64();
        long running = i64();
        long completed = i64();
        long failed = i64();
        return new Counts(queued, running, completed, failed, i64());
    }
}
