// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/** The native library: loaded with this class, called through two methods. */
final class Native {
    private static final Map<Long, BiConsumer<LogLevel, String>> HOOKS = new ConcurrentHashMap<>();
    private static final AtomicLong LAST_HOOK = new AtomicLong();

    /** The version of libmilepost-c. */
    static final String VERSION;

    static {
        NativeLibrary.load();
        Reply reply = new Reply(call(Operation.VERSION.ordinal(), 0, new byte[0], 0));
        int loaded = reply.i32();
        int expected = reply.i32();
        if (loaded != expected) {
            throw new UnsatisfiedLinkError("libmilepost-c has ABI " + loaded
                    + ", this package was built for " + expected);
        }
        VERSION = reply.text();
    }

    private Native() {}

    static Reply call(Operation operation, long handle, Request request) {
        return new Reply(call(operation.ordinal(), handle, request.bytes(), request.size()));
    }

    static Reply call(Operation operation, long handle) {
        return call(operation, handle, new Request(0));
    }

    static native byte[] call(int operation, long handle, byte[] request, int size);

    static native byte[] json(
            long handle, boolean moment, long high, long low, long orgHigh, long orgLow);

    /** Called by the native library, which lets the exception out to the caller. */
    private static void raise(int code, int system, int applied, boolean retry, byte[] message) {
        String text = new String(message, StandardCharsets.UTF_8);
        throw MilepostException.of(code, system, applied, retry, text);
    }

    /** Called by the native library, on any thread. */
    private static void log(long number, int level, byte[] text) {
        BiConsumer<LogLevel, String> hook = HOOKS.get(number);
        if (hook != null) {
            hook.accept(LogLevel.of(level), new String(text, StandardCharsets.UTF_8));
        }
    }

    /** Yields the hook's number, 0 for none. */
    static long addHook(BiConsumer<LogLevel, String> hook) {
        if (hook == null) {
            return 0;
        }
        long number = LAST_HOOK.incrementAndGet();
        HOOKS.put(number, hook);
        return number;
    }

    static void removeHook(long number) {
        HOOKS.remove(number);
    }
}
