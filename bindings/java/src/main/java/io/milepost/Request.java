// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;

/** What a call takes, encoded as wire.h says. */
final class Request {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final byte[] REPLACEMENT = "\ufffd".getBytes(StandardCharsets.UTF_8);
    private static final Charset FILE_NAMES = Charset.forName(
            System.getProperty("sun.jnu.encoding", "UTF-8"));
    private static final byte[] NONE = {};
    private static final UUID NIL = new UUID(0, 0);

    private byte[] bytes;
    private int size;

    Request(int capacity) {
        bytes = new byte[capacity];
    }

    byte[] bytes() {
        return bytes;
    }

    int size() {
        return size;
    }

    private int room(int more) {
        int at = size;
        if (bytes.length - at < more) {
            if (more > Integer.MAX_VALUE - 64 - at) {
                throw MilepostException.invalid("The call's texts are larger than an array.");
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(2L * (at + more), Integer.MAX_VALUE - 64));
        }
        size = at + more;
        return at;
    }

    Request u8(boolean value) {
        int at = room(1);
        bytes[at] = (byte) (value ? 1 : 0);
        return this;
    }

    Request i32(int value) {
        int at = room(4);
        INT.set(bytes, at, value);
        return this;
    }

    Request i64(long value) {
        int at = room(8);
        LONG.set(bytes, at, value);
        return this;
    }

    /** An id; null is the nil id. */
    Request id(UUID id) {
        UUID value = id == null ? NIL : id;
        return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
    }

    Request optionalId(UUID id) {
        return u8(id != null).id(id);
    }

    Request data(byte[] data) {
        return data(data, data.length);
    }

    Request data(byte[] data, int length) {
        i32(length);
        int at = room(length);
        System.arraycopy(data, 0, bytes, at, length);
        return this;
    }

    /** A text that must be well-formed. */
    Request text(String text) {
        if (text == null || text.isEmpty()) {
            return data(NONE);
        }
        if (hasLoneSurrogate(text)) { // getBytes would make a question mark of it
            throw MilepostException.invalid("A text holds half of a surrogate pair.");
        }
        return data(text.getBytes(StandardCharsets.UTF_8));
    }

    /** UTF-8 where each half of a surrogate pair is U+FFFD. */
    static byte[] utf8(String text) {
        if (!hasLoneSurrogate(text)) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder()
                    .replaceWith(REPLACEMENT)
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE)
                    .encode(CharBuffer.wrap(text));
            return Arrays.copyOf(encoded.array(), encoded.limit());
        } catch (CharacterCodingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The bytes of a path as the system has them. */
    static byte[] path(Path path) {
        return path.toString().getBytes(FILE_NAMES);
    }

    private static boolean hasLoneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return true;
                }
                i++;
            }
        }
        return false;
    }

    /** How long to wait; null: as long as the tracker's options say. */
    Request timeout(Duration timeout) {
        return i64(timeout == null ? -1 : Math.max(0, millis(timeout)));
    }

    /** Rounded up, so that nobody waits shorter than they asked for. */
    static long millis(Duration duration) {
        if (duration == null) {
            return 0;
        }
        try {
            long millis = duration.toMillis();
            return duration.getNano() % 1_000_000 == 0 ? millis : millis + 1;
        } catch (ArithmeticException e) {
            return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    Request instant(Instant instant) {
        return i64(instant == null ? 0 : micros(instant));
    }

    Request optionalInstant(Instant instant) {
        return u8(instant != null).instant(instant);
    }

    /** What has no number of microseconds becomes the farthest, which the library refuses. */
    static long micros(Instant instant) {
        try {
            long seconds = Math.multiplyExact(instant.getEpochSecond(), 1_000_000L);
            return Math.addExact(seconds, instant.getNano() / 1000);
        } catch (ArithmeticException e) {
            return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }
}
