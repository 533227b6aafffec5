#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the wheel, installs it into a virtual environment that sees nothing else, and runs the
# tests from there:
#
#   ci.sh LIB_DIR WORK_DIR        LIB_DIR has libmilepost-c.so; WORK_DIR gets all that is made
#   ci.sh LIB_DIR WORK_DIR cost   prints what calls cost, beside the bare C call
#
# Exit code 77: the toolchain is missing, and nothing was tested.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
lib_dir=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1

not_run() {
  printf 'not run: %s\n' "$1"
  exit 77
}

[[ -x $python ]] || not_run "there is no $python (Debian: python3)"
for module in build setuptools wheel venv ensurepip; do
  "$python" -c "import $module" 2>/dev/null ||
    not_run "$python has no module $module (Debian: python3-build python3-wheel python3-venv)"
done
"$python" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
  not_run "the headers of $python are missing (Debian: python3-dev)"

# Built from a copy, since setuptools writes beside its sources.
rm -rf "$work/source" "$work/wheel"
mkdir -p "$work/source"
cp -r "$here"/{native,src,setup.py,pyproject.toml,README.md} "$work/source"
if ! (cd "$work/source" && MILEPOST_LIB_DIR=$lib_dir MILEPOST_INCLUDE_DIR=$top/include \
  "$python" -m build --no-isolation --wheel --outdir "$work/wheel" .) >"$work/build.log" 2>&1; then
  tail -n 40 "$work/build.log" >&2
  exit 1
fi
if grep -nE '^native.*warning:' "$work/build.log" >&2; then
  printf 'ci.sh: the extension compiles with warnings\n' >&2
  exit 1
fi
wheels=("$work"/wheel/*.whl)
[[ ${#wheels[@]} == 1 && ${wheels[0]} == *-cp311-abi3-linux_x86_64.whl ]] || {
  printf 'ci.sh: not the one wheel that is wanted: %s\n' "${wheels[*]}" >&2
  exit 1
}

[[ -x $work/venv/bin/python ]] || "$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index --force-reinstall \
  --no-deps "${wheels[0]}"

# The library in use must be the wheel's own, wherever else one lies.
cd "$work"
"$work/venv/bin/python" - "$work/venv" <<'PY'
import sys
import milepost
maps = open("/proc/self/maps").read()
for name in ("libmilepost-c.so.1", "liblmdb.so.0"):
    paths = {line.split()[-1] for line in maps.splitlines() if name in line}
    assert paths and all(path.startswith(sys.argv[1]) for path in paths), (name, paths)
PY

if [[ ${3:-} == cost ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -I "$top/include" "$top/tests/bindings/c_cost.c" \
    -L "$lib_dir" -lmilepost-c -Wl,-rpath,"$lib_dir" -o "$work/c_cost"
  "$work/c_cost" "$folder/c"
  "$work/venv/bin/python" "$here/tests/cost.py" "$folder/python"
  exit
fi

# The types, if there is somebody to check them.
if command -v mypy >/dev/null; then
  MYPYPATH=$here/src mypy --strict --python-executable "$work/venv/bin/python" \
    --cache-dir "$work/mypy" "$here/src/milepost" "$here/samples"
else
  printf 'not run: mypy, which is not installed (Debian: mypy)\n'
fi

"$python" "$top/tests/bindings/header_facts.py" "$top/include" >"$work/facts"
MILEPOST_FACTS=$work/facts MILEPOST_CASES=$top/bindings/contract/cases.json \
  "$work/venv/bin/python" -X dev -W error::ResourceWarning -m unittest discover \
  --start-directory "$here/tests" --top-level-directory "$here/tests"
