# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the rooms of the project as a table.

A room is a folder; the longest prefix of a file's path decides. Each row says which quoted
includes ("core/record.hpp") and which angled ones (<lmdb.h>) the room may use. Quoted includes are
written from an include root, never relative to the file; only samples, which people copy out as
they are, and tests may name their neighbours.
"""

import posixpath
import re
from dataclasses import dataclass

STD_C = r"(assert|ctype|errno|float|inttypes|limits|math|signal|std\w+|string|time|wchar)\.h"
STD = r"[a-z_0-9]+"  # <vector>, <cstdint>: no slash, no dot
SYSTEM = r"(sys/|linux/|arpa/|netinet/|net/)?[a-z_0-9]+\.h"  # <unistd.h>, <sys/mman.h>
BOOST = r"boost/.*"
XXHASH = r"xxhash\.h"
LMDB = r"lmdb\.h"
PUBLIC = r"milepost/[a-z_0-9]+\.hpp"
HTTP = r"milepost/http/[a-z_0-9]+\.hpp"  # the public headers of bindings/http
SIBLING = r"[a-z_0-9]+\.h(pp)?"  # a file beside the including one, in samples and tests
ANY = r".*"

# Third-party headers that SYSTEM would match by their shape but that are no system headers.
THIRD_PARTY = re.compile(r"^(lmdb|xxhash|sqlite3|libpq-fe|zlib)\.h$")


@dataclass(frozen=True)
class Room:
    folder: str
    quoted: tuple
    angled: tuple
    why: str


ROOMS = (
    Room("include/milepost/milepost.h", (), (r"std(def|int)\.h",),
         "the C header needs <stddef.h> and <stdint.h> only"),
    Room("include/milepost/", (PUBLIC,), (STD, r"boost/(uuid/uuid|system/result)\.hpp"),
         "public headers see the standard library, boost/uuid/uuid.hpp, boost/system/result.hpp "
         "and each other"),
    Room("lib/core/", (r"core/.*", PUBLIC), (STD, BOOST, XXHASH,
                                                r"sys/random\.h", r"pthread\.h"),
         "core is pure: the public headers, Boost, xxHash; of the system only randomness and "
         "pthread_atfork, for fresh ids"),
    Room("lib/lmdb/", (r"lmdb/.*", r"milepost/(result|export|options)\.hpp"),
         (STD, SYSTEM, LMDB),
         "lmdb is a thin wrapper: <lmdb.h>, milepost/result.hpp, and options.hpp for its log"),
    Room("lib/journal/", (r"journal/.*", r"core/.*", PUBLIC), (STD, SYSTEM, BOOST, XXHASH),
         "journal sees core"),
    Room("lib/verify/", (r"verify/.*", r"milepost/(result|run|export|options)\.hpp"),
         (STD, SYSTEM),
         "verify reads data files by itself: no <lmdb.h>, no other room"),
    Room("lib/store/", (r"(store|core|journal|lmdb|verify)/.*", PUBLIC),
         (STD, SYSTEM, BOOST, XXHASH),
         "store sees core, journal, lmdb and verify, but not <lmdb.h>"),
    Room("lib/api/", (r"(api|store|core)/.*", PUBLIC), (STD, SYSTEM, BOOST),
         "api sees store and core"),
    Room("lib/capi/", (r"capi/.*", PUBLIC, r"milepost/milepost\.h"),
         (STD, STD_C, r"pthread\.h"),
         "capi sees the public headers only; of the system pthread_atfork and pthread_self, to "
         "notice forks and hooks that call back"),
    Room("bindings/cpp/", (SIBLING, PUBLIC), (STD, SYSTEM, BOOST, r"CLI/.*"),
         "what is built on the library sees its public headers only"),
    Room("bindings/http/", (SIBLING, HTTP, PUBLIC), (ANY,),
         "the HTTP binding sees the public headers only, the engine's and its own"),
    Room("bindings/python/", (SIBLING, r"milepost/milepost\.h"),
         (STD_C, r"Python\.h", r"pthread\.h"),
         "the Python binding sees the C header and Python's stable ABI only"),
    Room("bindings/node/", (SIBLING, r"milepost/milepost\.h"),
         (STD_C, r"node_api\.h", r"pthread\.h"),
         "the Node binding sees the C header and N-API only"),
    Room("bindings/cli/", (SIBLING, HTTP, PUBLIC),
         (STD, SYSTEM, BOOST, r"CLI/.*"),
         "the command line sees the public headers only, the engine's and those of the API keys"),
    Room("bindings/", (SIBLING, PUBLIC, r"milepost/milepost\.h"), (ANY,),
         "bindings see the public headers only"),
    Room("bench/micro/", (ANY,), (ANY,), "micro benchmarks may see lib/"),
    Room("bench/", (r"bench/.*", PUBLIC), (ANY,), "benchmarks see public headers only"),
    Room("tests/unit/", (ANY,), (ANY,), "unit tests may see lib/"),
    Room("tests/fuzz/", (ANY,), (ANY,), "fuzzers may see lib/ and the server's insides"),
    Room("tests/support/", (r"(support|api|store|core)/.*", SIBLING, PUBLIC), (ANY,),
         "of lib/ the tests' support sees what a Store held in memory needs: api, store and core"),
    Room("tests/", (ANY,), (ANY,),
         "only tests/unit and tests/fuzz may see lib/; INCLUDE_ROOTS sees to it"),
)

# Where quoted includes are looked up: the first row whose folder the including file is in counts
# ("" is the top folder, "." the including file's own). Tests that may not see lib/ do not look
# there, so that "api/x.hpp" is tests/api/x.hpp and never lib/api/x.hpp.
INCLUDE_ROOTS = (
    ("include/", ("include",)),
    ("lib/", ("lib", "include")),
    ("bindings/http/", (".", "bindings/http/include", "include")),
    ("bindings/cli/", (".", "bindings/http/include", "include")),
    ("bindings/", (".", "include")),
    ("bench/", ("", "lib", "include")),
    ("tests/unit/", (".", "tests", "lib", "include")),
    ("tests/fuzz/", ("tests", "lib", "bindings/http", "bindings/http/include", "include")),
    ("tests/support/", (".", "tests", "lib", "include")),
    ("tests/crash/", (".", "tests/crash", "tests", "include")),
    ("tests/http/", (".", "tests", "bindings/http", "bindings/http/include", "include")),
    ("tests/", (".", "tests", "include")),
)


def include_roots(path):
    """The folders in which a quoted include of this file is looked up."""
    for folder, roots in INCLUDE_ROOTS:
        if path.startswith(folder):
            return [posixpath.dirname(path) if root == "." else root for root in roots]
    return []


def room_of(path):
    """The room of a file, or None for files that are in none."""
    for room in ROOMS:
        if path == room.folder or (room.folder.endswith("/") and path.startswith(room.folder)):
            return room
    return None


def _matches(patterns, name):
    return any(re.fullmatch(pattern, name) for pattern in patterns)


def may_include(room, name, angled):
    """Whether files of the room may include <name> (angled) or "name"."""
    if not angled:
        return _matches(room.quoted, name)
    if THIRD_PARTY.match(name):  # must be named by the room, not matched by its shape
        named = [p for p in room.angled if p in (XXHASH, LMDB, ANY)]
        return _matches(named, name)
    return _matches(room.angled, name)
