// SPDX-License-Identifier: Apache-2.0
package io.milepost;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Does the steps of one case of the contract; each yields what was seen. */
final class ContractReplay implements AutoCloseable {
    private final JsonObject file;
    private final Path folder;
    private final Map<String, String> names = new ConcurrentHashMap<>();
    private Instant clock;
    private Tracker tracker;

    ContractReplay(JsonObject file, Path folder) {
        this.file = file;
        this.folder = folder;
        clock = Instants.parse(file.get("clock").getAsString());
        tracker = Tracker.open(options());
    }

    @Override
    public void close() {
        tracker.close();
    }

    private OpenOptions options() {
        return new OpenOptions(folder).clock(clock);
    }

    JsonObject play(JsonObject step) throws Exception {
        try {
            return run(step);
        } catch (MilepostException e) {
            JsonObject seen = new JsonObject();
            seen.addProperty("error", e.code().label());
            return seen;
        }
    }

    private JsonObject run(JsonObject step) throws Exception {
        JsonObject seen = new JsonObject();
        String what = step.get("do").getAsString();
        switch (what) {
            case "clock" -> {
                clock = instant(step, "at");
                tracker.setClock(clock);
            }
            case "id" -> seen.addProperty("text", Ids.parse(text(step, "text")).toString());
            case "instant" ->
                seen.addProperty("text", Instants.format(Instants.parse(text(step, "text"))));
            case "reopen" -> {
                tracker.close();
                tracker = Tracker.open(options().readOnly(flag(step, "read_only")));
            }
            case "open_again" -> Tracker.open(options());
            case "close" -> tracker.close();
            case "apply" -> apply(step, seen);
            case "race" -> race(step, seen);
            case "list", "list_json" -> list(step, seen, what.equals("list_json"));
            case "expired", "orphans", "purge" -> upkeep(step, seen, what);
            case "get", "get_json", "get_many", "wait", "counts", "changes" ->
                read(step, seen, what);
            default -> single(step, seen, what);
        }
        return seen;
    }

    String idText(JsonElement from) {
        String text = ContractTexts.text(from);
        return text.startsWith("$") ? names.get(text.substring(1)) : text;
    }

    private void save(JsonObject step, String text) {
        if (step.has("as")) {
            names.put(step.get("as").getAsString(), text);
        }
    }

    private UUID id(JsonObject step, String name) {
        return step.has(name) ? Ids.parse(idText(step.get(name))) : null;
    }

    private UUID idOrDefault(JsonObject step, String name) {
        return id(step.has(name) ? step : file, name);
    }

    private UUID organization(JsonObject step) {
        return step.has("organization") ? id(step, "organization") : Ids.NIL;
    }

    private static String text(JsonObject step, String name) {
        return ContractTexts.text(step.get(name));
    }

    private static Instant instant(JsonObject step, String name) {
        return step.has(name) ? Instants.parse(text(step, name)) : null;
    }

    private static long number(JsonObject step, String name, long otherwise) {
        return step.has(name) ? step.get(name).getAsLong() : otherwise;
    }

    private static boolean flag(JsonObject step, String name) {
        return step.has(name) && step.get(name).getAsBoolean();
    }

    private StepOptions stepOptions(JsonObject step) {
        OptionalLong token = step.has("token")
                ? OptionalLong.of(step.get("token").getAsLong()) : OptionalLong.empty();
        Duration lease = Duration.ofMillis(number(step, "lease_ms", 0));
        return new StepOptions(organization(step), text(step, "owner"), token, lease,
                flag(step, "only_if_expired"), null);
    }

    private CreateCommand create(JsonObject step) {
        return new CreateCommand(idOrDefault(step, "journey"), idOrDefault(step, "profile"),
                organization(step), id(step, "run"), instant(step, "triggered_at"),
                ContractTexts.bytes(step.get("key")), null);
    }

