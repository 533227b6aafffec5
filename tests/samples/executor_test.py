#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Runs the built samples as a user does and reads what they print. The programs are named by
# MILEPOST_EXECUTOR and MILEPOST_HELLO. Nothing is measured against the clock: where a test must
# come in the middle of something, it waits for a line that says so.
import hashlib
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest

STATUSES = ["queued", "running", "completed", "failed", "exited"]
MEMBERS = ["runId", "journeyId", "profileId", "status", "triggeredAt", "completedAt", "error"]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z")
ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
GOOD = '{"journeyId":"%s","profileId":"%s"}' % (ID, ID)

# What the sample holds is a promise: the same on every machine and with every compiler.
SAMPLE_1000_SHA256 = "56930f51bef32717d14978fd4a25af4b0e98de9e7759bb708db99ccd6c5327ff"
SAMPLE_500_COUNTS = [0, 0, 457, 32, 11]


def counts_of(text):
    """The table of counts per status; the last one if there are several."""
    counts = {}
    for status in STATUSES + ["total"]:
        rows = re.findall(r"^%s +([\d,]+)(?: |$)" % status, text, re.MULTILINE)
        counts[status] = int(rows[-1].replace(",", "")) if rows else None
    return counts


def number_before(text, pattern):
    found = re.search(r"([\d,]+) " + pattern, text)
    return int(found.group(1).replace(",", "")) if found else None


class ExecutorTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.executor = os.environ["MILEPOST_EXECUTOR"]
        scratch = tempfile.TemporaryDirectory(prefix="milepost-samples-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.tmp = os.path.join(self.scratch, "tmp")
        os.mkdir(self.tmp)
        self.environment = dict(os.environ, TMPDIR=self.tmp, LC_ALL="C.UTF-8")
        self.environment.pop("NO_COLOR", None)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def execute(self, *arguments, expect=0, stdin=""):
        done = subprocess.run([self.executor, *arguments], input=stdin.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment, timeout=240, check=False)
        self.assertEqual(expect, done.returncode, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def wait_for_skipped_line(self, child):
        """Reads up to the report of line 1; on a memory file system a note comes before it."""
        line = child.stderr.readline()
        while line.startswith(b"Note: "):
            line = child.stderr.readline()
        self.assertIn(b"line 1 skipped", line)

    def begin(self, *arguments, stdin=subprocess.DEVNULL):
        child = subprocess.Popen([self.executor, *arguments], stdin=stdin,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=self.environment)

        def end():
            if child.poll() is None:
                child.kill()
            child.communicate()
        self.addCleanup(end)
        return child

    def assert_finished(self, text, total):
        counts = counts_of(text)
        self.assertEqual(total, counts["total"], text)
        self.assertEqual(0, counts["queued"] + counts["running"], text)
        self.assertEqual(total, sum(counts[status] for status in STATUSES), text)
        self.assertIn("The store holds exactly what it acknowledged.", text)
        return counts

    def write(self, name, text):
        with open(self.path(name), "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return self.path(name)

    # --- a run from start to end ------------------------------------------------------------

    def test_counts_every_status_of_a_small_run(self):
        out, err = self.execute("--count", "500")
        counts = self.assert_finished(out, 500)
        self.assertEqual(SAMPLE_500_COUNTS, [counts[status] for status in STATUSES])
        self.assertRegex(out, r"(?m)^creates +500 .* durable, batches of 500$")
        self.assertRegex(out, r"(?m)^steps +1,000 .* durable, 8 workers$")
        # Every 64th run is delivered twice; each is executed once.
        self.assertIn("8 runs delivered twice; the store refused the later of the two 8 times.",
                      out)
        self.assertIn("create: 500 triggers", err)
        self.assertIn("execute: 500 runs of 500", err)
        relaxed, _ = self.execute("--count", "500", "--relaxed", "--workers", "3", "--batch", "7")
        self.assertEqual(counts, self.assert_finished(relaxed, 500))
        self.assertRegex(relaxed, r"(?m)^creates .* relaxed, batches of 7$")

    def test_shows_one_run_of_each_status(self):
        out, _ = self.execute("--count", "2000")
        shown = re.findall(r"(?m)^  (\w+) +(\{.*\})$", out)
        self.assertEqual(STATUSES, [status for status, _ in shown], out)
        for status, text in shown:
            run = json.loads(text)
            self.assertEqual(MEMBERS, list(run))
            self.assertEqual(text, json.dumps(run, separators=(",", ":"), ensure_ascii=False))
            self.assertEqual(status, run["status"])
            for member in ("runId", "journeyId", "profileId"):
                self.assertRegex(run[member], UUID)
            self.assertRegex(run["triggeredAt"], INSTANT)
            if status in ("queued", "running"):
                self.assertIsNone(run["completedAt"])
            else:
                self.assertRegex(run["completedAt"], INSTANT)
            self.assertEqual(status == "failed", run["error"] is not None)

    # --- input ------------------------------------------------------------------------------

    def test_makes_the_same_sample_everywhere(self):
        first = self.path("first.jsonl")
        self.execute("--count", "1000", "--write-sample", first)
        with open(first, "rb") as file:
            data = file.read()
        lines = data.decode("ascii").splitlines()
        self.assertEqual(1000, len(lines))
        triggers = [json.loads(line) for line in lines]
        self.assertEqual("2023-11-07T05:31:56Z", triggers[0]["triggeredAt"])
        self.assertEqual(8, len({trigger["journeyId"] for trigger in triggers}))
        self.assertEqual(2, len({t["organizationId"] for t in triggers if "organizationId" in t}))
        self.assertGreater(len({trigger["profileId"] for trigger in triggers}), 400)
        self.assertIn(False, ["triggeredAt" in trigger for trigger in triggers])
        self.assertEqual(SAMPLE_1000_SHA256, hashlib.sha256(data).hexdigest())
        out, _ = self.execute("--count", "1000", "--write-sample", "-")
        self.assertEqual(data.decode(), out)
        out, _ = self.execute("--count", "1000", "--seed", "8", "--write-sample", "-")
        self.assertNotEqual(data.decode(), out)

    def test_executes_the_written_sample_like_the_built_in_one(self):
        sample = self.path("sample.jsonl")
        self.execute("--count", "500", "--write-sample", sample)
        out, _ = self.execute("--input", sample)
        counts = self.assert_finished(out, 500)
        self.assertEqual(SAMPLE_500_COUNTS, [counts[status] for status in STATUSES])

    def test_reports_malformed_lines_by_number(self):
        lines = [
            (GOOD, None),
            ("", None),
            ("not json", "not JSON: syntax error at column 1"),
            ('{"journeyId":"%s"}' % ID, "profileId is missing"),
            ('{"journeyId":"%s","profileId":5}' % ID, "profileId is not a string"),
            ('{"journeyId":"%s","profileId":null}' % ID, "profileId is not a string"),
            ('{"journeyId":"%s","profileId":"x\\u001b[2Jy"}' % ID, "profileId: invalid_argument"),
            (GOOD[:-1] + ',"triggeredAt":"2023-02-29T00:00:00Z"}', "triggeredAt: invalid_argument"),
            (GOOD[:-1] + ',"organizationId":"{%s}"}' % ID, "organizationId: invalid_argument"),
            ("[1,2]", "not a JSON object"),
            (GOOD + " x", "not JSON: more text follows at column %d" % (len(GOOD) + 2)),
            (GOOD[:-1], "not JSON: incomplete JSON"),
            (b'{"journeyId":"\xff"}', "not JSON: "),
            (b"\x00" * 10, "not JSON: "),
            ("[" * 1000, "not JSON: "),
            ("a" * 70000, "longer than 65,536 bytes"),
            (GOOD[:-1] + ',"triggerdAt":"typo","x\\u001b[2J\\u0085":1}', None),
            (GOOD[:-1] + ',"triggerdAt":"typo","organizationId":null}\r', None),
        ]
        data = b"\xef\xbb\xbf" + b"\n".join(
            line.encode() if isinstance(line, str) else line for line, _ in lines)
        out, err = self.execute("--input", self.write("input.jsonl", data))
        reported = dict(re.findall(r"(?m)^line (\d+) skipped: (.*)$", err))
        for number, (_, reason) in enumerate(lines, 1):
            self.assertEqual(reason is not None, str(number) in reported, (number, err))
            if reason is not None:
                self.assertIn(reason, reported[str(number)])
        self.assertIn('line 17: member "triggerdAt" is not known and is ignored', err)
        self.assertEqual(1, err.count("triggerdAt"))
        self.assertIn("x\\x1b[2J\\xc2\\x85", err)
        self.assert_finished(out, 3)
        self.assertIn("14 malformed lines skipped", out)
        self.assertNotRegex(err, r"[\x00-\x09\x0b-\x1f\x7f]")

    def test_reads_triggers_from_stdin(self):
        out, _ = self.execute("--input", "-", stdin=GOOD + "\n" + GOOD)
        self.assert_finished(out, 2)
        out, _ = self.execute("--input", "-", stdin="")
        self.assert_finished(out, 0)

    # --- one directory, again and again -----------------------------------------------------

    def test_makes_nothing_twice_in_one_directory(self):
        first, _ = self.execute("--count", "300", "--directory", self.path("d"))
        counts = self.assert_finished(first, 300)
        self.assertIn("The store is kept in " + self.path("d"), first)
        again, _ = self.execute("--count", "300", "--directory", self.path("d"))
        self.assertEqual(counts, self.assert_finished(again, 300))
        self.assertIn("300 triggers had their run before; nothing was made twice.", again)
        self.assertRegex(again, r"(?m)^creates +0 ")
        other, _ = self.execute("--input", self.write("one.jsonl", GOOD), "-d", self.path("d"))
        self.assert_finished(other, 301)

    def test_keeps_nothing_but_the_store(self):
        directory = self.path("d")
        self.execute("--count", "50", "--directory", directory)
        self.assertEqual(["store"], os.listdir(directory))
        out, _ = self.execute("--input", "/dev/null", "-d", directory)
        self.assert_finished(out, 50)

    def test_tells_triggers_with_a_key_by_it(self):
        keyed = GOOD[:-1] + ',"idempotencyKey":"%s"}'
        other = keyed.replace(ID, ID.replace("3", "4"))
        lines = [keyed % "order-1", keyed % "order-2", "", keyed % "order-1", other % "order-1",
                 keyed % "", keyed % ("x" * 256), keyed % ("x" * 255)]
        out, err = self.execute("--input", self.write("keyed.jsonl", "\n".join(lines)),
                                "-d", self.path("d"))
        self.assert_finished(out, 3)
        self.assertIn("1 trigger had their run before", out)
        self.assertIn("line 5 refused: conflict, its run id or key is another request's", err)
        for line, size in ((6, 0), (7, 256)):
            self.assertIn("line %d skipped: idempotencyKey has %d bytes, not 1 to 255" %
                          (line, size), err)
        # Another line of another file, and yet the same trigger.
        out, _ = self.execute("--input", self.write("again.jsonl", keyed % "order-2"),
                              "-d", self.path("d"))
        self.assert_finished(out, 3)
        self.assertRegex(out, r"(?m)^creates +0 ")

    def test_refuses_a_store_that_another_process_writes(self):
        directory = self.path("d")
        holder = self.begin("--input", "-", "--directory", directory, stdin=subprocess.PIPE)
        # One trigger that cannot be used: when it is reported, the store is open.
        holder.stdin.write(b"nonsense\n")
        holder.stdin.flush()
        self.wait_for_skipped_line(holder)
        _, err = self.execute("--count", "5", "--directory", directory, expect=1)
        self.assertIn("error: locked", err)
        self.assertIn(str(holder.pid), err)
        holder.stdin.close()
        holder.stdin = None
        holder.communicate(timeout=60)
        self.assertEqual(0, holder.returncode)

    def test_removes_its_temporary_directory(self):
        self.execute("--count", "20")
        self.execute("--count", "20", "--crash", "--step-time", "1")
        self.assertEqual([], os.listdir(self.tmp))

    # --- stopping ---------------------------------------------------------------------------

    def test_stops_on_ctrl_c_and_continues_as_it_says(self):
        child = self.begin("--count", "2000", "--step-time", "20")
        seen = b""
        # The first line that says that some are done and some are not.
        while not re.search(rb"execute: [1-9][\d,]* runs of 2,000, \d+%", seen):
            line = child.stderr.readline()
            self.assertTrue(line, seen)
            seen += line
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        out, err = out.decode(), err.decode()
        self.assertEqual(130, child.returncode, err)
        counts = counts_of(out)
        self.assertEqual(2000, counts["total"])
        self.assertGreater(counts["queued"], 0)
        ended = counts["completed"] + counts["failed"] + counts["exited"]
        self.assertGreater(ended, 0)
        self.assertIn("Stopped by SIGINT: %s of 2,000 runs ended" % format(ended, ","), err)

        command = shlex.split(re.search(r"Continue with:  (.*)", err).group(1))
        self.assertEqual([self.executor, "--count", "2000"], command[:3])
        at = command.index("--step-time")
        out, err = self.execute(*command[1:at], *command[at + 2:])
        self.assert_finished(out, 2000)
        self.assertEqual(2000 - ended, number_before(err, "unfinished runs of an earlier process"))
        self.assertEqual(2000, number_before(out, "triggers had their run before"))

    def test_executes_the_organizations_it_is_told_of(self):
        organization = "11111111-2222-4333-8444-555555555555"
        line = GOOD[:-1] + ',"organizationId":"%s"}\n' % organization
        child = self.begin("--input", "-", "--step-time", "20", "-d", self.path("d"),
                           stdin=subprocess.PIPE)
        child.stdin.write((line * 600).encode())
        child.stdin.close()
        child.stdin = None
        seen = b""
        while not re.search(rb"execute: [1-9][\d,]* runs of 600, \d+%", seen):
            part = child.stderr.readline()
            self.assertTrue(part, seen)
            seen += part
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(130, child.returncode, err)
        before, printed = counts_of(out.decode()), err.decode()
        # The input names nobody: orphans are adopted all the same, what is queued is not found.
        out, err = self.execute("--input", "/dev/null", "-d", self.path("d"))
        counts = counts_of(out)
        self.assertEqual((before["queued"], 0), (counts["queued"], counts["running"]))
        self.assertEqual(before["queued"], number_before(err, "runs? left queued"))
        command = shlex.split(re.search(r"Continue with:  (.*)", printed).group(1))
        self.assertIn(organization, command)
        at = command.index("--step-time")
        out, _ = self.execute(*command[1:at], *command[at + 2:])
        self.assert_finished(out, 600)

    def test_stops_while_waiting_for_stdin(self):
        for number, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")):
            child = self.begin("--input", "-", stdin=subprocess.PIPE)
            child.stdin.write(b"nonsense\n")
            child.stdin.flush()
            self.wait_for_skipped_line(child)
            child.send_signal(number)
            child.wait(timeout=60)  # Its stdin stays open: only the signal can have ended it.
            _, err = child.communicate()
            self.assertEqual(130, child.returncode, err)
            self.assertIn("Stopped by %s" % name, err.decode())
        self.assertEqual([], os.listdir(self.tmp))

    # --- crashes ----------------------------------------------------------------------------

    def check_crash(self, *arguments):
        # The steps take time, so that the kill finds work under way however fast the machine is.
        out, err = self.execute("--crash", "--count", "1500", "--step-time", "2", *arguments)
        self.assertIn("2. Killed it with SIGKILL.", out)
        acknowledged = number_before(out, r"changes \(1,500 creates")
        self.assertGreaterEqual(acknowledged, 3000)
        checks = re.findall(r"([\d,]+) of ([\d,]+) acknowledged changes are there, 0 missing", out)
        self.assertEqual([(format(acknowledged, ","),) * 2] * 2, checks)
        queued, running = re.search(r"left to do: ([\d,]+) queued, (\d+) running", out).groups()
        self.assertGreater(int(queued.replace(",", "")), 0)
        self.assertIn("%s queued, %s running." % (queued, running), err)
        self.assert_finished(out, 1500)
        self.assertTrue(out.endswith("Nothing that was acknowledged was lost.\n"))

    def test_recovers_from_a_kill(self):
        self.check_crash()

    def test_recovers_from_a_kill_in_relaxed_mode(self):
        self.check_crash("--relaxed", "--workers", "3", "--directory", self.path("d"))

    # --- the command line -------------------------------------------------------------------

    def test_says_what_is_wrong_with_the_command_line(self):
        wrong = {
            ("--bogus",): "--bogus",
            ("--workers", "0"): "1 to 1024",
            ("--batch", "10001"): "1 to 10000",
            ("--count", "-1"): "--count",
            ("--count", "5", "--input", "x"): "excludes",
            ("--crash", "--input", "-"): "cannot be stdin",
            ("--organization", "acme"): "not a UUID",
            ("--input", self.path("nowhere")): "No such file or directory",
            ("--input", self.scratch): "Is a directory",
            ("--directory", self.write("file", "x")): "Not a directory",
            ("--write-sample", self.path("no/such/folder")): "No such file or directory",
        }
        for arguments, text in wrong.items():
            with self.subTest(arguments):
                out, err = self.execute(*arguments, expect=2)
                self.assertEqual("", out)
                self.assertIn(text, err)
        out, _ = self.execute("--help")
        for text in ("--directory", "Examples:", "Exit codes:", "--crash"):
            self.assertIn(text, out)
        self.assertNotIn("acknowledgements-fd", out)
        out, _ = self.execute("--version")
        self.assertRegex(out, r"\d+\.\d+\.\d+")
        self.assertEqual([], os.listdir(self.tmp))

    # --- what it looks like -----------------------------------------------------------------

    def test_writes_no_control_characters_to_a_file(self):
        for arguments in (("--count", "500"), ("--count", "100", "--crash", "--step-time", "1")):
            for text in self.execute(*arguments):
                self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f]")

    def on_terminal(self, *arguments, **environment):
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                os.execve(self.executor, [self.executor, *arguments],
                          {**self.environment, "TERM": "xterm", **environment})
            finally:
                os._exit(125)  # Only a failed exec comes here.
        shown = b""
        while select.select([terminal], [], [], 120)[0]:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # The other end is closed.
                break
            if not chunk:
                break
            shown += chunk
        os.close(terminal)
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown)
        return shown.decode()

    def test_draws_a_bar_on_a_terminal(self):
        shown = self.on_terminal("--count", "500")
        self.assertRegex(shown, r"\rexecute +\[\x1b\[32m#+\x1b\[0m\] 100% 500 runs of 500")
        self.assertIn("\x1b[K", shown)
        self.assert_finished(shown.replace("\r\n", "\n"), 500)
        dumb = self.on_terminal("--count", "500", TERM="dumb")
        self.assertNotIn("\x1b", dumb)

    def test_draws_no_colours_when_told_so(self):
        shown = self.on_terminal("--count", "500", NO_COLOR="1")
        self.assertRegex(shown, r"\rexecute +\[#+\] 100% 500 runs of 500")
        self.assertNotRegex(shown, r"\x1b\[\d*m")

    # --- the other sample -------------------------------------------------------------------

    def test_says_hello(self):
        hello = [os.environ["MILEPOST_HELLO"], self.path("runs")]
        out = subprocess.run(hello, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()
        run = json.loads(out)
        self.assertEqual(MEMBERS, list(run))
        self.assertEqual(("failed", "mailbox full", ID),
                         (run["status"], run["error"], run["journeyId"]))
        bad = subprocess.run([hello[0], "/proc/nowhere/runs"], stderr=subprocess.PIPE, timeout=60,
                             check=False)
        self.assertEqual(1, bad.returncode)
        self.assertIn(b"hello: ", bad.stderr)


def check_list(listed):
    written = {name[len("test_"):] for name in dir(ExecutorTest) if name.startswith("test_")}
    if written != set(listed):
        sys.exit("only in the script or only in CMakeLists.txt: %s" % (written ^ set(listed)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check-list"]:
        check_list(sys.argv[2:])
    else:
        unittest.main()
