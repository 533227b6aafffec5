#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/ of this crate, lib.rs apart, from the C header: generate.py [RUSTFMT].

Run it when the header has changed. What it makes is committed, so that building needs no Python;
the tests compare its numbers and sizes with what a C compiler makes of the header.
"""

import os
import re
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(HERE, "..", "..", "..", "include", "milepost", "milepost.h")

TYPES = {"uint8_t": "u8", "int32_t": "i32", "uint32_t": "u32", "int64_t": "i64",
         "uint64_t": "u64", "size_t": "usize", "char": "c_char", "void": "c_void",
         "milepost_log_function": "Option<milepost_log_function>"}
SECTIONS = {"Commands": "commands", "Reads": "reads", "Upkeep": "upkeep",
            "Snapshots": "snapshots", "Subscriptions": "snapshots", "Results": "results"}
FILES = {
    "constants": "Numbers of the C header: limits and enumerations.",
    "values": "What calls yield, laid out as C does.",
    "options": "What calls take, laid out as C does.",
    "stats": "What an operator wants to know, laid out as C does.",
    "handles": "Handles: numbers, never addresses, so that a stale one is an error code.",
    "basics": "The library, texts, defaults, opening and closing.",
    "commands": "Commands.",
    "reads": "Reads of a tracker.",
    "upkeep": "Upkeep.",
    "transfer": "Operations that go in steps.",
    "snapshots": "Snapshots and subscriptions.",
    "results": "Results.",
}
LOG_FUNCTION = """
/// See [`milepost_open_options`]: `user`, the level, the text and its size.
pub type milepost_log_function =
    unsafe extern "C" fn(user: *mut c_void, level: i32, text: *const c_char, size: usize);
