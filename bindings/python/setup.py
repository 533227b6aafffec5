# SPDX-License-Identifier: Apache-2.0
"""Builds the extension and puts the library beside it, with what it needs and Python lacks.

MILEPOST_LIB_DIR      the folder of libmilepost-c.so; default: build/release/lib or build/dev/lib
MILEPOST_INCLUDE_DIR  the folder of milepost/milepost.h; default: the checkout's include/

The extension looks for libraries in its own folder first (an old-style RPATH, which also holds for
what those libraries need), so that the wheel works wherever it is put.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
CARRIED = re.compile(r"^(libmilepost-c|liblmdb|libxxhash)\.so\.\d+$")


def folder(variable, file, *defaults):
    """The folder that the variable names, or the first default that holds the file."""
    named = os.environ.get(variable)
    for path in [Path(named)] if named else defaults:
        if (path / file).exists():
            return path
    raise SystemExit(f"{file} is not to be found: build Milepost first, or set {variable}")


INCLUDE = folder("MILEPOST_INCLUDE_DIR", "milepost/milepost.h", TOP / "include")
LIBRARIES = folder("MILEPOST_LIB_DIR", "libmilepost-c.so",
                   TOP / "build/release/lib", TOP / "build/dev/lib")
VERSION = re.search(r'#define MILEPOST_VERSION_STRING "([^"]+)"',
                    (INCLUDE / "milepost/milepost.h").read_text()).group(1)


class BuildWithLibraries(build_ext):
    """build_ext, and the shared libraries copied beside the extension under their SONAMEs."""

    def run(self):
        super().run()
        extension = Path(self.get_ext_fullpath("milepost._native"))
        listing = subprocess.run(["ldd", extension], check=True, capture_output=True, text=True,
                                 env={**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}).stdout
        for name, path in re.findall(r"^\s*(\S+) => (/\S+)", listing, re.M):
            target = extension.parent / name
            if CARRIED.match(name) and Path(path) != target:
                shutil.copy(path, target)
                subprocess.run(["strip", "--strip-unneeded", target], check=True)


class StableWheel(bdist_wheel):
    """One wheel for every Python from 3.11 on, as its tag says."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False
        self.py_limited_api = "cp311"


setup(
    version=VERSION,
    ext_modules=[Extension(
        "milepost._native",
        sources=sorted(str(p.relative_to(HERE)) for p in (HERE / "native").glob("*.c")),
        include_dirs=[str(INCLUDE)],
        library_dirs=[str(LIBRARIES)],
        libraries=["milepost-c"],
        extra_compile_args=["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra",
                            "-Wconversion", "-Wshadow", "-fvisibility=hidden"],
        extra_link_args=["-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags", "-Wl,-z,relro,-z,now"],
        py_limited_api=True,
    )],
    cmdclass={"build_ext": BuildWithLibraries, "bdist_wheel": StableWheel},
)
