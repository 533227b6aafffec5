// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.junit.Assume.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.Test;

/**
 * Numbers equal those that a C compiler makes of the header: the file that MILEPOST_HEADER_FACTS
 * names has them. Structs are laid out by the C compiler that builds the native library.
 */
public final class HeaderTest {
    private static Map<String, Integer> ours() {
        Map<String, Integer> all = new HashMap<>();
        for (ErrorCode value : ErrorCode.values()) {
            all.put("MILEPOST_E_" + value.name(), value.number());
        }
        for (Applied value : Applied.values()) {
            all.put("MILEPOST_APPLIED_" + value.name(), value.number());
        }
        for (Status value : Status.values()) {
            all.put("MILEPOST_RUN_" + value.name(), value.number());
        }
        for (OutcomeKind value : OutcomeKind.values()) {
            all.put("MILEPOST_OUTCOME_" + value.name(), value.number());
        }
        for (ChangeKind value : ChangeKind.values()) {
            all.put("MILEPOST_CHANGE_" + value.name(), value.number());
        }
        for (BulkAction value : BulkAction.values()) {
            all.put("MILEPOST_BULK_" + value.name(), value.number());
        }
        for (LogLevel value : LogLevel.values()) {
            all.put("MILEPOST_LOG_" + value.name(), value.number());
        }
        for (VerifyLevel value : VerifyLevel.values()) {
            all.put("MILEPOST_VERIFY_" + value.name(), value.number());
        }
        for (Durability value : Durability.values()) {
            all.put("MILEPOST_" + value.name(), value.number());
        }
        for (Order value : Order.values()) {
            all.put("MILEPOST_" + value.name(), value.number());
        }
        for (Freshness value : Freshness.values()) {
            all.put("MILEPOST_" + value.name(), value.number());
        }
        all.put("MILEPOST_OK", 0);
        all.put("MILEPOST_COMMAND_CREATE", 1);
        all.put("MILEPOST_COMMAND_START", StepCommand.START);
        all.put("MILEPOST_COMMAND_COMPLETE", StepCommand.COMPLETE);
        all.put("MILEPOST_COMMAND_FAIL", StepCommand.FAIL);
        all.put("MILEPOST_COMMAND_EXIT", StepCommand.EXIT);
        all.put("MILEPOST_COMMAND_ADOPT", StepCommand.ADOPT);
        all.put("MILEPOST_COMMAND_HEARTBEAT", StepCommand.HEARTBEAT);
        all.put("MILEPOST_COMMAND_IMPORT", 8);
        all.put("MILEPOST_ERROR_TEXT_SIZE_MAX", Tracker.ERROR_TEXT_SIZE_MAX);
        all.put("MILEPOST_OWNER_SIZE_MAX", Tracker.OWNER_SIZE_MAX);
        all.put("MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX", Tracker.IDEMPOTENCY_KEY_SIZE_MAX);
        all.put("MILEPOST_BATCH_COMMANDS_MAX", Tracker.BATCH_COMMANDS_MAX);
        all.put("MILEPOST_GET_MANY_MAX", Tracker.GET_MANY_MAX);
        all.put("MILEPOST_LIST_LIMIT_MAX", Tracker.LIST_LIMIT_MAX);
        all.put("MILEPOST_CHANGES_LIMIT_MAX", Tracker.CHANGES_LIMIT_MAX);
        all.put("MILEPOST_FINDINGS_MAX", Tracker.FINDINGS_MAX);
        all.put("MILEPOST_REMOVE_LIMIT_MAX", Tracker.REMOVE_LIMIT_MAX);
        return all;
    }

    @Test
    public void numbersAreTheHeaders() throws Exception {
        String path = System.getenv("MILEPOST_HEADER_FACTS");
        assumeTrue("not run: MILEPOST_HEADER_FACTS names no file",
                path != null && Files.exists(Path.of(path)));
        Map<String, Integer> ours = ours();
        for (String line : Files.readAllLines(Path.of(path))) {
            String[] fact = line.split(" ");
            Integer here = ours.remove(fact[1]);
            if (here != null || fact[0].equals("enum")) {
                assertEquals(fact[1], Integer.valueOf(fact[2]), here);
            }
        }
        assertTrue("not in the header: " + ours.keySet(), ours.isEmpty());
    }

    /** The two sides of the native library number their operations by order. */
    @Test
    public void operationsStandInTheOrderOfTheirNumbers() throws Exception {
        String path = System.getenv("MILEPOST_JAVA_WIRE");
        assumeTrue("not run: MILEPOST_JAVA_WIRE names no file", path != null);
        List<String> names = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(path))) {
            if (line.matches("  MJ_[A-Z_]+,?")) {
                names.add(line.replaceAll("^  MJ_|,$", ""));
            }
        }
        names.remove("OPERATIONS");
        List<String> here = new ArrayList<>();
        for (Operation operation : Operation.values()) {
            here.add(operation.name());
        }
        assertEquals(names, here);
    }
}
