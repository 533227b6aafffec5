#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What of lib/ the quick tests run: coverage.py --root DIR [--jobs N] [--keep].

Runs the tests of the preset `coverage`, which must be built, prints shares of lines and branches by
room, and writes below build/coverage/report a page a file (html/) and every line and branch that
was not run (uncovered.txt). A branch is one outcome of one condition; processes that are killed do
not count. Fails where the environment's MILEPOST_COVERAGE_MIN=LINES:BRANCHES asks for more percent
than there are.
"""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys

PROFDATA = "llvm-profdata-14"
COV = "llvm-cov-14"


class Share:
    """Of so many so many were run."""

    def __init__(self):
        self.count = 0
        self.covered = 0

    def add(self, summary):
        self.count += summary["count"]
        self.covered += summary["covered"]

    @property
    def percent(self):
        return 100.0 * self.covered / self.count if self.count else 100.0

    def __str__(self):
        return f"{self.covered:6} of {self.count:6} {self.percent:6.2f}%"


def run_tests(root, build, jobs):
    """What the programs of another run left behind would count as well, so that goes first."""
    shutil.rmtree(os.path.join(build, "profiles"), ignore_errors=True)
    log = os.path.join(build, "tests.log")
    with open(log, "wb") as out:
        done = subprocess.run(["ctest", "--preset", "coverage", "--parallel", str(jobs)], cwd=root,
                              stdout=out, stderr=subprocess.STDOUT)
    with open(log, encoding="utf-8", errors="replace") as file:
        last = file.read().split("\n")[-60:]
    if done.returncode != 0:
        print("\n".join(last))
        sys.exit(f"coverage: tests failed; all of it is in {log}")
    print(next((line for line in last if "tests passed" in line), ""), "\n", flush=True)


def merge(build):
    """Merges what the programs left behind; the path of the result."""
    profiles = glob.glob(os.path.join(build, "profiles", "*.profraw"))
    if not profiles:
        sys.exit("coverage: no profiles; run the tests of the preset `coverage` first")
    merged = os.path.join(build, "report", "merged.profdata")
    os.makedirs(os.path.dirname(merged), exist_ok=True)
    subprocess.run([PROFDATA, "merge", "-sparse", "--failure-mode=all", *profiles, "-o", merged],
                   check=True, stderr=subprocess.DEVNULL)
    return merged


def cov(verb, build, merged, *options):
    """The output of llvm-cov on the library that holds all rooms."""
    library = os.path.join(build, "lib", "libmilepost-c.so")
    return subprocess.run([COV, verb, library, f"-instr-profile={merged}", *options],
                          check=True, stdout=subprocess.PIPE).stdout


def files_of_lib(root, build, merged):
    """The files of lib/ as llvm-cov describes them, with their path below lib/."""
    data = json.loads(cov("export", build, merged, "-format=text"))["data"][0]
    prefix = os.path.join(root, "lib") + os.sep
    for file in data["files"]:
        # A compiler behind a cache may have been given paths relative to its build.
        name = os.path.normpath(file["filename"])
        if name.startswith(prefix):
            yield name[len(prefix):], file


def print_rooms(files):
    """A row a room; yields the total as (lines, branches)."""
    rooms = {}
    for path, file in files:
        lines, branches = rooms.setdefault(path.split(os.sep)[0], (Share(), Share()))
        lines.add(file["summary"]["lines"])
        branches.add(file["summary"]["branches"])
    total = Share(), Share()
    for _, file in files:
        total[0].add(file["summary"]["lines"])
        total[1].add(file["summary"]["branches"])
    print(f"{'room':10} {'lines':>24} {'branches':>25}")
    for room, (lines, branches) in sorted(rooms.items()):
        print(f"{room:10} {lines} {branches}")
    print(f"{'total':10} {total[0]} {total[1]}")
    return total


def uncovered_lines(file):
    """Lines on which a piece of code begins that was never run."""
    return sorted({line for line, _, count, has_count, is_entry, is_gap in file["segments"]
                   if has_count and is_entry and not is_gap and count == 0})


def uncovered_branches(file):
    """line -> what a condition on it never was."""
    found = {}
    for line, column, _, _, times_true, times_false, *_ in file.get("branches", []):
        for outcome, times in (("true", times_true), ("false", times_false)):
            if times == 0:
                found.setdefault(line, []).append(f"column {column} never {outcome}")
    return found


def write_uncovered(root, files, path):
    with open(path, "w", encoding="utf-8") as out:
        for name, file in files:
            lines, branches = uncovered_lines(file), uncovered_branches(file)
            if not lines and not branches:
                continue
            with open(os.path.join(root, "lib", name), encoding="utf-8") as source:
                text = source.read().split("\n")
            out.write(f"lib/{name}\n")
            for line in sorted(set(lines) | set(branches)):
                what = ["not run"] if line in lines else []
                what += branches.get(line, [])
                out.write(f"  {line:4} {text[line - 1].strip()[:70]:70}  {', '.join(what)}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the top folder of the project")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", action="store_true", help="run nothing, report the last run")
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.root)
    build = os.path.join(root, "build", "coverage")
    wanted = os.environ.get("MILEPOST_COVERAGE_MIN") or "0:0"
    try:
        least_lines, least_branches = (float(part) for part in wanted.split(":"))
    except ValueError:
        parser.error(f"MILEPOST_COVERAGE_MIN={wanted} is no pair of percentages like 95:90")
    if not arguments.keep:
        run_tests(root, build, arguments.jobs)
    merged = merge(build)
    files = sorted(files_of_lib(root, build, merged))
    if not files:
        sys.exit("coverage: the profiles say nothing of lib/")
    lines, branches = print_rooms(files)
    report = os.path.join(build, "report")
    write_uncovered(root, files, os.path.join(report, "uncovered.txt"))
    cov("show", build, merged, "-format=html", f"-output-dir={report}/html",
        "-show-branches=count", *(file["filename"] for _, file in files))
    print(f"\n{os.path.relpath(report, root)}/uncovered.txt, "
          f"{os.path.relpath(report, root)}/html/index.html")
    if lines.percent < least_lines or branches.percent < least_branches:
        print(f"coverage: below {least_lines:g}% of the lines or {least_branches:g}% of the "
              "branches")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
