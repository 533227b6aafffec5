#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that every check can fail: a clean little project passes, and each planted fault in it
is found, in its file and on its line."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import checks  # noqa: E402
import cpp_text  # noqa: E402
import tidy  # noqa: E402

HEAD = "// SPDX-License-Identifier: Apache-2.0\n//\n// What this file is for.\n"

CLEAN = {
    "CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n"
                      "project(milepost VERSION 0.1.0 LANGUAGES CXX)\n",
    "dev": "#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\n",
    "include/milepost/version.hpp": HEAD + "#pragma once\n"
                                           "#define MILEPOST_VERSION_MAJOR 0\n"
                                           "#define MILEPOST_VERSION_MINOR 1\n"
                                           "#define MILEPOST_VERSION_PATCH 0\n"
                                           '#define MILEPOST_VERSION_STRING "0.1.0"\n',
    "include/milepost/result.hpp": HEAD + "#pragma once\n#include <boost/system/result.hpp>\n"
                                          "#include <string>\n",
    "include/milepost/run.hpp": HEAD + "#pragma once\n#include <boost/uuid/uuid.hpp>\n\n"
                                       '#include "milepost/result.hpp"\n',
    "README.md": "| `kBatchMax` | 10,000 | a |\n| `directory` | required | b |\n"
                 "| `wait_max` | 30 s | c |\n| `size` | 64 MiB | d |\n| `create` | true | e |\n"
                 "| `durability` | durable | f |\n",
    "include/milepost/options.hpp": HEAD + "#pragma once\n"
                                           "inline constexpr std::size_t kBatchMax = 10'000;\n"
                                           "struct OpenOptions {\n  std::string directory{};\n"
                                           "  std::chrono::milliseconds wait_max{30'000};\n"
                                           "  std::size_t size = 64u << 20;\n"
                                           "  bool create = true;\n"
                                           "  Durability durability = Durability::durable;\n};\n",
    "include/milepost/tracker.hpp": HEAD + "#pragma once\nstruct T { int exit(const int& id); };\n",
    "lib/core/record.hpp": HEAD + '#pragma once\n#include "milepost/run.hpp"\n',
    "lib/core/record.cpp": HEAD + '#include "core/record.hpp"\n\n#include <xxhash.h>\n',
    "lib/journal/journal.cpp": HEAD + '#include <sys/stat.h>\n\n#include "core/record.hpp"\n',
    "lib/journal/journal.hpp": HEAD + "#pragma once\n",
    "lib/lmdb/env.hpp": HEAD + '#pragma once\n#include "milepost/result.hpp"\n',
    "lib/lmdb/env.cpp": HEAD + "#include <lmdb.h>\n#include <unistd.h>\n\n"
                               '#include "lmdb/env.hpp"\n',
    "lib/verify/page.hpp": HEAD + "#pragma once\n",
    "lib/verify/page.cpp": HEAD + '#include "verify/page.hpp"\n\n#include <unistd.h>\n\n'
                                  '#include "milepost/result.hpp"\n',
    "lib/store/store.hpp": HEAD + "#pragma once\n",
    "lib/store/store.cpp": HEAD + '#include "core/record.hpp"\n#include "journal/journal.hpp"\n'
                                  '#include "lmdb/env.hpp"\n',
    "include/milepost/milepost.h": "/* SPDX-License-Identifier: Apache-2.0 */\n"
                                   "#define MILEPOST_VERSION_MAJOR 0\n"
                                   "#define MILEPOST_VERSION_MINOR 1\n"
                                   "#define MILEPOST_VERSION_PATCH 0\n"
                                   '#define MILEPOST_VERSION_STRING "0.1.0"\n'
                                   "/// Threads: any. Errors: none. Since: 0.1. Status: stable.\n"
                                   "MILEPOST_C_API void milepost_x_free(milepost_x x) N;\n\n"
                                   "/// Opens. Threads: any. Errors: IO.\n"
                                   "/// Since: 0.1. Status: stable.\n"
                                   "MILEPOST_C_API milepost_status milepost_x_open(milepost_x* x,\n"
                                   "    milepost_error* err) N;\n",
    "lib/capi/x_c.cpp": HEAD + '#include "milepost/milepost.h"\n\n'
                               "void milepost_x_free(milepost_x x) noexcept { release(x); }\n\n"
                               "milepost_status milepost_x_open(milepost_x* x,\n"
                               "                                milepost_error* err) noexcept {\n"
                               "  return guard(err, [&] {\n    return use(x, [] { g(); });\n"
                               "  });\n}\n",
    "lib/api/tracker_impl.hpp": HEAD + "#pragma once\n",
    "lib/api/tracker.cpp": HEAD + '#include "store/store.hpp"\n\n'
                                  "int T::exit(const int& id) { return exit(id, {}); }\n"
                                  "// printf(1); std::cout\n"
                                  'auto text = "abort(); stderr";\n'
                                  "auto size = snprintf(out, 10'000, format);\n"
                                  "static_assert(true);\n",
    "bindings/cpp/samples/text.hpp": HEAD + "#pragma once\n",
    "bindings/cpp/samples/host.cpp": HEAD + '#include <iostream>\n\n#include "text.hpp"\n'
                                            '#include "milepost/run.hpp"\n',
    "lib/lmdb/txn.hpp": HEAD + "#pragma once\nvoid abort() noexcept;\n"
                               "inline void f() { abort(); txn.abort(); }\n",
    "tests/support/catch.hpp": HEAD + "#pragma once\n#include <catch2/catch.hpp>\n",
    "tests/unit/core/record_test.cpp": HEAD + '#include "core/record.hpp"\n'
                                              '#include "support/catch.hpp"\n',
    "tests/api/tracker_test.cpp": HEAD + '#include "milepost/run.hpp"\n'
                                         '#include "support/catch.hpp"\n',
    "bench/micro/codec.cpp": HEAD + '#include "core/record.hpp"\n',
    "bench/steps.cpp": HEAD + '#include "milepost/run.hpp"\n',
}

