#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a program of the ```cpp blocks of a Markdown file: extract.py README.md OUT.cpp.

Each block becomes a function that gets the store; #include lines move to the top, and #line makes
the compiler speak of the Markdown file. What blocks may use besides is in prelude.hpp.
"""

import os
import re
import sys


def blocks(text):
    """(line number of the first line of code, lines) of each block."""
    found, block = [], None
    for number, line in enumerate(text.split("\n"), 1):
        if block is None and re.fullmatch(r"\s*```cpp\s*", line):
            block = (number + 1, [])
        elif block is not None and line.strip() == "```":
            found.append(block)
            block = None
        elif block is not None:
            block[1].append(line)
    if block is not None:
        sys.exit(f"the block that begins in line {block[0]} does not end")
    return found


def program(path):
    with open(path, encoding="utf-8") as file:
        found = blocks(file.read())
    if not found:
        sys.exit(f"{path} has no cpp blocks")
    includes, functions, calls = [], [], []
    for start, lines in found:
        includes += [line for line in lines if line.startswith("#include")]
        code = ["" if line.startswith("#include") else line for line in lines]
        functions += [f"void line_{start}([[maybe_unused]] milepost::Tracker& tracker) {{ {{",
                      f'#line {start} "{path}"', *code, "} }", ""]
        calls.append(f"  {{{start}, line_{start}}},")
    # Examples name what they yield and go no further, and one opens a tracker of its own.
    lenient = [f'#pragma GCC diagnostic ignored "-W{warning}"'
               for warning in ("shadow", "unused-variable", "unused-but-set-variable")]
    return "\n".join([*sorted(set(includes)), '#include "readme/prelude.hpp"', *lenient, "",
                      *functions,
                      "const std::vector<readme::Example> readme::kExamples = {", *calls, "};", ""])


def main():
    source, target = os.path.abspath(sys.argv[1]), sys.argv[2]
    with open(target, "w", encoding="utf-8") as file:
        file.write(program(source))


if __name__ == "__main__":
    main()
