#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the sources for what compilers do not: tidy.py --root DIR [CHECK...].

Known exceptions stand in exceptions.txt, one `check path` a line. The list may only shrink: an
exception that is no longer needed is a finding too.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True

import checks  # noqa: E402


def read_exceptions(path):
    """The exceptions as (check, path) -> line number."""
    found = {}
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if words:
                found[tuple(words[:2])] = number
    return found


def run(root, names, exceptions):
    """All findings of the named checks, stale exceptions among them."""
    tree = checks.Tree(root)
    findings, used = [], set()
    for name in names:
        for finding in checks.CHECKS[name](tree):
            key = (finding.check, finding.path)
            if key in exceptions:
                used.add(key)
            else:
                findings.append(finding)
    for key, line in exceptions.items():
        if key[0] in names and key not in used:
            findings.append(checks.Finding(
                key[0], "tests/tidy/exceptions.txt", line,
                f"{key[1]} needs no exception any more: remove the line"))
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the top folder of the project")
    parser.add_argument("checks", nargs="*", metavar="CHECK",
                        help=f"which (default: all): {', '.join(checks.CHECKS)}")
    arguments = parser.parse_args()
    for name in arguments.checks:
        if name not in checks.CHECKS:
            parser.error(f"no check '{name}'; there are: {', '.join(checks.CHECKS)}")
    names = arguments.checks or list(checks.CHECKS)
    here = os.path.dirname(os.path.abspath(__file__))
    findings = run(arguments.root, names, read_exceptions(os.path.join(here, "exceptions.txt")))
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings ({', '.join(names)})")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
