# SPDX-License-Identifier: Apache-2.0
"""C++ seen as text: blanking what is not code, and finding function bodies.

A heuristic, not a compiler: it knows comments, literals, preprocessor lines and braces, which is
enough for code that clang-format has laid out.
"""

import re
from dataclasses import dataclass

_RAW_STRING = re.compile(r'R"([^()\\\s]{0,16})\(')
_TOKEN = re.compile(r'//|/\*|"|\'|R"')
_DIGITS_BEFORE = re.compile(r"(?<![\w'])(\d|0[xXbB])[0-9a-fA-F']*$")
_KEYWORD_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b|\bextern\s*$")
_CONTROL = re.compile(r"^\s*(if|for|while|switch|do|else|try|catch|return)\b")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _literal_end(text, start, quote):
    i = start + 1
    while i < len(text) and text[i] != quote and text[i] != "\n":
        i += 2 if text[i] == "\\" else 1
    return min(i + 1, len(text))


def _piece_end(text, i):
    """Where the comment or literal that starts at i ends."""
    if text.startswith("//", i):
        end = text.find("\n", i)
        return len(text) if end < 0 else end
    if text.startswith("/*", i):
        end = text.find("*/", i + 2)
        return len(text) if end < 0 else end + 2
    raw = _RAW_STRING.match(text, i)
    if raw:
        close = ")" + raw.group(1) + '"'
        end = text.find(close, raw.end())
        return len(text) if end < 0 else end + len(close)
    return _literal_end(text, i, text[i])


def code_only(text):
    """The text with comments and the insides of literals blanked; every line stays in place."""
    out = []
    i = 0
    while True:
        token = _TOKEN.search(text, i)
        if not token:
            out.append(text[i:])
            return "".join(out)
        start = token.start()
        before = text[start - 1] if start else " "
        if token.group() == "'" and _DIGITS_BEFORE.search(text[max(0, start - 24):start]):
            out.append(text[i:start + 1])  # a digit separator: 10'000
            i = start + 1
            continue
        if token.group() == 'R"' and (before.isalnum() or before == "_" or
                                      not _RAW_STRING.match(text, start)):
            out.append(text[i:start + 1])
            i = start + 1
            continue
        end = _piece_end(text, start)
        quote = '"' if token.group() in ('"', 'R"') else ""
        piece = _blank(text[start:end])
        out.append(text[i:start])
        out.append(quote + piece[1:-1] + quote if quote and len(piece) > 1 else piece)
        i = end


def without_preprocessor(code):
    """Blanks preprocessor lines, so that unbalanced braces in macros do no harm."""
    lines = code.split("\n")
    continued = False
    for n, line in enumerate(lines):
        if continued or line.lstrip().startswith("#"):
            continued = line.rstrip().endswith("\\")
            lines[n] = " " * len(line)
        else:
            continued = False
    return "\n".join(lines)


@dataclass(frozen=True)
class Function:
    line: int  # of its first line, counted from 1
    lines: int
    head: str


def _is_scope(head):
    """Whether the `{` after this text opens a namespace, a type or extern "C"."""
    bare = re.sub(r"\[\[.*?\]\]|\b(alignas|requires|decltype|noexcept|__attribute__)\s*\([^()]*\)",
                  " ", head)
    bare = re.sub(r"^\s*template\s*<.*?>\s*(?=(class|struct|union|enum)\b)", " ", bare, flags=re.S)
    return bool(_KEYWORD_SCOPE.search(bare)) and "(" not in bare


def functions(text):
    """Every function body at namespace or class level; lambdas count to what they stand in."""
    code = without_preprocessor(code_only(text))
    found = []
    stack = []  # "scope", "function", "other"
    head_start = 0
    opened = []  # (head, line of the head) of functions
    line_of = lambda at: code.count("\n", 0, at) + 1  # noqa: E731
    for match in re.finditer(r"[{};]|\b(?:public|private|protected)\s*:", code):
        at, what = match.start(), match.group()
        inside = bool(stack) and stack[-1] != "scope"
        if what == "{":
            head = code[head_start:at]
            if inside:
                stack.append("other")
            elif _is_scope(head) or 'extern "' in head:
                stack.append("scope")
            elif "(" in head and not _CONTROL.match(head) and not head.rstrip().endswith("="):
                first = head_start + len(head) - len(head.lstrip())
                opened.append((" ".join(text[first:at].split()), line_of(first)))
                stack.append("function")
            else:
                stack.append("other")
        elif what == "}" and stack:
            if stack.pop() == "function":
                head, line = opened.pop()
                found.append(Function(line, line_of(at) - line + 1, head))
        if not stack or stack[-1] == "scope":
            head_start = match.end()
    return found
