#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# The program in a pseudo-terminal: tables that fit, colours where they belong, the live view, the
# progress line, questions, and Ctrl-C.
import re
import unittest

from bed import PROFILE, Bed, line, run_id

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class TerminalTest(Bed):
    def show(self, *arguments, expect=0, **how):
        terminal = self.terminal(*arguments, **how)
        self.assertEqual(expect, terminal.end(), terminal.output)
        return terminal.text

    def test_tables_fit_and_have_colours(self):
        self.fill(line(1, "failed", "2023-11-07T05:32:00Z", "x" * 200 + "\x1b[2J"))
        for columns, titles in ((80, "RUN STATUS TRIGGERED ERROR"),
                                (110, "RUN STATUS TRIGGERED COMPLETED ERROR"),
                                (160, "RUN STATUS TRIGGERED COMPLETED JOURNEY ERROR")):
            text = self.show("list", columns=columns)
            plain = COLOUR.sub("", text).splitlines()
            self.assertEqual(titles.split(), plain[0].split())
            self.assertLessEqual(max(map(len, plain)), columns)
            self.assertIn("\x1b[31mfailed\x1b[0m", text)
            self.assertTrue(plain[1].endswith("x\u2026"), plain[1])

    def test_no_colours_when_told_so_or_in_a_pipe(self):
        self.fill()
        for command in (("list",), ("get", run_id(4)), ("count",), ("stats",), ("verify",)):
            self.assertIn("\x1b[", self.show(*command))
            self.assertIsNone(COLOUR.search(self.show(*command, environment={"NO_COLOR": "1"})))
            self.assertNotIn("\x1b", self.show(*command, environment={"TERM": "dumb"}))
            self.assertNotIn("\x1b", self.out(*command))
        self.assertIn("\x1b[", self.show("count", environment={"NO_COLOR": ""}))
        self.assertNotIn("\x1b", self.show("list", "--json"))

    def test_texts_of_runs_cannot_reach_the_terminal(self):
        hostile = "\x1b]0;title\x07 \x9b31m \u202egnp.exe \u200b \u2028 \r\b"
        self.fill(line(1, "failed", "2023-11-07T05:32:00Z", hostile))
        for command in (("list",), ("get", run_id(1)), ("watch", "--after", "0", "--limit", "1")):
            text = self.show(*command, columns=250, environment={"NO_COLOR": "1"})
            rest = text.replace("\x1b[J", "") if command[0] == "watch" else text
            rest = re.sub("\r\x1b\\[[0-9]+A", "", rest)
            self.assertEqual([], [c for c in rest if c != "\n" and not c.isprintable()], rest)
            self.assertIn("\\x1b]0;title\\x07 \\u{9b}31m \\u{202e}gnp.exe \\u{200b}", rest)

    def test_watch_draws_over_itself_and_ends_on_ctrl_c(self):
        self.fill()
        watching = self.terminal("watch")
        watching.read_until("Ctrl-C ends it")
        self.out("exit", run_id(1))
        watching.read_until(run_id(1))
        watching.read_until("\x1b[J")
        watching.type(b"\x03")
        self.assertEqual(130, watching.end(), watching.output)
        self.assertIn("goes on from here", watching.text)
        last = COLOUR.sub("", watching.text[watching.text.rindex("\x1b[J"):])
        self.assertIn("queued 0  running 1  completed 1  failed 1  exited 2", last)

    def test_watch_keeps_to_the_height_of_the_terminal(self):
        self.fill("".join(line(number) for number in range(60)))
        text = self.show("watch", "--after", "0", "--limit", "60", rows=12)
        last = text[text.rindex("\x1b[J"):]
        self.assertLessEqual(last.count("\n"), 12)
        self.assertIn(run_id(59), last)
        self.assertNotIn(run_id(20), last)

    def test_wait_ends_on_ctrl_c(self):
        self.fill()
        waiting = self.terminal("wait", run_id(1))
        waiting.read_until("waiting...")
        waiting.type(b"\x03")
        self.assertEqual(130, waiting.end(), waiting.output)

    def test_progress_is_drawn_on_a_terminal_and_wiped(self):
        self.fill()
        for command, verb in ((("verify",), "verifying..."),
                              (("backup", self.path("copy")), "copying..."),
                              (("export", self.path("runs.jsonl")), "exporting..."),
                              (("repair", self.path("saved")), "repairing..."),
                              (("purge", "--older-than", "1d", "-y"), "purging...")):
            text = self.show(*command)
            self.assertIn(verb, text)
            self.assertIn("\r\x1b[K", text[text.rindex(verb):])
            self.assertNotIn(verb, self.show(*command[:1], "--help"))
        _, errors = self.run_program("verify")
        self.assertEqual("", errors)

    def test_what_removes_asks_first(self):
        self.fill()
        asked = self.terminal("purge", "--older-than", "1d")
        asked.read_until("Remove 3 runs that finished before")
        asked.read_until("[y/N] ")
        asked.type(b"\n")
        self.assertEqual(1, asked.end())
        self.assertIn("nothing was removed", asked.text)
        agreed = self.terminal("erase", "--profile", PROFILE)
        agreed.read_until("[y/N] ")
        agreed.type(b"y\n")
        self.assertEqual(0, agreed.end())
        self.assertIn("erased 5 runs", agreed.text)

    def test_ctrl_c_ends_an_import_that_can_be_repeated(self):
        self.fill(line(1))
        importing = self.terminal("import")
        importing.read_until("importing...")
        importing.type(b"\x03")
        self.assertEqual(130, importing.end(), importing.output)
        self.assertIn("the same import again", importing.text)


if __name__ == "__main__":
    unittest.main()
