#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Help, manual and completions name every command and every option that the parser accepts, shells
# can read them, and the README's promises are the program's.
import os
import re
import shutil
import subprocess
import unittest

from bed import Bed

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class TextsTest(Bed):
    def commands(self, *path):
        """Paths of all commands, read from the help."""
        text = self.out(*path, "--help")
        below = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
        if not below:
            return [path]
        names = re.findall(r"^  ([a-z]+)\b", below.group(1), re.MULTILINE)
        return [found for name in names for found in self.commands(*path, name)]

    def options(self, path):
        text = self.out(*path, "--help")
        block = re.search(r"^Options:\n((?:  .*\n)+)", text, re.MULTILINE).group(1)
        starts = re.findall(r"^  (-\S+)", block, re.MULTILINE)
        return [name for start in starts for name in start.split(",")]

    def test_there_are_the_commands_there_should_be(self):
        found = [" ".join(path) for path in self.commands()]
        for name in ("get list count watch create start complete fail exit wait orphans purge "
                     "erase export import backup restore verify repair stats").split():
            self.assertIn(name, found)
        for name in ("create", "list", "revoke", "rotate"):
            self.assertIn("key " + name, found)

    def test_every_command_has_examples_and_a_refusal(self):
        for path in self.commands():
            with self.subTest(path=path):
                examples = self.out(*path, "--help").split("\nExamples:\n")[1]
                self.assertIn("milepost " + " ".join(path), examples)
                self.assertIn("milepost --help", self.refused(*path, "--nonsense", expect=2))

    def test_examples_name_options_that_exist(self):
        for path in self.commands():
            known = set(self.options(path))
            examples = self.out(*path, "--help").split("\nExamples:\n")[1]
            for example in re.findall("milepost " + " ".join(path) + r"([^|&]*)", examples):
                for option in re.findall(r" (-{1,2}[a-z-]+)", re.sub(r"'[^']*'", "", example)):
                    self.assertIn(option, known, path)

    def test_the_manual_names_everything(self):
        page = self.out("manual").replace("\\-", "-")
        for path in self.commands():
            section = re.search(r"^\.SS milepost %s( .*)?\n((?:(?!\.S[SH]).*\n)*)"
                                % " ".join(path), page, re.MULTILINE)
            self.assertIsNotNone(section, path)
            for option in self.options(path):
                if option not in ("-h", "--help"):
                    self.assertIn("\\fB%s\\fR" % option, section.group(2), path)
        codes = re.search(r"Exit codes:\n((?:  .*\n)+)", self.out("--help")).group(1)
        for code in codes.splitlines():
            self.assertIn(code, page)
        if not shutil.which("man"):
            print("not run: man is not installed")
            return
        file = self.path("milepost.1")
        with open(file, "w", encoding="ascii") as manual:
            manual.write(self.out("manual"))
        done = subprocess.run(["man", "--warnings", "-l", file], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False,
                              env=dict(self.environment, MANWIDTH="80", MANPAGER="cat"))
        self.assertEqual((0, b""), (done.returncode, done.stderr))

    def script(self, shell):
        file = self.path("completion." + shell)
        with open(file, "w", encoding="ascii") as script:
            script.write(self.out("completion", shell))
        if not shutil.which(shell):
            print("not run: %s is not installed" % shell)
            return None
        done = subprocess.run([shell, "-n", file], stderr=subprocess.PIPE, check=False)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return file

    def ask(self, shell, code):
        return subprocess.run([shell, "-c", code], stdout=subprocess.PIPE, cwd=self.scratch,
                              check=True, env=self.environment, timeout=120).stdout.decode()

    def test_bash_completes_every_command_and_option(self):
        file = self.script("bash")
        for path in self.commands():
            for at, word in enumerate(path):
                said = self.bash(file, path[:at], word[:1])
                self.assertIn(word, said)
            said = self.bash(file, path, "-")
            for option in self.options(path):
                self.assertIn(option, said, path)
        self.assertEqual(["failed"], self.bash(file, ("list", "--status"), "f"))
        os.mkdir(self.path("folder"))
        self.assertIn("folder", self.bash(file, ("list", "--store"), "fo"))

    def bash(self, file, words, current):
        line = " ".join(("milepost",) + tuple(words)) + " '%s'" % current
        return self.ask("bash", "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _milepost; "
                                "printf '%%s\\n' \"${COMPREPLY[@]}\""
                        % (file, line, len(words) + 1)).split()

    def test_fish_completes_every_command_and_option(self):
        file = self.script("fish")
        if file is None:
            return
        asked = [(path, list(path[:-1]) + [""], path[-1:]) for path in self.commands()]
        asked += [(path, list(path) + ["-"], [name for name in self.options(path)
                                             if name.startswith("--")]) for path in self.commands()]
        code = "source %s\n" % file
        for _, words, _ in asked:
            code += "echo ==\ncomplete -C 'milepost %s'\n" % " ".join(words)
        answers = self.ask("fish", code).split("==\n")[1:]
        self.assertEqual(len(asked), len(answers))
        for (path, words, wanted), answer in zip(asked, answers):
            said = [text.split("\t")[0] for text in answer.splitlines()]
            for word in wanted:
                self.assertIn(word, said, (path, words))

    def test_zsh_names_every_command_and_option(self):
        self.script("zsh")
        text = self.out("completion", "zsh")
        for path in self.commands():
            function = re.search(r"^_milepost_%s\(\) \{\n(.*?)^\}" % "_".join(path), text,
                                 re.MULTILINE | re.DOTALL).group(1)
            for option in self.options(path):
                self.assertRegex(function, r"['\)]%s\[" % option)

    def test_the_readme_knows_every_command_and_exit(self):
        with open(os.path.join(SOURCE, "bindings", "cli", "README.md"), encoding="utf-8") as file:
            readme = file.read()
        for path in self.commands():
            self.assertIn("`%s" % " ".join(path[:1]), readme)
        codes = re.search(r"Exit codes:\n((?:  .*\n)+)", self.out("--help")).group(1)
        for code in re.findall(r"^  (\d+) ", codes, re.MULTILINE):
            self.assertRegex(readme, r"\| %s \|" % code)


if __name__ == "__main__":
    unittest.main()
