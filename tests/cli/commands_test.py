#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Every command on real stores, its output compared; and every refusal, which must say what is
# wrong.
import json
import os
import signal
import subprocess
import unittest

from bed import FIVE, JOURNEY, NIL, PROFILE, Bed, body, line, run_id

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


class RunsTest(Bed):
    def test_a_run_from_create_to_complete(self):
        create = ("create", "--journey", JOURNEY, "--profile", PROFILE, "--run", run_id(1),
                  "--triggered-at", "2023-11-07T05:31:56Z", "--idempotency-key", "k")
        made = self.json(*create, "--init")
        self.assertEqual(("created", None, 0, 1), (made["outcome"], made["owner"],
                                                   made["fencingToken"], made["sequence"]))
        self.assertEqual(json.loads(body(1)), made["run"])
        self.assertEqual("unchanged", self.json(*create)["outcome"])
        taken = self.json("start", run_id(1), "--owner", "worker-7")
        self.assertEqual(("applied", "worker-7", 1),
                         (taken["outcome"], taken["owner"], taken["fencingToken"]))
        self.assertEqual("unchanged", self.json("start", run_id(1), "--owner",
                                                "worker-7")["outcome"])
        self.assertEqual("conflict", self.json("start", run_id(1), expect=1)["outcome"])
        orphan = self.json("orphans")
        self.assertEqual((run_id(1), "worker-7", 1), (orphan["run"]["runId"], orphan["owner"],
                                                      orphan["fencingToken"]))
        adopted = self.json("adopt", run_id(1), "--owner", "worker-8", "--token", "1")
        self.assertEqual(2, adopted["fencingToken"])
        self.assertEqual("conflict",
                         self.json("complete", run_id(1), "--token", "1", expect=1)["outcome"])
        done = self.json("complete", run_id(1), "--owner", "worker-8", "--token", "2")
        self.assertEqual("completed", done["run"]["status"])
        self.assertRegex(done["run"]["completedAt"], INSTANT)
        self.assertEqual("illegal", self.json("exit", run_id(1), expect=1)["outcome"])
        self.assertEqual({"outcome": "not_found", "run": None},
                         self.json("exit", run_id(2), expect=3))

    def test_people_are_told_in_words(self):
        self.fill()
        self.assertIn("applied: the run is exited\nrun        " + run_id(1),
                      self.out("exit", run_id(1)))
        self.assertIn("unchanged", self.out("exit", run_id(1)))
        self.assertIn("refused: a run that is exited does not allow it; nothing changed",
                      self.refused("complete", run_id(1), expect=1))
        self.assertIn("there is no run " + run_id(9), self.refused("exit", run_id(9), expect=3))
        failed = self.out("fail", run_id(2), "--error", "two\nlines \x1b[31m\u202e")
        self.assertIn("error      two\\nlines \\x1b[31m\\u{202e}\n", failed)

    def test_get_yields_the_exact_public_body(self):
        self.fill()
        self.assertEqual(body(1) + "\n", self.out("get", run_id(1), "--json"))
        self.assertEqual(
            body(4, "failed", "2023-11-07T05:32:01Z", "mailbox full") + "\n" + body(1) + "\n",
            self.out("get", run_id(4), run_id(1), "--json"))
        self.assertEqual(
            "run        %s\njourney    %s\nprofile    %s\nstatus     failed\n"
            "triggered  2023-11-07T05:31:56Z\nstarted    -\n"
            "completed  2023-11-07T05:32:01Z\nsequence   4\nerror      mailbox full\n"
            % (run_id(4), JOURNEY, PROFILE), self.out("get", run_id(4)))
        self.assertIn("no such run", self.refused("get", run_id(9), expect=3))
        self.assertIn("no such run",
                      self.refused("get", run_id(1), "--organization", JOURNEY, expect=3))
        error = json.loads(self.refused("get", run_id(9), "--json", expect=3))
        self.assertEqual(("not_found", run_id(9), "no", False), (
            error["error"], error["subject"], error["applied"], error["retrySafe"]))

    def test_list_pages_and_filters(self):
        self.fill()
        page = self.json("list", "--limit", "2", "--oldest-first")
        self.assertEqual([run_id(1), run_id(2)], [run["runId"] for run in page["runs"]])
        rest = self.json("list", "--limit", "9", "--oldest-first", "--cursor", page["next"])
        self.assertEqual([run_id(3), run_id(4), run_id(5)],
                         [run["runId"] for run in rest["runs"]])
        self.assertIsNone(rest["next"])
        some = self.json("list", "--status", "failed,queued", "--status", "exited")
        self.assertEqual([5, 4, 1], [int(run["runId"][-1]) for run in some["runs"]])
        for none in (("--journey", PROFILE), ("--profile", JOURNEY), ("--to", "2023-11-07T05:31Z"),
                     ("--from", "2024-01-01T00:00Z"), ("--organization", JOURNEY)):
            self.assertEqual({"runs": [], "next": None}, self.json("list", *none))
        text, errors = self.run_program("list", "--limit", "1", "--status", "failed,exited")
        self.assertEqual(["RUN", "STATUS", "TRIGGERED", "COMPLETED", "JOURNEY", "ERROR"],
                         text.splitlines()[0].split())
        self.assertIn("there are more: add --all, or --cursor ", errors)
        self.assertIn("  mailbox full\n", self.out("list", "--all"))

    def test_count(self):
        self.fill()
        self.assertEqual({"queued": 1, "running": 1, "completed": 1, "failed": 1, "exited": 1,
                          "total": 5}, self.json("count"))
        self.assertEqual(0, self.json("count", "--journey", PROFILE)["total"])
        self.assertEqual("STATUS     RUNS\nqueued        1\nrunning       1\ncompleted     1\n"
                         "failed        1\nexited        1\ntotal         5\n", self.out("count"))

    def test_wait(self):
        self.fill()
        self.assertEqual(body(3, "completed", "2023-11-07T05:32:00Z") + "\n",
                         self.out("wait", run_id(3), "--json"))
        self.out("wait", run_id(3), "--expect", "completed")
        self.out("wait", run_id(3), "--expect", "failed", expect=1)
        self.assertIn("not ended in the time given",
                      self.refused("wait", run_id(1), "--timeout", "50ms", expect=4))
        self.refused("wait", run_id(9), expect=3)

    def test_wait_is_woken_by_a_writer(self):
        self.fill()
        waiting = subprocess.Popen([self.program, "wait", run_id(2), "--json"],
                                   stdout=subprocess.PIPE, env=self.environment)
        self.out("complete", run_id(2))
        text, _ = waiting.communicate(timeout=120)
        self.assertEqual((0, "completed"), (waiting.returncode, json.loads(text)["status"]))

    def test_watch_in_a_pipe(self):
        self.fill()
        self.assertEqual("        1  created    %s\n        2  imported   %s\n"
                         % (run_id(1), run_id(2)),
                         self.out("watch", "--after", "0", "--limit", "2"))
        change = self.json("watch", "--after", "3", "--limit", "1")
        self.assertEqual((4, "imported", NIL),
                         (change["sequence"], change["kind"], change["organizationId"]))
        self.assertIn("invalid_argument", self.refused("watch", "--after", "99", expect=2))
        watching = subprocess.Popen([self.program, "watch", "--after", "0"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    env=self.environment)
        lines = [watching.stdout.readline() for _ in range(5)]
        self.out("exit", run_id(1))
        self.assertIn(b"6  exited     " + run_id(1).encode(), watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=120)
        self.assertEqual(130, watching.returncode, lines)
        self.assertIn(b"'--after 6' goes on from here", errors)


class UpkeepTest(Bed):
    def test_orphans_are_failed_when_asked(self):
        self.fill()
        self.assertIn(run_id(2), self.out("orphans"))
        self.assertEqual({"failed": 1}, self.json("orphans", "--fail", "the host crashed"))
        self.assertEqual("There are no orphans.\n", self.out("orphans"))
        self.assertIn("the host crashed", self.out("get", run_id(2)))

    def test_purge(self):
        self.fill()
        before = ("purge", "--before", "2023-11-07T05:32:02Z")
        self.assertEqual("would remove 2 runs that finished before 2023-11-07T05:32:02Z\n",
                         self.out(*before, "--dry-run"))
        self.assertIn("Nothing is removed unasked", self.refused(*before, expect=2))
        self.assertEqual(5, self.json("count")["total"])
        self.assertEqual({"removed": 2, "dryRun": False,
                          "completedBefore": "2023-11-07T05:32:02Z"}, self.json(*before, "--yes"))
        self.assertEqual("removed 1 runs", self.out("purge", "--older-than", "1d", "-y")[:14])
        self.assertIn("--before INSTANT or --older-than", self.refused("purge", expect=2))
        self.assertEqual("purged", self.json("watch", "--after", "5", "--limit", "1")["kind"])

    def test_erase(self):
        self.fill()
        erase = ("erase", "--profile", PROFILE)
        self.assertIn("Nothing is removed unasked", self.refused(*erase, expect=2))
        receipt = self.json(*erase, "--yes")
        self.assertEqual((5, 5), (receipt["runs"], receipt["changesBlanked"]))
        self.assertEqual(0, self.json("count")["total"])
        self.assertIn("erased 0 runs", self.out(*erase, "-y"))
        kinds = [json.loads(text)["kind"] for text in
                 self.out("watch", "--after", "0", "--limit", "11", "--json").splitlines()]
        self.assertEqual(["blanked"] * 5 + ["erased"] * 5 + ["profile_erased"], kinds)


class TransferTest(Bed):
    def test_what_is_exported_is_imported(self):
        self.fill()
        self.assertEqual(FIVE, self.out("export"))
        file = self.path("runs.jsonl")
        self.assertEqual({"lines": 5, "bytes": len(FIVE)}, self.json("export", file))
        self.assertEqual(0o600, os.stat(file).st_mode & 0o777)
        self.assertIn("there already", self.refused("export", file, expect=2))
        self.out("export", file, "--force")
        copy = ("--store", self.path("copy"), file)
        self.assertIn("Check the path", self.refused("import", *copy, expect=3))
        self.assertEqual({"lines": 5, "created": 5, "unchanged": 0, "refused": 0},
                         self.json("import", "--init", *copy))
        self.assertEqual("imported 0 runs; 5 were there already, 0 lines refused\n",
                         self.out("import", *copy))
        self.assertEqual("", self.out("export", "--organization", JOURNEY))
        self.assertEqual(["runs.jsonl"], [name for name in os.listdir(self.scratch)
                                          if name.startswith("runs")])

    def test_refused_lines_are_told(self):
        text, errors = self.run_program("import", "--init", stdin=line(1) + "no\x1b[J\n" + line(2),
                                        expect=1)
        self.assertIn("imported 2 runs; 0 were there already, 1 lines refused", text)
        self.assertIn("milepost: line 2: ", errors)
        self.assertNotIn("\x1b", errors)
        _, errors = self.run_program("import", "--json", stdin="no\n", expect=1)
        self.assertEqual(1, json.loads(errors)["line"])
        self.assertIn("cannot be opened", self.refused("import", self.path("none"), expect=3))
        self.assertIn("cannot be made", self.refused("export", self.path("no/such"), expect=3))


class StoreTest(Bed):
    def test_backup_and_restore(self):
        self.fill()
        backup = self.path("backup")
        self.assertEqual(5, self.json("backup", backup, "--compact")["sequence"])
        self.assertIn("invalid_argument", self.refused("backup", backup, expect=2))
        self.assertIn("invalid_argument", self.refused("restore", backup, expect=2))
        report = self.json("restore", backup, "--store", self.path("again"))
        self.assertEqual((5, 5), (report["runs"], report["sequence"]))
        self.out("exit", run_id(1))
        self.assertIn("restored 5 runs", self.out("restore", backup, "--replace"))
        self.assertEqual(FIVE, self.out("export"))
        self.assertIn("exited", self.out("get", run_id(1), "-s", self.store + ".replaced"))

    def test_verify_and_repair(self):
        self.fill()
        self.assertIn("sound: 5 runs", self.out("verify"))
        report = self.json("verify", "--level", "records")
        self.assertEqual((True, 5, []),
                         (report["sound"], report["runs"], report["findings"]))
        self.assertEqual((5, 0), (lambda saved: (saved["runs"], saved["lost"]))(
            self.json("repair", self.path("saved"))))
        file = os.path.join(self.store, "data.mdb")
        with open(file, "r+b") as data:
            content = data.read()
            at = content.rindex(b"mailbox full")
            for place in range(len(content)):
                if content.startswith(b"mailbox full", place):
                    data.seek(place)
                    data.write(b"MAILBOX")
        self.assertGreater(at, 0)
        text = self.out("verify", expect=5)
        self.assertIn("FINDING", text)
        self.assertIn("damaged: ", text)
        self.assertIn("milepost repair", text)
        self.assertFalse(self.json("verify", expect=5)["sound"])
        saved = self.json("repair", self.path("saved2"), expect=5)
        self.assertEqual((4, 1), (saved["runs"], saved["lost"]))
        self.assertIn("corrupt", self.refused("get", run_id(4), expect=5))

    def test_stats(self):
        self.fill()
        stats = self.json("stats")
        self.assertEqual((5, 5, 0), (stats["runs"]["total"], stats["sequencePublished"],
                                     stats["unpublished"]))
        self.assertIn("runs", [tree["name"] for tree in stats["trees"]])
        self.assertIn("\nTREE ", self.out("stats"))
        self.assertIn('milepost_runs{status="failed"} 1\n', self.out("stats", "--prometheus"))


class KeyTest(Bed):
    def test_keys(self):
        keys = ("--keys", self.path("keys"))
        made = self.json("key", "create", *keys, "--scope", "journeys:read", "--organization",
                         JOURNEY, "--expires-in", "1d")
        self.assertRegex(made["key"], "^mpk_.{43}$")
        self.assertEqual((JOURNEY, ["journeys:read"], False),
                         (made["organizationId"], made["scopes"], made["expired"]))
        self.assertEqual(0o600, os.stat(self.path("keys")).st_mode & 0o777)
        text, errors = self.run_program("key", "create", "--scope", "metrics:read",
                                        environment=dict(self.environment,
                                                         MILEPOST_KEYS=self.path("keys")))
        self.assertRegex(text, "^mpk_.{43}\n$")
        self.assertIn("shown this once", errors)
        turned = self.json("key", "rotate", *keys, made["id"], "--grace", "1h")
        self.assertNotEqual(made["key"], turned["key"])
        listed = self.out("key", "list", *keys)
        for key in (made, turned):
            self.assertIn(key["id"], listed)
            self.assertNotIn(key["key"], listed)
        self.assertEqual("revoked %s\n" % made["id"], self.out("key", "revoke", *keys, made["id"]))
        self.assertNotIn(made["id"], self.out("key", "list", *keys))
        self.assertIn("not_found", self.refused("key", "revoke", *keys, made["id"], expect=3))
        self.assertIn("MILEPOST_KEYS", self.refused("key", "list", expect=2))
        self.assertIn("--scope", self.refused("key", "create", *keys, expect=2))
        os.chmod(self.path("keys"), 0o644)
        self.assertIn("permission", self.refused("key", "list", *keys, expect=6))


class RefusalsTest(Bed):
    def test_command_lines_that_cannot_be_used(self):
        self.fill()
        for arguments, words in (
                ((), "subcommand"), (("nope",), "no command 'nope'"),
                (("key", "nope"), "no command 'nope'"), (("get",), "RUN"),
                (("get", "xx"), "not a UUID"), (("list", "--nope"), "--nope"),
                (("list", "--status", "odd"), "odd not in"), (("list", "--from", "x"), "instant"),
                (("list", "--limit", "0"), "range"), (("list", "--cursor", "x"), "cursor"),
                (("list", "--all", "--limit", "3"), "excludes"), (("create",), "--journey"),
                (("purge", "--older-than", "5x"), "no duration"),
                (("wait", run_id(1), "--expect", "queued"), "not in"),
                (("verify", "--level", "deep"), "not in"), (("completion", "csh"), "not in")):
            with self.subTest(arguments=arguments):
                self.assertIn(words, self.refused(*arguments, expect=2))
        nowhere = dict(self.environment)
        del nowhere["MILEPOST_STORE"]
        self.assertIn("--store DIR, or set MILEPOST_STORE",
                      self.refused("list", expect=2, environment=nowhere))

    def test_stores_that_cannot_be_used(self):
        for command in (("get", run_id(1)), ("exit", run_id(1)), ("stats",), ("verify",)):
            with self.subTest(command=command):
                self.assertIn(self.store, self.refused(*command, expect=3))
        os.mkdir(self.store)
        with open(os.path.join(self.store, "data.mdb"), "wb") as data:
            data.write(b"no database " * 4096)
        for command in (("get", run_id(1)), ("exit", run_id(1)), ("stats",)):
            with self.subTest(command=command):
                self.assertIn("not_a_database", self.refused(*command, expect=5))

    def test_a_writer_holds_the_store(self):
        self.fill()
        writer = self.hold()
        for command in (("exit", run_id(1)), ("orphans",), ("purge", "--older-than", "1d", "-y"),
                        ("erase", "--profile", PROFILE, "--yes"), ("import",),
                        ("create", "--journey", JOURNEY, "--profile", PROFILE),
                        ("repair", self.path("saved"))):
            with self.subTest(command=command):
                self.assertIn(str(writer.pid), self.refused(*command, expect=4))
        for command in (("get", run_id(1)), ("list",), ("count",), ("export",), ("stats",),
                        ("verify",), ("backup", self.path("copy")), ("wait", run_id(3)),
                        ("watch", "--after", "0", "--limit", "5")):
            with self.subTest(command=command):
                self.out(*command)

    def test_whoever_reads_may_leave(self):
        self.fill("".join(line(number) for number in range(4000)))
        for command in (("list", "--all"), ("export",), ("watch", "--after", "0")):
            with self.subTest(command=command):
                child = subprocess.Popen([self.program, *command], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, env=self.environment)
                child.stdout.read(10)
                child.stdout.close()
                if command[0] == "watch":  # It learns of it when it has something to say.
                    self.out("exit", run_id(1))
                self.assertEqual((b"", 0), (child.stderr.read(), child.wait(timeout=120)))
                child.stderr.close()

    def test_output_that_cannot_be_written(self):
        self.fill()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.program, "list"], stdout=full, stderr=subprocess.PIPE,
                                  env=self.environment, check=False)
        self.assertEqual(6, done.returncode)
        self.assertIn(b"Output cannot be written: No space left", done.stderr)


class BesideAHostTest(Bed):
    def test_reads_while_a_host_writes(self):
        executor = os.environ.get("MILEPOST_EXECUTOR")
        if not executor:
            print("not run: the samples are not built")
            return
        host = subprocess.Popen([executor, "--directory", self.path("host"), "--count", "400",
                                 "--step-time", "5", "--workers", "2"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.environment["MILEPOST_STORE"] = self.path("host/store")
        while not os.path.exists(self.path("host/store/data.mdb")):
            self.assertIsNone(host.poll())
        last, rounds = 0, 0
        while host.poll() is None:
            done = subprocess.run([self.program, "count", "--json"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=self.environment, check=False)
            if done.returncode in (3, 5) and last == 0:
                continue  # The store is being made.
            self.assertEqual(0, done.returncode, done.stderr)
            counts = json.loads(done.stdout)
            ended = counts["completed"] + counts["failed"] + counts["exited"]
            self.assertGreaterEqual(ended, last)  # Later, but in order.
            last, rounds = ended, rounds + 1
        self.assertEqual(0, host.wait())
        self.assertGreater(rounds, 1)
        self.assertEqual(400, self.json("count")["total"])
        self.assertIn("sound", self.out("verify"))


if __name__ == "__main__":
    unittest.main()