    private Command command(JsonObject step) {
        UUID id = id(step, "run");
        String what = step.get("do").getAsString();
        return switch (what) {
            case "create" -> create(step);
            case "start" -> Command.start(id, stepOptions(step));
            case "complete" -> Command.complete(id, stepOptions(step));
            case "fail" -> Command.fail(id, text(step, "error"), stepOptions(step));
            case "exit" -> Command.exit(id, stepOptions(step));
            case "adopt" -> Command.adopt(id, stepOptions(step));
            case "heartbeat" -> Command.heartbeat(id, stepOptions(step));
            case "import" -> new ImportCommand(id, idOrDefault(step, "journey"),
                    idOrDefault(step, "profile"), organization(step),
                    Status.parse(text(step, "status")), instant(step, "triggered_at"),
                    instant(step, "started_at"), instant(step, "completed_at"),
                    step.has("error") ? text(step, "error") : null);
            default -> throw new AssertionError("no such command: " + what);
        };
    }

    private void single(JsonObject step, JsonObject seen, String what) {
        UUID id = id(step, "run");
        Outcome outcome = switch (what) {
            case "create" -> tracker.create(create(step));
            case "start" -> tracker.start(id, stepOptions(step));
            case "complete" -> tracker.complete(id, stepOptions(step));
            case "fail" ->
                tracker.fail(id, ContractTexts.bytes(step.get("error")), stepOptions(step));
            case "exit" -> tracker.exit(id, stepOptions(step));
            case "adopt" -> tracker.adopt(id, stepOptions(step));
            case "heartbeat" -> tracker.heartbeat(
                    id, Duration.ofMillis(number(step, "lease_ms", 0)), stepOptions(step));
            default -> throw new AssertionError("no such step: " + what);
        };
        seen.addProperty("outcome", outcome.kind().label());
        seen.addProperty("has_run", outcome.run() != null);
        if (outcome.run() != null) {
            seeRun(seen, outcome.run());
            save(step, outcome.run().runId().toString());
        }
    }

    private static void seeRun(JsonObject seen, Run run) {
        seen.addProperty("run", run.runId().toString());
        seen.addProperty("json", new String(run.toJson(), StandardCharsets.UTF_8));
        seen.addProperty("owner", run.owner());
        seen.addProperty("token", run.fencingToken());
        seen.addProperty("version", run.runId().version());
    }

    private static JsonArray ids(List<Run> runs) {
        JsonArray ids = new JsonArray();
        runs.forEach(run -> ids.add(run.runId().toString()));
        return ids;
    }

    private void apply(JsonObject step, JsonObject seen) {
        List<Command> commands = new ArrayList<>();
        for (JsonElement one : ContractTexts.list(step.get("commands"))) {
            commands.add(command(one.getAsJsonObject()));
        }
        JsonArray kinds = new JsonArray();
        tracker.apply(commands, null).forEach(outcome -> kinds.add(outcome.kind().label()));
        seen.add("outcomes", kinds);
    }

