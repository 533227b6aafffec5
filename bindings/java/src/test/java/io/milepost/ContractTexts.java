// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The short-hand of the contract's cases. */
final class ContractTexts {
    /** A text that Java has no String for. */
    static final class IllFormed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private ContractTexts() {}

    /** TEXT: a string, {"hex"}, {"repeat", "times"}, or an array of texts; as bytes. */
    static byte[] bytes(JsonElement from) {
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        if (from == null) {
            return new byte[0];
        } else if (from.isJsonPrimitive()) {
            return from.getAsString().getBytes(StandardCharsets.UTF_8);
        } else if (from.isJsonArray()) {
            from.getAsJsonArray().forEach(part -> made.writeBytes(bytes(part)));
        } else if (from.getAsJsonObject().has("hex")) {
            return HexFormat.of().parseHex(from.getAsJsonObject().get("hex").getAsString());
        } else {
            byte[] part = bytes(from.getAsJsonObject().get("repeat"));
            for (int i = from.getAsJsonObject().get("times").getAsInt(); i > 0; i--) {
                made.writeBytes(part);
            }
        }
        return made.toByteArray();
    }

    /** The same as a String. */
    static String text(JsonElement from) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(from)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllFormed();
        }
    }

    /** LIST: an array, or {"list_of", "times"}. */
    static JsonArray list(JsonElement from) {
        if (from.isJsonArray()) {
            return from.getAsJsonArray();
        }
        JsonObject shortHand = from.getAsJsonObject();
        JsonArray made = new JsonArray();
        for (int i = shortHand.get("times").getAsInt(); i > 0; i--) {
            made.add(shortHand.get("list_of"));
        }
        return made;
    }
}
