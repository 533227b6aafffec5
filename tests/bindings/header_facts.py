#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a binding must agree with: header_facts.py INCLUDE_DIR [CC] > FACTS.

Names come from milepost.h, numbers from a C compiler that reads it. One fact a line:

    enum MILEPOST_RUN_QUEUED 0
    limit MILEPOST_LIST_LIMIT_MAX 1000
    size milepost_run 152

The tests of each binding read the file and compare: every enum must be known to it with that
value, and every struct that it lays out itself must have that size.
"""

import os
import re
import subprocess
import sys
import tempfile

ENUM = re.compile(r"^enum milepost_\w+ \{(.*?)\};", re.M | re.S)
STRUCT = re.compile(r"^typedef struct (milepost_\w+) \{", re.M)
LIMIT = re.compile(r"^#define (MILEPOST_\w+) \d+\b", re.M)


def facts_of(header):
    """The facts' kinds and names, in the header's order."""
    code = re.sub(r"//.*", "", header)
    for body in ENUM.findall(code):
        for name in re.findall(r"(MILEPOST_\w+) =", body):
            yield "enum", name
    for name in LIMIT.findall(code):
        yield "limit", name
    for name in STRUCT.findall(code):
        yield "size", name


def program(facts):
    """A C program that prints them with their numbers."""
    lines = ['#include "milepost/milepost.h"', "#include <stdio.h>", "int main(void) {"]
    for kind, name in facts:
        value = f"sizeof({name})" if kind == "size" else name
        lines.append(f'  printf("{kind} {name} %lld\\n", (long long){value});')
    return "\n".join(lines + ["  return 0;", "}", ""])


def main():
    include, compiler = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "cc"
    with open(os.path.join(include, "milepost", "milepost.h"), encoding="ascii") as file:
        facts = list(facts_of(file.read()))
    kinds = [kind for kind, _ in facts]
    if kinds.count("enum") < 50 or kinds.count("size") < 20 or kinds.count("limit") < 10:
        sys.exit("header_facts.py: the header is no longer written as this script reads it")
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "facts.c"), os.path.join(folder, "facts")
        with open(source, "w", encoding="ascii") as file:
            file.write(program(facts))
        subprocess.run([compiler, "-std=c99", "-I", include, source, "-o", binary], check=True)
        subprocess.run([binary], check=True)


if __name__ == "__main__":
    main()
