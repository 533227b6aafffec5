#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the built libraries show and need:
symbols.py [--shared FILE] [--static FILE] [--c FILE --c-symbols FILE].

The shared library exports public C++ names only, the C library exactly the names that the list has,
the static one brings no copy of Boost.JSON that a host's own could clash with, and none calls what
ends the host's process or prints. std::terminate is let through: the standard headers call it
(std::thread's destructor for one); tidy.py sees to it that our sources do not.
"""

import argparse
import re
import subprocess
import sys

EXPORTED = re.compile(r"^(_ZNK?8milepost|_ZT[ISV]N8milepost)")
INTERNAL = re.compile(r"\bmilepost::(core|journal|lmdb|store|api|capi|detail)::")
# Forms that glibc's checking headers make, e.g. __printf_chk, are meant too.
FORBIDDEN = re.compile(
    r"^(abort|exit|_exit|_Exit|quick_exit|__assert_fail|perror|psignal"
    r"|_{0,2}(v?f?printf)(_chk)?|puts|fputs|putc|fputc|putchar|putwchar|fwrite"
    r"|stdout|stderr|stdin|_ZSt4cout|_ZSt4cerr|_ZSt4clog|_ZNSt8ios_base4InitC[12]Ev)$")
BOOST_JSON = re.compile(r"^_ZT?[A-Z]*NK?5boost4json")
EXPECTED_EXPORT = "milepost::Tracker::open("


def nm(*arguments):
    done = subprocess.run(["nm", *arguments], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.splitlines()


def names_of(lines):
    """The symbol names in nm's output, versions (foo@GLIBC_2.2.5) cut off."""
    return [line.split()[-1].split("@")[0] for line in lines
            if line.strip() and not line.endswith(":")]


def demangle(names):
    done = subprocess.run(["c++filt"], check=True, text=True, input="\n".join(names),
                          stdout=subprocess.PIPE)
    return done.stdout.splitlines()


def check_shared(path):
    exported = names_of(nm("--dynamic", "--defined-only", path))
    for name, readable in zip(exported, demangle(exported)):
        if not EXPORTED.match(name):
            yield f"{path} exports {readable}, which is not ours"
        elif INTERNAL.search(readable.split("(")[0]):
            yield f"{path} exports the internal {readable}"
    if not any(EXPECTED_EXPORT in readable for readable in demangle(exported)):
        yield f"{path} does not export {EXPECTED_EXPORT}...)"
    yield from check_needs(path, names_of(nm("--dynamic", "--undefined-only", path)))


def check_c(path, listed):
    """The C library, and the names it is to show, one a line."""
    exported = set(names_of(nm("--dynamic", "--defined-only", path)))
    with open(listed, encoding="ascii") as file:
        expected = set(file.read().split())
    for name in sorted(exported - expected):
        yield f"{path} exports {name}, which is not in {listed}"
    for name in sorted(expected - exported):
        yield f"{path} does not export {name}, which is in {listed}"
    yield from check_needs(path, names_of(nm("--dynamic", "--undefined-only", path)))


def check_static(path):
    for name in sorted(set(names_of(nm("--defined-only", "--extern-only", path)))):
        if BOOST_JSON.match(name):
            yield (f"{path} defines {name}: a host may have its own; "
                   "see lib/core/boost_json.hpp")
            break
    yield from check_needs(path, names_of(nm("--undefined-only", path)))


def check_needs(path, names):
    for name in sorted(set(names)):
        if FORBIDDEN.match(name):
            yield f"{path} needs {name}: the library neither prints nor ends the process"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", action="append", default=[])
    parser.add_argument("--static", action="append", default=[])
    parser.add_argument("--c")
    parser.add_argument("--c-symbols")
    arguments = parser.parse_args()
    if not arguments.shared + arguments.static + [arguments.c or ""]:
        parser.error("name a library to check")
    findings = [f for path in arguments.shared for f in check_shared(path)]
    findings += [f for path in arguments.static for f in check_static(path)]
    if arguments.c:
        findings += check_c(arguments.c, arguments.c_symbols)
    for finding in findings:
        print(finding)
    print(f"symbols: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
