#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How mutants are built in, and that a table that does not fit the sources is refused."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import make  # noqa: E402
import programs  # noqa: E402
import table  # noqa: E402
from mutant import Mutant, NotApplicable, Site, insert, mutate  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SOURCE = "int f(int a) {\n  if (a > 1) return 1;\n  count = a;\n  return a > 2 ? a : 0;\n}\n"


def site(original, replacement, within=""):
    return Site("f.cpp", original, replacement, within)


class Building(unittest.TestCase):
    def test_an_expression_becomes_a_choice(self):
        self.assertIn('if ((milepost_mutant("m") ? (a > 0) : (a > 1))) return 1;',
                      mutate(SOURCE, [("m", site("a > 1", "a > 0"))]))

    def test_a_statement_becomes_a_branch(self):
        self.assertIn('if (milepost_mutant("m")) {  } else { count = a; }\n',
                      mutate(SOURCE, [("m", site("count = a;", ""))]))

    def test_an_insertion_leaves_the_statement_as_it_is(self):
        self.assertIn('if (milepost_mutant("m")) { ++a; } count = a;\n',
                      mutate(SOURCE, [("m", insert("f.cpp", "count = a;", "++a;"))]))

    def test_mutants_of_one_place_stand_side_by_side(self):
        text = mutate(SOURCE, [("m", site("a > 1", "true")), ("n", site("a > 1", "false"))])
        self.assertIn('(milepost_mutant("n") ? (false) : ((milepost_mutant("m") ? (true) : '
                      '(a > 1))))', text)
        text = mutate(SOURCE, [("m", site("count = a;", "x;")), ("n", site("count = a;", "y;"))])
        self.assertIn('if (milepost_mutant("m")) { x; } else if (milepost_mutant("n")) { y; } '
                      'else { count = a; }', text)

    def test_a_context_tells_which_of_several_is_meant(self):
        self.assertIn('return (milepost_mutant("m") ? (b) : (a)) > 2',
                      mutate(SOURCE, [("m", site("a", "b", within="a > 2"))]))

    def test_what_is_outside_of_the_places_stays(self):
        self.assertEqual(SOURCE, mutate(SOURCE, []))


class Refusing(unittest.TestCase):
    def test_originals_that_are_gone_or_there_twice(self):
        for wrong in (site("a > 3", "0"), site("a", "b"), site("a", "b", within="a = a"),
                      site("count", "0", within="return")):
            with self.assertRaises(NotApplicable):
                mutate(SOURCE, [("m", wrong)])

    def test_places_that_overlap(self):
        with self.assertRaises(NotApplicable):
            mutate(SOURCE, [("m", site("a > 1", "0")), ("n", site("(a > 1)", "(0)"))])

    def test_mutants_that_make_no_sense(self):
        place = (Site("lib/store/futex.cpp", "there is no such text", ""),)
        rest = table.MUTANTS[1:]
        for wrong in (Mutant(rest[0].name, "answers", table.MUTANTS[0].sites, ("faults_test [a]",)),
                      Mutant("m", "no rule", table.MUTANTS[0].sites, ("faults_test [a]",)),
                      Mutant("m", "answers", table.MUTANTS[0].sites, ()),
                      Mutant("m", "answers", table.MUTANTS[0].sites, ("no_program [a]",)),
                      Mutant("m", "answers", place, ("faults_test [a]",))):
            self.assertEqual(1, len(make.problems(ROOT, [wrong] + rest)))
        self.assertTrue(make.problems(ROOT, [m for m in table.MUTANTS if m.rule != "fork"]))


class Copying(unittest.TestCase):
    @unittest.skipUnless(os.path.exists(os.path.join(ROOT, ".git")), "not run: no git work tree")
    def test_the_copy_is_the_tree_with_the_mutants_and_is_touched_only_where_needed(self):
        with tempfile.TemporaryDirectory() as folder:
            make.make(ROOT, folder)
            changed = os.path.join(folder, table.MUTANTS[0].sites[0].file)
            with open(changed, encoding="ascii") as file:
                self.assertIn(f'milepost_mutant("{table.MUTANTS[0].name}")', file.read())
            with open(os.path.join(folder, "stray.cpp"), "w", encoding="ascii"):
                pass
            os.utime(changed, (1, 1))
            make.make(ROOT, folder)
            self.assertEqual(1, os.stat(changed).st_mtime)
            self.assertFalse(os.path.exists(os.path.join(folder, "stray.cpp")))

    def test_a_test_becomes_a_command(self):
        paths = {"faults_test": "/f", "crash_io_faults": "/c"}
        self.assertEqual(["/f", "--abort", "--warn", "NoTests", "[fork]"],
                         programs.command_of("faults_test [fork]", paths))
        self.assertEqual(["/c", "--cases=1", "--seed=2"],
                         programs.command_of("crash_io_faults --cases=1 --seed=2", paths))


if __name__ == "__main__":
    unittest.main()
