#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""put_block.py FILE NAME: standard input becomes what FILE has between the marks of block NAME."""

import re
import sys
from pathlib import Path


def main() -> int:
    page, name = Path(sys.argv[1]), sys.argv[2]
    text = page.read_text()
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        print(f"{page} has no block {name}", file=sys.stderr)
        return 1
    block = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    content = f"{begin}\n{sys.stdin.read().strip()}\n\n{end}"
    page.write_text(block.sub(lambda _: content, text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
