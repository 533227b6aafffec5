# SPDX-License-Identifier: Apache-2.0
"""The checks. Each takes a Tree and yields Findings; what it looks at and why is its docstring."""

import os
import re
from dataclasses import dataclass

import capi_checks
import cpp_text
import rules

COLUMNS_MAX = 100
SOURCE_LINES_MAX = 500
HEADER_LINES_MAX = 300
FUNCTION_LINES_MAX = 70

CPP = (".cpp", ".hpp", ".c", ".h")
HEADERS = (".hpp", ".h")
SCRIPTS = (".py", ".sh", ".cmake", ".map")
OTHERS = (".go", ".java", ".js", ".rs", ".ts")  # languages whose comments begin with //
SCRIPT_NAMES = ("dev", ".ci/run", ".ci/fresh-debian")
SKIPPED_FOLDERS = re.compile(r"^(\.(?!ci$).*|build.*|__pycache__|node_modules)$")


@dataclass(frozen=True)
class Finding:
    check: str
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text} [{self.check}]"


class Tree:
    """The files below a folder, by their path in it."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(self._walk())

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if not SKIPPED_FOLDERS.match(f)]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def read(self, path):
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read()

    def text(self, path):
        return self.read(path).decode("utf-8", errors="replace")

    def cpp(self, *folders):
        return [p for p in self.paths
                if p.endswith(CPP) and (not folders or p.startswith(folders))]

    def sources(self):
        """Everything people write by hand, prose and data apart."""
        return [p for p in self.paths
                if p.endswith(CPP + SCRIPTS + OTHERS) or p in SCRIPT_NAMES
                or os.path.basename(p) == "CMakeLists.txt"]

    def has(self, path):
        return path in self.paths


def check_includes(tree):
    """Includes follow the direction of the rooms (rules.py), and "..." ones name a file we have."""
    include = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
    for path in tree.cpp():
        room = rules.room_of(path)
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            match = include.match(line)
            if not match:
                continue
            name, angled = match.group(1) or match.group(2), match.group(1) is not None
            shown = f"<{name}>" if angled else f'"{name}"'
            if room is None:
                yield Finding("includes", path, number, "this file is in no room of rules.py")
                break
            if not rules.may_include(room, name, angled):
                yield Finding("includes", path, number,
                              f"{room.folder} may not include {shown}: {room.why}")
            elif not angled:
                folders = rules.include_roots(path)
                if not any(tree.has(os.path.join(folder, name)) for folder in folders):
                    yield Finding("includes", path, number,
                                  f"{shown} is in no folder that this file may include from "
                                  f"({', '.join(f or '.' for f in folders)}); "
                                  "use <...> for what is not ours")


def check_ascii(tree):
    """Sources are ASCII: text beyond it is written with escapes, so that every editor agrees."""
    for path in tree.sources():
        for number, line in enumerate(tree.read(path).split(b"\n"), 1):
            bad = re.search(rb"[^\t\x20-\x7e]", line)
            if bad:
                yield Finding("ascii", path, number,
                              f"byte 0x{bad.group()[0]:02x} in column {bad.start() + 1}; "
                              "sources are printable ASCII")


_OUTPUT = re.compile(
    r"\bstd::(cout|cerr|clog|wcout|wcerr|terminate|abort|exit|_Exit|quick_exit)\b"
    r"|(?<![\w.>:])(v?f?printf|puts|fputs|putchar|fputc|perror|_exit|_Exit|quick_exit|assert"
    r"|BOOST_ASSERT|BOOST_ASSERT_MSG|BOOST_VERIFY)\s*\("
    r"|(?<![\w.>:])exit\s*\(\s*(\d|-|EXIT_)"
    r"|(?<![\w>])::(v?f?printf|puts|fputs|perror|abort|exit|_exit|_Exit|quick_exit)\s*\("
    r"|\bstd::(v?f?printf|puts|fputs|putchar|perror)\s*\("
    r"|(?<![\w.>])(stdout|stderr)\b"
    r"|#\s*include\s*<(iostream|cassert|assert\.h)>")


def check_output(tree):
    """The library lives in somebody else's process: it prints nothing and ends nothing.

    abort() and exit() without std:: may be methods of ours (a transaction aborts, a run exits):
    symbols.py finds the real ones in the built library.
    """
    for path in tree.cpp("lib/", "include/"):
        code = cpp_text.code_only(tree.text(path))
        for number, line in enumerate(code.split("\n"), 1):
            match = _OUTPUT.search(line)
            if match:
                yield Finding("output", path, number,
                              f"'{match.group().strip()}': the library neither prints nor ends the "
                              "process; return an Error or use the log hook")


def check_columns(tree):
    """No line is longer than the screen."""
    for path in tree.sources():
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                yield Finding("columns", path, number,
                              f"{len(line)} columns, at most {COLUMNS_MAX} are allowed")


def check_files(tree):
    """One idea a file."""
    for path in tree.sources():
        limit = HEADER_LINES_MAX if path.endswith(HEADERS) else SOURCE_LINES_MAX
        lines = tree.read(path).count(b"\n")
        if lines > limit:
            yield Finding("files", path, limit + 1,
                          f"{lines} lines, at most {limit} are allowed; one idea a file")


def check_functions(tree):
    """A function fits a screen or two."""
    for path in tree.cpp():
        for function in cpp_text.functions(tree.text(path)):
            if function.lines > FUNCTION_LINES_MAX:
                yield Finding("functions", path, function.line,
                              f"{function.lines} lines, at most {FUNCTION_LINES_MAX} are allowed: "
                              f"{function.head[:60]}")


def check_head(tree):
    """Every source names its licence first; C++ goes on with a paragraph on the file's job."""
    for path in tree.sources():
        lines = tree.text(path).split("\n")
        first = 1 if lines[0].startswith("#!") else 0
        mark = "//" if path.endswith(CPP + OTHERS) else "#"
        if path.endswith(".map"):
            continue
        if path.endswith(".h"):
            marks = ("// ", "/* ")
        else:
            marks = (mark + " ",)
        if not any(lines[first].startswith(m + "SPDX-License-Identifier: Apache-2.0")
                   for m in marks):
            yield Finding("head", path, first + 1,
                          f"must be '{mark} SPDX-License-Identifier: Apache-2.0'")
        elif path.endswith((".cpp", ".hpp")) and not (
                lines[1:2] == ["//"] and re.match(r"// \S", "".join(lines[2:3]))):
            yield Finding("head", path, 2,
                          "after the SPDX line come '//' and one paragraph on the file's job")
        elif path.endswith(".hpp") and "#pragma once" not in lines:
            yield Finding("head", path, 1, "a header needs '#pragma once'")