"""


def doc(text, indent=""):
    """A documentation comment. Brackets are no links here."""
    text = " ".join(re.sub(r"^\s*///<? ?", "", text, flags=re.M).split())
    text = text.replace("[", r"\[").replace("]", r"\]")
    return "".join(f"{indent}/// {line}\n" for line in textwrap.wrap(text, 90)) or f"{indent}///\n"


def words(name):
    """What is said of a member that the header says nothing of."""
    known = {"struct_size": "The size of the struct, set by who makes it.", "reserved": "Zero."}
    return known.get(name, name.replace("r#", "").replace("_", " ").capitalize() + ".")


def rust_type(c_type):
    const, stars = "const " in c_type, c_type.count("*")
    base = c_type.replace("const ", "").replace("*", "").strip()
    pointers = ["*const " if const and i == 0 else "*mut " for i in range(stars)]
    return "".join(reversed(pointers)) + TYPES.get(base, base)


def constants(header):
    limits = re.compile(r"((?:^///[^\n]*\n)*)^#define (MILEPOST_\w+) "
                        r"(?:(\d+)|U?INT64_C\((\S+)\))(?:\s*///<\s*([^\n]*))?$", re.M)
    for above, name, number, wide, beside in limits.findall(header):
        if name.startswith("MILEPOST_VERSION"):
            continue
        kind, value = "usize", f"{int(number or 0):_}"
        if name == "MILEPOST_ABI_VERSION":
            kind = "i32"
        elif wide:
            kind, value = ("i64", wide) if wide.startswith("-") else ("u64", "u64::MAX")
        yield doc(above or beside or words(name)) + f"pub const {name}: {kind} = {value};\n"
    for name, body in re.findall(r"^enum (milepost_\w+) \{(.*?)\};", header, re.M | re.S):
        yield f"\n// enum {name}\n"
        items = re.findall(r"(MILEPOST_(\w+)) = (-?\d+),?[ \t]*((?:\s*///<[^\n]*)*)", body)
        for item, short, value, said in items:
            short = short[2:] if short.startswith("E_") else short
            yield doc(said or words(short.lower())) + f"pub const {item}: i32 = {value};\n"


def members(body):
    """(name, Rust type, what is said) of each member of a struct."""
    pattern = re.compile(r"((?:^ *///(?!<)[^\n]*\n)*)^ *([\w ]+?\*?)\s+(\*?[\w\[\] ,+]+);"
                         r"((?:\s*///<[^\n]*)*)", re.M)
    for above, c_type, names, beside in pattern.findall(body):
        for name in names.split(","):
            array = re.match(r"(\w+)\[(.+)\]", name.strip())
            bare = array.group(1) if array else name.strip()
            bare = f"r#{bare}" if bare in ("where", "type", "match") else bare  # Rust's own words
            kind = f"[{rust_type(c_type)}; {array.group(2)}]" if array else rust_type(c_type)
            yield bare, kind, above or beside or words(bare)


def structs(header):
    """(file, text) of each struct."""
    pattern = re.compile(r"((?:^///[^\n]*\n)*)^typedef struct (milepost_\w+) \{\n(.*?)^\} \2;",
                         re.M | re.S)
    for above, name, body in pattern.findall(header):
        derive, file = "Clone, Copy", "values"
        if re.fullmatch(r"\s*uint64_t value;\s*", body):
            derive, file = "Clone, Copy, Debug, PartialEq, Eq, Hash", "handles"
        elif "stats" in name:
            file = "stats"
        elif re.search("options|filter|command$", name):
            file = "options"
        inside = "".join(doc(said, "    ") + f"    pub {member}: {kind},\n"
                         for member, kind, said in members(body))
        yield file, (doc(above) + f"#[repr(C)]\n#[derive({derive})]\npub struct {name} {{\n"
                     + inside + "}\n\n")


def functions(header):
    """(file, text) of each function."""
    pattern = re.compile(r"^/// @name ([^\n]+)|((?:^///[^\n]*\n)+)^MILEPOST_C_API (.*?);",
                         re.M | re.S)
    file = "basics"
    for section, above, declaration in pattern.findall(header):
        if section:
            file = SECTIONS.get(section, "basics")
            file = "transfer" if section.startswith("Operations") else file
            continue
        declaration = " ".join(declaration.replace("MILEPOST_NOEXCEPT", "").split())
        yields, name, taken = re.fullmatch(r"(.*?)(milepost_\w+)\((.*)\)", declaration).groups()
        arguments = []
        for argument in taken.split(",") if taken != "void" else ():
            kind, argument_name = re.fullmatch(r"\s*(.*?)(\w+)", argument).groups()
            arguments.append(f"{argument_name}: {rust_type(kind)}")
        arrow = "" if yields.strip() == "void" else f" -> {rust_type(yields)}"
        above = "\n".join(l for l in above.split("\n") if not l.startswith("/// @"))
        yield file, doc(above, "    ") + f"    pub fn {name}({', '.join(arguments)}){arrow};\n"


def main():
    with open(HEADER, encoding="ascii") as file:
        header = file.read()
    texts = {name: "" for name in FILES}
    texts["constants"] = "".join(constants(header))
    for file, text in structs(header):
        texts[file] += text
    externs = {name: "" for name in FILES}
    for file, text in functions(header):
        externs[file] += text
    texts["options"] = LOG_FUNCTION + texts["options"]
    texts["values"] = ("\n/// `MILEPOST_OK` or one of the negative codes.\n"
                       "pub type milepost_status = i32;\n\n" + texts["values"])
    for name, job in FILES.items():
        body = texts[name] or 'extern "C" {\n' + externs[name] + "}\n"
        head = f"// SPDX-License-Identifier: Apache-2.0\n//! {job}\n\n"
        if name not in ("constants", "handles"):
            used = [t for t in ("c_char", "c_void") if re.search(rf"\b{t}\b", body)]
            head += "use super::*;\n" if "milepost_" in body else ""
            head += f"use std::os::raw::{{{', '.join(used)}}};\n" if used else ""
        path = os.path.join(HERE, "src", name + ".rs")
        with open(path, "w", encoding="ascii") as file:
            file.write(head + body)
        subprocess.run([sys.argv[1] if len(sys.argv) > 1 else "rustfmt", "--edition", "2021", path],
                       check=True)


if __name__ == "__main__":
    main()