# check, file, text to add at its end, (line of the finding counted from the added text's first)
PLANTED = [
    ("head", "bindings/node/new.js", "'use strict';\n", 1),
    ("includes", "include/milepost/run.hpp", "#include <lmdb.h>\n", 1),
    ("includes", "include/milepost/run.hpp", "#include <boost/json.hpp>\n", 1),
    ("includes", "include/milepost/run.hpp", "\n# include <unistd.h>\n", 2),
    ("includes", "include/milepost/run.hpp", '#include "core/record.hpp"\n', 1),
    ("includes", "lib/core/record.cpp", '#include "store/store.hpp"\n', 1),
    ("includes", "lib/core/record.cpp", '#include "journal/journal.hpp"\n', 1),
    ("includes", "lib/core/record.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "lib/core/record.cpp", "#include <sys/stat.h>\n", 1),
    ("includes", "lib/lmdb/env.cpp", '#include "core/record.hpp"\n', 1),
    ("includes", "lib/lmdb/env.cpp", '#include "milepost/run.hpp"\n', 1),
    ("includes", "lib/lmdb/env.cpp", "#include <xxhash.h>\n", 1),
    ("includes", "lib/core/record.cpp", '#include "record.hpp"\n', 1),
    ("includes", "lib/journal/journal.cpp", '#include "lmdb/env.hpp"\n', 1),
    ("includes", "lib/journal/journal.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "lib/verify/page.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "lib/verify/page.cpp", '#include "lmdb/env.hpp"\n', 1),
    ("includes", "lib/verify/page.cpp", '#include "milepost/tracker.hpp"\n', 1),
    ("includes", "lib/store/store.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "lib/store/store.cpp", '#include "api/tracker.hpp"\n', 1),
    ("includes", "lib/api/tracker.cpp", '#include "lmdb/env.hpp"\n', 1),
    ("includes", "lib/api/tracker.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "lib/store/store.cpp", '#include "store.hpp"\n', 1),
    ("includes", "lib/store/store.cpp", '#include "store/gone.hpp"\n', 1),
    ("includes", "lib/store/store.cpp", '#include "store/../api/tracker.cpp.hpp"\n', 1),
    ("includes", "bindings/cpp/samples/host.cpp", '#include "core/record.hpp"\n', 1),
    ("includes", "bindings/cpp/samples/host.cpp", '#include "gone.hpp"\n', 1),
    ("includes", "bindings/cpp/samples/host.cpp", "#include <lmdb.h>\n", 1),
    ("includes", "tests/api/tracker_test.cpp", '#include "store/store.hpp"\n', 1),
    ("includes", "tests/crash/kill.cpp", '#include "store/store.hpp"\n', 1),
    ("includes", "tests/api/tracker_test.cpp", '#include "api/tracker_impl.hpp"\n', 1),
    ("includes", "tests/support/catch.hpp", '#include "lmdb/env.hpp"\n', 1),
    ("includes", "tests/unit/core/record_test.cpp", '#include "gone.hpp"\n', 1),
    ("includes", "bench/steps.cpp", '#include "core/record.hpp"\n', 1),
    ("includes", "lib/attic/old.cpp", "#include <vector>\n", 1),
    ("ascii", "lib/core/record.cpp", "\n// caf\u00e9\n", 2),
    ("ascii", "dev", "echo \u2026\n", 1),
    ("ascii", "lib/core/record.cpp", "int a;\r\n", 1),
    ("output", "lib/core/record.cpp", '\nvoid f() { printf("x"); }\n', 2),
    ("output", "lib/core/record.cpp", 'void f() { std::cerr << "x"; }\n', 1),
    ("output", "lib/core/record.cpp", "void f() { std::abort(); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { ::abort(); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { ::exit(status); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { exit(1); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { _exit(1); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { std::terminate(); }\n", 1),
    ("output", "lib/core/record.cpp", "void f() { assert(1); }\n", 1),
    ("output", "lib/core/record.cpp", 'void f() { std::fputs("x", stdout); }\n', 1),
    ("output", "lib/core/record.cpp", "#include <iostream>\n", 1),
    ("output", "include/milepost/run.hpp", 'inline void f() { puts("x"); }\n', 1),
    ("output", "lib/core/record.cpp", "int n = 1'000; void f() { _exit(1); } int m = '\\'';\n", 1),
    ("columns", "lib/core/record.cpp", "// " + "x" * 98 + "\n", 1),
    ("columns", "CMakeLists.txt", "# " + "x" * 99 + "\n", 1),
    ("files", "lib/core/record.cpp", "//\n" * 500, None),
    ("files", "lib/core/record.hpp", "//\n" * 300, None),
    ("functions", "lib/core/record.cpp",
     "namespace a {\nvoid f() {\n" + "x();\n" * 69 + "}\n}\n", 2),
    ("functions", "lib/core/record.cpp",
     "struct S {\n  template <typename T>\n  int g(T t) const noexcept\n  {\n"
     + "if (t) { x(); }\n" * 67 + "  }\n};\n", 2),
    ("functions", "lib/core/record.cpp", 'TEST_CASE("a", "[b]") {\n' + "x();\n" * 69 + "}\n", 1),
    ("functions", "lib/core/record.cpp",
     "A::A(int a)\n    : b_(a) {\n" + "x(\"}\");  // }\n" * 68 + "}\n", 1),
    ("capi", "lib/capi/x_c.cpp", "\nvoid milepost_y_free(int y) noexcept { release(y); }\n", 2),
    ("capi", "include/milepost/milepost.h", "/// Threads: any. Errors: none. Since: 1. Status: s.\n"
     "MILEPOST_C_API void milepost_y_free(void) N;\n", 2),
    ("includes", "include/milepost/milepost.h", "#include <stdio.h>\n", 1),
    ("includes", "lib/capi/x_c.cpp", '#include "core/record.hpp"\n', 1),
    ("head", "lib/core/new.cpp", "// What this file is for.\n", 1),
    ("head", "lib/core/new.cpp", "// SPDX-License-Identifier: Apache-2.0\n#include <vector>\n", 2),
    ("head", "lib/core/new.hpp", HEAD, 1),
    ("head", "tests/new/CMakeLists.txt", "add_library(x)\n", 1),
    ("head", ".ci/run", "#!/usr/bin/env bash\nset -e\n", 2),
    ("head", "bindings/go/new.go", "package milepost\n", 1),
    ("columns", "bindings/rust/new.rs", "// SPDX\n// " + "x" * 98 + "\n", 2),
    ("ascii", "bindings/java/New.java", "// caf\u00e9\n", 1),
]

# The same in place of what is there: check, file, old text, new text.
REPLACED = [
    ("capi", "lib/capi/x_c.cpp", "{ release(x); }", "{ release(x); f(); }"),
    ("capi", "lib/capi/x_c.cpp", "{ release(x); }", "{ if (x) { release(x); } }"),
    ("capi", "lib/capi/x_c.cpp", ") noexcept { release", ") { release"),
    ("capi", "lib/capi/x_c.cpp", "  return guard(err", "  f();\n  return guard(err"),
    ("capi", "lib/capi/x_c.cpp", "  });\n}", "  });\n  f();\n}"),
    ("capi", "lib/capi/x_c.cpp", "  });\n}", "  }) + 1;\n}"),
    ("capi", "lib/capi/x_c.cpp", "return guard(err, [&] {", "return guard(nullptr, [&] {"),
    ("capi", "lib/capi/x_c.cpp", "return guard(err, [&] {", "return f(err, [&] {"),
    ("capi", "lib/capi/x_c.cpp", "{ g(); }", "{ try { g(); } catch (...) {} }"),
    ("capi", "include/milepost/milepost.h", "/// Opens. Threads: any.", "/// Opens."),
    ("capi", "include/milepost/milepost.h", "Since: 0.1. Status: stable.\nMILEPOST_C_API mile",
     "Since: 0.1.\nMILEPOST_C_API mile"),
]

# What must not be found: the edge of each limit.
ALLOWED = [
    ("columns", "lib/core/record.cpp", "// " + "x" * 97 + "\n"),
    ("files", "lib/core/record.cpp", "//\n" * 494),
    ("files", "lib/core/record.hpp", "//\n" * 295),
    ("functions", "lib/core/record.cpp", "void f() {\n" + "x();\n" * 68 + "}\n"),
    ("functions", "lib/core/record.cpp",
     "class A : public B<int> {\n" + "  int x();\n" * 90 + "};\n"),
    ("functions", "lib/core/record.cpp",
     "constexpr std::array kTable{f(1),\n" + "  g(2),\n" * 90 + "};\n"),
    ("functions", "lib/core/record.cpp",
     "#define M(x) {\n" + "void f() { x(); }\n" * 80),
    ("output", "lib/core/record.cpp",
     "// abort()\n/* printf(\n abort() */ auto x = R\"(exit(1))\";\n"),
]


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def findings_of(files, names=tuple(checks.CHECKS), exceptions=None):
    with tempfile.TemporaryDirectory(prefix="milepost-tidy-") as root:
        write_tree(root, files)
        return tidy.run(root, names, exceptions or {})


class TidyTest(unittest.TestCase):
    def test_a_clean_project_passes_every_check(self):
        self.assertEqual([], [str(f) for f in findings_of(CLEAN)])

    def test_every_planted_fault_is_found_where_it_is(self):
        for check, path, added, line in PLANTED:
            with self.subTest(check=check, path=path, added=added[:60]):
                files = dict(CLEAN)
                before = files.get(path, "")
                files[path] = before + added
                found = findings_of(files, (check,))
                self.assertEqual([(check, path)], [(f.check, f.path) for f in found])
                if line is not None:
                    self.assertEqual(before.count("\n") + line, found[0].line)

    def test_every_fault_in_place_of_what_is_there_is_found(self):
        for check, path, old, new in REPLACED:
            with self.subTest(check=check, new=new):
                files = dict(CLEAN)
                self.assertEqual(1, files[path].count(old))
                files[path] = files[path].replace(old, new)
                found = findings_of(files, (check,))
                self.assertEqual([(check, path)], [(f.check, f.path) for f in found])

    def test_the_edge_of_each_limit_is_allowed(self):
        for check, path, added in ALLOWED:
            with self.subTest(check=check, path=path, added=added[:60]):
                files = dict(CLEAN)
                files[path] += added
                self.assertEqual([], [str(f) for f in findings_of(files, (check,))])

    def test_every_check_has_a_planted_fault(self):
        planted = {check for check, *_ in PLANTED} | {"version", "readme"}
        self.assertEqual(set(checks.CHECKS), planted)

    def test_versions_that_differ_are_found(self):
        files = dict(CLEAN)
        files["CMakeLists.txt"] = files["CMakeLists.txt"].replace("0.1.0", "0.2.0")
        found = findings_of(files, ("version",))
        self.assertEqual(4, len(found))  # minor and string, in each of two headers
        self.assertIn("MILEPOST_VERSION_MINOR must be 2", str(found[0]))

    def test_a_readme_that_lacks_a_limit_or_has_it_wrong_is_found(self):
        for old, new, name in (("10,000", "1,000", "kBatchMax"), ("30 s", "30 ms", "wait_max"),
                               ("64 MiB", "64 KiB", "size"), ("true", "false", "create"),
                               ("| durable", "| relaxed", "durability"),
                               ("`kBatchMax`", "`kOther`", "kBatchMax"),
                               ("`directory`", "directory", "directory")):
            with self.subTest(new=new):
                files = dict(CLEAN)
                files["README.md"] = files["README.md"].replace(old, new)
                found = findings_of(files, ("readme",))
                self.assertEqual(1, len(found))
                self.assertIn(f"`{name}`", str(found[0]))
        files = {path: text for path, text in CLEAN.items() if path != "README.md"}
        self.assertIn("missing", str(findings_of(files, ("readme",))))

    def test_an_exception_hides_its_file_only_and_must_be_needed(self):
        files = dict(CLEAN)
        files["lib/core/record.cpp"] += "//\n" * 500
        key = ("files", "lib/core/record.cpp")
        self.assertEqual([], findings_of(files, ("files",), {key: 1}))
        self.assertEqual(1, len(findings_of(files, ("files",), {("files", "lib/api/x.cpp"): 1,
                                                                key: 2})))
        self.assertIn("needs no exception", str(findings_of(CLEAN, ("files",), {key: 1})[0]))

    def test_functions_are_counted_from_their_first_line_to_the_last(self):
        found = cpp_text.functions(
            "namespace a {\nclass B {\n public:\n  B() {}\n  int c() const {\n    return [] {\n"
            "      return 1;\n    }();\n  }\n};\ntemplate <typename T>\nauto d(T t) -> int {\n"
            "  struct E { int f() { return 2; } };\n  return 1;\n}\n}\n")
        self.assertEqual([(4, 1), (5, 5), (11, 5)], [(f.line, f.lines) for f in found])


if __name__ == "__main__":
    unittest.main()
