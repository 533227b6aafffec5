# SPDX-License-Identifier: Apache-2.0
"""The checks of the C ABI: every function has one of two shapes, and every one is documented.

Shape one can fail: it takes a milepost_error and is one `return guard(err, [&] { ... });`, so that
no exception gets out. Shape two cannot: it takes none, and is one expression that calls only what
is noexcept. There is no third, and nothing of lib/capi catches exceptions but guard and the thread
of a Stepper.
"""

import re

import cpp_text

HEADER = "include/milepost/milepost.h"
CATCHERS = ("lib/capi/guard.hpp", "lib/capi/stepper.cpp")
DOCUMENTED = ("Threads:", "Errors:", "Since:", "Status:")

_DEFINITION = re.compile(r"^[\w:][\w:*& ]*?\b(milepost_\w+)\(([^()]*)\)([^;{}()]*)\{", re.M)
_DECLARATION = re.compile(r"^MILEPOST_C_API\b[^;]*?\b(milepost_\w+)\(", re.M)
_GUARDED = re.compile(r"return guard\(\s*err, \[&\](\(\) -> milepost::Result<void>)? \{")
_CATCHES = re.compile(r"\b(try|catch)\b")


def _closing(code, start, pair):
    """Where the bracket that opens at start closes."""
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == pair[0]) - (code[at] == pair[1])
        if depth == 0:
            return at
    return len(code)


def _is_guarded(body):
    """Whether a body is one guard statement and nothing else."""
    if not _GUARDED.match(body):
        return False
    return body[_closing(body, body.index("("), "()"):] == ");"


def _is_expression(body):
    """Whether a body is one statement without a block."""
    return body.count(";") == 1 and body.endswith(";") and "{" not in body


def definitions(code):
    """Every function of the ABI that a source defines: name, line, arguments, what stands between
    them and the body, body."""
    for match in _DEFINITION.finditer(code):
        start = match.end() - 1
        body = code[start + 1:_closing(code, start, "{}")].strip()
        line = code.count("\n", 0, match.start(1)) + 1
        yield match.group(1), line, match.group(2), match.group(3), body


def check_capi(tree, finding):
    """lib/capi has two shapes of functions, and the header declares each with its promises."""
    if not tree.has(HEADER):
        return
    header = tree.text(HEADER)
    declared = {m.group(1): header.count("\n", 0, m.start()) + 1
                for m in _DECLARATION.finditer(cpp_text.code_only(header))}
    lines = header.split("\n")
    for name, line in declared.items():
        first = line - 1
        while first > 0 and lines[first - 1].startswith("///"):
            first -= 1
        missing = [word for word in DOCUMENTED if word not in "\n".join(lines[first:line - 1])]
        if missing:
            yield finding("capi", HEADER, line, f"{name} does not say: {' '.join(missing)}")
    defined = set()
    for path in tree.cpp("lib/capi/"):
        code = cpp_text.without_preprocessor(cpp_text.code_only(tree.text(path)))
        catches = _CATCHES.search(code)
        if catches and path not in CATCHERS:
            yield finding("capi", path, code.count("\n", 0, catches.start()) + 1,
                          "only guard catches exceptions")
        for name, line, arguments, rest, body in definitions(code):
            defined.add(name)
            if name not in declared:
                yield finding("capi", path, line, f"{name} is not in {HEADER}")
            elif "noexcept" not in rest:
                yield finding("capi", path, line, f"{name} is not noexcept")
            elif "milepost_error*" in arguments and not _is_guarded(body):
                yield finding("capi", path, line,
                              f"{name} can fail and is not one `return guard(err, [&] {{ ... }});`")
            elif "milepost_error*" not in arguments and not _is_expression(body):
                yield finding("capi", path, line,
                              f"{name} cannot fail and is not one expression")
    for name in declared:
        if name not in defined:
            yield finding("capi", HEADER, declared[name], f"{name} has no body in lib/capi")
