// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertTrue;
import static org.junit.Assume.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.Test;

/** Replays the contract's cases (bindings/contract/README.md) through this package. */
public final class ContractTest extends Stores {
    /** What a case says of a member, with nothing short-hand left in it. */
    private static JsonElement expected(ContractReplay replay, String name, JsonElement from) {
        return switch (name) {
            case "json", "text", "owner" -> new JsonPrimitive(ContractTexts.text(from));
            case "run" -> new JsonPrimitive(replay.idText(from));
            default -> from.isJsonObject() && from.getAsJsonObject().has("list_of")
                    ? ContractTexts.list(from) : from;
        };
    }

    private static String replay(ContractReplay replay, JsonObject one) throws Exception {
        for (JsonElement element : one.get("steps").getAsJsonArray()) {
            JsonObject step = element.getAsJsonObject();
            JsonObject seen = replay.play(step);
            JsonObject expect =
                    step.has("expect") ? step.get("expect").getAsJsonObject() : new JsonObject();
            boolean same = seen.has("error") == expect.has("error");
            for (Map.Entry<String, JsonElement> member : expect.entrySet()) {
                JsonElement want = expected(replay, member.getKey(), member.getValue());
                same = same && want.equals(seen.get(member.getKey()));
            }
            if (!same) {
                return one.get("name") + "\n  step " + step + "\n  seen " + seen;
            }
        }
        return null;
    }

    @Test
    public void everyCaseIsAnsweredAsTheContractSays() throws Exception {
        String path = System.getenv("MILEPOST_CONTRACT_CASES");
        assumeTrue("not run: MILEPOST_CONTRACT_CASES names no file", path != null);
        JsonObject file = JsonParser.parseString(Files.readString(Path.of(path))).getAsJsonObject();
        List<String> failed = new ArrayList<>();
        int ran = 0;
        int skipped = 0;
        for (JsonElement element : file.get("cases").getAsJsonArray()) {
            JsonObject one = element.getAsJsonObject();
            try (ContractReplay replay = new ContractReplay(file, folder())) {
                String problem = replay(replay, one);
                if (problem != null) {
                    failed.add(problem);
                }
                ran++;
            } catch (ContractTexts.IllFormed e) {
                assertTrue("needs no ill-formed text: " + one.get("name"), one.has("needs"));
                System.out.println("skipped, for a String is never ill-formed: " + one.get("name"));
                skipped++;
            }
        }
        assertTrue(String.join("\n", failed), failed.isEmpty());
        System.out.println(ran + " cases replayed, " + skipped + " skipped");
        assertTrue(ran >= 30 && skipped <= 1);
    }
}
