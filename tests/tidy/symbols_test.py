#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that symbols.py can fail: small libraries with planted faults, built with $CXX."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import symbols  # noqa: E402

CXX = os.environ.get("CXX", "c++")
CLEAN = ("namespace milepost { struct Tracker { static int open(int); };\n"
         "int Tracker::open(int a) { return a; } }\n")


class SymbolsTest(unittest.TestCase):
    def findings(self, added):
        with tempfile.TemporaryDirectory(prefix="milepost-symbols-") as folder:
            source, obj = os.path.join(folder, "a.cpp"), os.path.join(folder, "a.o")
            shared, static = os.path.join(folder, "a.so"), os.path.join(folder, "a.a")
            with open(source, "w", encoding="ascii") as file:
                file.write(added + CLEAN)
            subprocess.run([CXX, "-std=c++20", "-O1", "-fPIC", "-c", source, "-o", obj], check=True)
            subprocess.run([CXX, "-shared", obj, "-o", shared], check=True)
            subprocess.run(["ar", "rc", static, obj], check=True)
            return list(symbols.check_shared(shared)), list(symbols.check_static(static))

    def test_a_clean_library_passes(self):
        self.assertEqual(([], []), self.findings(""))

    def test_calls_that_end_or_print_are_found_in_both_forms(self):
        for call in ("abort()", "exit(2)", "_exit(2)", 'printf("%d", 1)', 'puts("x")',
                     'fputs("x", stderr)', 'perror("x")', '__builtin_printf("%d", 2)'):
            with self.subTest(call=call):
                shared, static = self.findings(
                    "#include <cstdio>\n#include <cstdlib>\n#include <unistd.h>\n"
                    f"namespace milepost {{ void f() {{ {call}; }} }}\n")
                self.assertIn("neither prints nor ends", " ".join(shared))
                self.assertIn("neither prints nor ends", " ".join(static))

    def test_streams_are_found(self):
        shared, _ = self.findings('#include <iostream>\nnamespace milepost { void f() '
                                  '{ std::cerr << "x"; } }\n')
        self.assertIn("_ZSt4cerr", " ".join(shared))

    def test_stray_and_internal_exports_are_found(self):
        for stray in ("int stray() { return 1; }", "namespace other { int stray() { return 1; } }",
                      "namespace milepost::core { int stray() { return 1; } }",
                      'extern "C" int stray() { return 1; }'):
            with self.subTest(stray=stray):
                shared, _ = self.findings(stray + "\n")
                self.assertEqual(1, len(shared))
                self.assertIn("stray", shared[0])

    def test_a_copy_of_boost_json_is_found(self):
        _, static = self.findings("namespace boost::json { struct value { ~value(); };\n"
                                  "value::~value() {} }\n")
        self.assertIn("boost_json.hpp", " ".join(static))

    def test_the_c_library_shows_what_the_list_has_and_nothing_else(self):
        source = 'extern "C" { int milepost_a() { return 1; } int milepost_b() { return 1; } }'
        with tempfile.TemporaryDirectory(prefix="milepost-symbols-") as folder:
            shared, listed = os.path.join(folder, "a.so"), os.path.join(folder, "list")
            subprocess.run([CXX, "-shared", "-fPIC", "-x", "c++", "-", "-o", shared], check=True,
                           input=source, text=True)
            for names, expected in (("milepost_a milepost_b", 0), ("milepost_a", 1),
                                    ("milepost_a milepost_b milepost_c", 1), ("", 2)):
                with self.subTest(names=names):
                    with open(listed, "w", encoding="ascii") as file:
                        file.write(names)
                    self.assertEqual(expected, len(list(symbols.check_c(shared, listed))))

    def test_a_library_without_its_api_is_found(self):
        with tempfile.TemporaryDirectory(prefix="milepost-symbols-") as folder:
            shared = os.path.join(folder, "a.so")
            subprocess.run([CXX, "-shared", "-x", "c++", os.devnull, "-o", shared], check=True)
            self.assertIn("does not export", " ".join(symbols.check_shared(shared)))


if __name__ == "__main__":
    unittest.main()
