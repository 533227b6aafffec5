#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the wheel over the library of a build tree, installs it into a virtual environment that
# sees nothing else, and tests it from there: ci.sh [STEP...], steps
#   test     mypy, all tests, the contract's cases, the sample
#   header   numbers and sizes equal the C header's
#   cost     nanoseconds of one get_json and one relaxed step beside the bare C call
# The wheel is left in build/<preset>/bindings/python/wheel.
set -euo pipefail
language=python
# shellcheck source=bindings/ci_common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ci_common.sh"
here=$source_dir/bindings/python
python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1

[[ -x $python ]] || not_run "$python is not installed (Debian package python3)"
for module in build setuptools wheel venv ensurepip; do
  "$python" -c "import $module" 2>/dev/null ||
    not_run "$python has no module $module (Debian packages python3-build python3-setuptools" \
      "python3-venv python3-wheel)"
done
"$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
  not_run "Python.h is not installed (Debian package python3-dev)"

# build_wheel: from a copy, since setuptools writes beside its sources.
build_wheel() {
  rm -rf "$work_dir/source" "$work_dir/wheel"
  mkdir -p "$work_dir/source"
  cp -r "$here"/{native,src,setup.py,pyproject.toml,README.md} "$work_dir/source"
  if ! (cd "$work_dir/source" &&
    MILEPOST_LIB_DIR=$lib_dir MILEPOST_INCLUDE_DIR=$source_dir/include \
      "$python" -m build --no-isolation --wheel --outdir "$work_dir/wheel" .) \
    >"$work_dir/build.log" 2>&1; then
    tail -n 40 "$work_dir/build.log" >&2
    return 1
  fi
  if grep -nE '^native.*warning:' "$work_dir/build.log" >&2; then
    echo "the extension compiles with warnings" >&2
    return 1
  fi
}

install_wheel() {
  local wheels=("$work_dir"/wheel/*.whl)
  [[ ${#wheels[@]} == 1 && ${wheels[0]} == *-cp311-abi3-linux_x86_64.whl ]] || {
    echo "not the one wheel that is wanted: ${wheels[*]}" >&2
    return 1
  }
  [[ -x $work_dir/venv/bin/python ]] || "$python" -m venv "$work_dir/venv"
  "$work_dir/venv/bin/pip" install --quiet --disable-pip-version-check --no-index \
    --force-reinstall --no-deps "${wheels[0]}"
  # The library in use must be the wheel's own, wherever else one lies.
  "$work_dir/venv/bin/python" - "$work_dir/venv" <<'PY'
import sys
import milepost
maps = open("/proc/self/maps").read()
for name in ("libmilepost-c.so.1", "liblmdb.so.0"):
    paths = {line.split()[-1] for line in maps.splitlines() if name in line}
    assert paths and all(path.startswith(sys.argv[1]) for path in paths), (name, paths)
PY
}

# Once for all steps, until a source or the library changes.
cd "$work_dir"
state=$(find "$here" "$source_dir/include/milepost/milepost.h" "$lib_dir/libmilepost-c.so" -type f \
  -not -path '*/tests/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [[ ! -f installed || $(<installed) != "$state" ]]; then
  build_wheel
  install_wheel
  echo "$state" >installed
fi

run_tests() {
  (cd "$here/tests" &&
    "$work_dir/venv/bin/python" -X dev -W error::ResourceWarning -m unittest "$@")
}

step_test() {
  if command -v mypy >/dev/null; then
    MYPYPATH=$here/src mypy --strict --python-executable "$work_dir/venv/bin/python" \
      --cache-dir "$work_dir/mypy" "$here/src/milepost" "$here/samples"
  else
    echo "types not checked: mypy is not installed (Debian package mypy)"
  fi
  run_tests discover
}

step_header() {
  header_facts
  run_tests check_header
}

step_cost() {
  local folder
  bare_c_cost
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/cost-XXXXXX")
  "$work_dir/venv/bin/python" "$here/tests/cost.py" "$folder/store"
  rm -rf "$folder"
}

(($#)) || set -- test header cost
for step in "$@"; do "step_$step"; done
