#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies the tracked files and builds all mutants into the copy: make.py --root DIR --to DIR.

With --check nothing is written: it only says whether the table applies to the present sources.
"""

import argparse
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import mutant as mutants  # noqa: E402
import programs  # noqa: E402
import rules  # noqa: E402
import table  # noqa: E402

HEADER = "lib/milepost_mutant.hpp"
HEADER_TEXT = """\
// SPDX-License-Identifier: Apache-2.0
//
// Which mutant is chosen, if any. In front of every source that has one.
#pragma once

#include <cstdlib>
#include <cstring>

[[nodiscard]] inline bool milepost_mutant(const char* name) noexcept {
  static const char* const chosen = std::getenv("MILEPOST_MUTANT");
  return chosen != nullptr && std::strcmp(chosen, name) == 0;
}
"""


def problems(root, all_mutants=None):
    """What keeps the table from being applied, as lines of text."""
    all_mutants = table.MUTANTS if all_mutants is None else all_mutants
    found, names = [], set()
    for each in all_mutants:
        if each.name in names:
            found.append(f"mutant {each.name}: the name is taken")
        names.add(each.name)
        if each.rule not in rules.RULES:
            found.append(f"mutant {each.name}: no rule '{each.rule}'")
        if not each.tests:
            found.append(f"mutant {each.name}: no tests")
        for test in each.tests:
            if test.split()[0] not in programs.PROGRAMS:
                found.append(f"mutant {each.name}: no program '{test.split()[0]}'")
    for rule in rules.WRITE_PATH:
        if not any(each.rule == rule for each in all_mutants):
            found.append(f"no mutant breaks the rule '{rule}'")
    for file, sites in mutants.sites_by_file(all_mutants).items():
        try:
            mutants.mutate(read(os.path.join(root, file)), sites)
        except (OSError, mutants.NotApplicable) as error:
            found.append(str(error))
    return found


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write_if_other(path, text):
    """Leaves a file alone that is as it should be, so that it is not compiled again."""
    if os.path.exists(path) and read(path) == text:
        return
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def tracked_files(root):
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=root, check=True, capture_output=True).stdout
    return sorted(path for path in os.fsdecode(listing).split("\0")
                  if path and os.path.lexists(os.path.join(root, path)))


def copy_tree(root, target, skipped):
    """Makes `target` hold the tracked files and nothing else; those in `skipped` are left alone."""
    wanted = set(tracked_files(root))
    for folder, _, files in os.walk(target):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), target)
            if path not in wanted and path not in skipped:
                os.remove(os.path.join(target, path))
    for path in wanted - skipped:
        source, copy = os.path.join(root, path), os.path.join(target, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        if os.path.exists(copy):
            there, here = os.stat(source), os.stat(copy)
            if (there.st_mtime_ns, there.st_size) == (here.st_mtime_ns, here.st_size):
                continue
        shutil.copy2(source, copy, follow_symlinks=False)


def make(root, target, all_mutants=None):
    """The copy with all mutants in it. Raises NotApplicable."""
    found = problems(root, all_mutants)
    if found:
        raise mutants.NotApplicable("\n".join(found))
    files = mutants.sites_by_file(table.MUTANTS if all_mutants is None else all_mutants)
    copy_tree(root, target, set(files) | {HEADER})
    for path, sites in files.items():
        copy = os.path.join(target, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        text = mutants.mutate(read(os.path.join(root, path)), sites)
        write_if_other(copy, f'#include "{os.path.basename(HEADER)}"\n{text}')
    write_if_other(os.path.join(target, HEADER), HEADER_TEXT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the top folder of the project")
    parser.add_argument("--to", help="where the copy goes")
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.root)
    if arguments.check or not arguments.to:
        found = problems(root)
        for line in found:
            print(line)
        print(f"mutants: {len(found)} findings in a table of {len(table.MUTANTS)}")
        return 1 if found else 0
    make(root, os.path.abspath(arguments.to))
    return 0


if __name__ == "__main__":
    sys.exit(main())