def check_version(tree):
    """The version stands in CMakeLists.txt and in two headers; all must say the same."""
    cmake = "CMakeLists.txt"
    project = re.search(r"project\(milepost VERSION (\d+)\.(\d+)\.(\d+)", tree.text(cmake))
    if not project:
        yield Finding("version", cmake, 1, "no project(milepost VERSION x.y.z")
        return
    expected = dict(zip(("MAJOR", "MINOR", "PATCH"), project.groups()))
    expected["STRING"] = '"' + ".".join(project.groups()) + '"'
    for header in ("include/milepost/version.hpp", capi_checks.HEADER):
        text = tree.text(header) if tree.has(header) else None
        for name, value in expected.items() if text is not None else ():
            if not re.search(rf"#define MILEPOST_VERSION_{name} {re.escape(value)}$", text, re.M):
                yield Finding("version", header, 1,
                              f"MILEPOST_VERSION_{name} must be {value}, as {cmake} has it")


def check_capi(tree):
    """See capi_checks.py."""
    yield from capi_checks.check_capi(tree, Finding)


_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
          "ms": 1, "s": 1000}


def _cpp_value(text):
    """A literal, or literals shifted left, as a number; other initialisers as their text."""
    bare = re.sub(r"(?<=\d)[uUlL]+\b|'", "", text.strip())
    if re.fullmatch(r"\d+(\s*<<\s*\d+)?", bare):
        number, _, shift = bare.partition("<<")
        return int(number) << int(shift or 0)
    return bare.rpartition("::")[2]


def _readme_value(text):
    match = re.fullmatch(r"([\d,]+) ?(KiB|MiB|GiB|TiB|ms|s|)", text)
    return int(match.group(1).replace(",", "")) * _UNITS[match.group(2)] if match else text


def check_readme(tree):
    """README's tables name every public constant and every field of OpenOptions, with its value."""
    if not tree.has("README.md"):
        yield Finding("readme", "README.md", 1, "missing")
        return
    rows = {}
    for number, line in enumerate(tree.text("README.md").split("\n"), 1):
        match = re.match(r"\| `(\w+)` \| ([^|]+?) \|", line)
        if match:
            rows[match.group(1)] = (number, match.group(2))
    known = []
    for path in tree.cpp("include/milepost/"):
        code = cpp_text.code_only(tree.text(path))
        known += re.findall(r"\binline constexpr [\w:]+ (k\w+) = ([^;]+);", code)
        options = re.search(r"\bstruct OpenOptions \{(.*?)\n\};", code, re.S)
        for name, value, braced in re.findall(
                r"^  [^\n;]*?(\w+)(?: = ([^;]+)|\{([^}]*)\});", options.group(1), re.M
                ) if options else ():
            known.append((name, value or braced))
    for name, initialiser in known:
        line, shown = rows.get(name, (1, None))
        value = _cpp_value(initialiser)
        if shown is None:
            yield Finding("readme", "README.md", 1, f"no table row for `{name}`")
        elif value != "" and _readme_value(shown) != value:
            yield Finding("readme", "README.md", line,
                          f"`{name}` is {initialiser.strip()} in the headers, here {shown}")


CHECKS = {
    "includes": check_includes,
    "ascii": check_ascii,
    "output": check_output,
    "columns": check_columns,
    "files": check_files,
    "functions": check_functions,
    "head": check_head,
    "version": check_version,
    "capi": check_capi,
    "readme": check_readme,
}