    private void race(JsonObject step, JsonObject seen) throws Exception {
        int threads = step.get("threads").getAsInt();
        CountDownLatch begin = new CountDownLatch(threads);
        ExecutorService racers = Executors.newFixedThreadPool(threads);
        List<Future<JsonObject>> results = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            JsonObject mine = step.get("step").getAsJsonObject().deepCopy();
            if (flag(step, "number_owner")) {
                mine.addProperty("owner", text(mine, "owner") + i);
            }
            results.add(racers.submit(() -> {
                begin.countDown();
                begin.await();
                return play(mine);
            }));
        }
        JsonObject counted = new JsonObject();
        for (Future<JsonObject> result : results) {
            JsonObject one = result.get();
            String kind = one.get(one.has("error") ? "error" : "outcome").getAsString();
            counted.addProperty(kind, number(counted, kind, 0) + 1);
        }
        racers.shutdown();
        seen.add("outcomes", counted);
    }

    private void list(JsonObject step, JsonObject seen, boolean asJson) {
        Set<Status> statuses = EnumSet.allOf(Status.class);
        if (step.has("statuses")) {
            statuses.clear();
            step.get("statuses").getAsJsonArray().forEach(
                    name -> statuses.add(Status.parse(name.getAsString())));
        }
        Filter filter = new Filter(organization(step), id(step, "journey"), id(step, "profile"),
                statuses, instant(step, "from"), instant(step, "to"));
        boolean oldest = text(step, "order").equals("oldest_first");
        PageOptions options = PageOptions.FIRST
                .withLimit(number(step, "limit", 100))
                .in(oldest ? Order.OLDEST_FIRST : Order.NEWEST_FIRST)
                .at(idText(step.get("cursor")));
        String next;
        if (asJson) {
            JsonPage page = tracker.listJson(filter, options);
            seen.addProperty("json", new String(page.json(), StandardCharsets.UTF_8));
            seen.addProperty("count", page.count());
            next = page.next();
        } else {
            Page page = tracker.list(filter, options);
            next = page.next();
            seen.add("runs", ids(page.runs()));
            JsonArray pages = new JsonArray();
            pages.add(ids(page.runs()));
            while (!page.next().isEmpty() && !step.has("as")) {
                page = tracker.list(filter, options.at(page.next()));
                pages.add(ids(page.runs()));
            }
            seen.add("pages", pages);
        }
        seen.addProperty("more", !next.isEmpty());
        save(step, next);
    }

    private void read(JsonObject step, JsonObject seen, String what) throws Exception {
        UUID whose = organization(step);
        switch (what) {
            case "get" -> {
                Run run = tracker.get(whose, id(step, "run")).orElse(null);
                seen.addProperty("found", run != null);
                if (run != null) {
                    seeRun(seen, run);
                }
            }
            case "get_json" -> {
                byte[] json = tracker.getJson(whose, id(step, "run")).orElse(null);
                if (json == null) { // how this package says not_found
                    seen.addProperty("error", "not_found");
                } else {
                    seen.addProperty("json", new String(json, StandardCharsets.UTF_8));
                }
            }
            case "wait" -> {
                Duration timeout = Duration.ofMillis(number(step, "timeout_ms", 0));
                seeRun(seen, tracker.await(whose, id(step, "run"), timeout));
            }
            case "get_many" -> {
                List<UUID> ids = new ArrayList<>();
                ContractTexts.list(step.get("runs")).forEach(
                        one -> ids.add(Ids.parse(idText(one))));
                JsonArray found = new JsonArray();
                tracker.getMany(whose, ids).forEach(run -> found.add(run != null));
                seen.add("found", found);
            }
            case "counts" -> {
                Counts n = tracker.counts(
                        id(step, "organization"), id(step, "journey"), Freshness.LATEST);
                JsonArray counts = new JsonArray();
                List.of(n.queued(), n.running(), n.completed(), n.failed(), n.exited())
                        .forEach(counts::add);
                seen.add("counts", counts);
            }
            default -> {
                ChangePage page = tracker.changes(number(step, "after", 0),
                        number(step, "limit", 1000), null, Freshness.LATEST);
                JsonArray changes = new JsonArray();
                for (Change change : page.changes()) {
                    JsonArray pair = new JsonArray();
                    pair.add(change.kind().label());
                    pair.add(change.run().runId().toString());
                    changes.add(pair);
                }
                seen.add("changes", changes);
                seen.addProperty("next", page.next());
            }
        }
    }

    private void upkeep(JsonObject step, JsonObject seen, String what) {
        long limit = number(step, "limit", 100);
        switch (what) {
            case "expired" -> seen.add("runs", ids(tracker.expired(limit)));
            case "orphans" -> {
                Page page = tracker.orphans(PageOptions.FIRST.withLimit(limit));
                seen.add("runs", ids(page.runs()));
                seen.addProperty("more", !page.next().isEmpty());
            }
            default -> {
                PurgeReport report = tracker.purge(new PurgeOptions(
                        instant(step, "before"), null, limit, "", flag(step, "dry_run"), null));
                seen.addProperty("removed", report.removed());
                seen.addProperty("more", !report.next().isEmpty());
            }
        }
    }
}
