#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shared by the ci.sh of bindings that are built over a tree's libmilepost-c: where things are, and
# how to say that something cannot be tested. Sourced, with `language` set.
set -euo pipefail
export LC_ALL=C.UTF-8

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=${MILEPOST_BUILD_DIR:-$source_dir/build/dev}
lib_dir=$build_dir/lib
work_dir=$build_dir/bindings/${language:?}
mkdir -p "$work_dir"
export MILEPOST_HEADER_FACTS=$work_dir/header_facts.txt
export MILEPOST_CONTRACT_CASES=$source_dir/bindings/contract/cases.json

# not_run WHY: says so in the words that ctest looks for, and is no failure.
not_run() {
  echo "not run: $*"
  exit 0
}

# need_tool TOOL PACKAGE
need_tool() {
  command -v "$1" >/dev/null || not_run "$1 is not installed (Debian package $2)"
}

# Stores of the tests are in memory where that is possible: what a sync costs is not tested here.
test_parent=/dev/shm
[[ -w $test_parent ]] || test_parent=$work_dir
MILEPOST_TEST_DIR=$(mktemp -d "$test_parent/milepost-$language-XXXXXX")
export MILEPOST_TEST_DIR
trap 'rm -rf "$MILEPOST_TEST_DIR"' EXIT

[[ -e $lib_dir/libmilepost-c.so ]] || not_run "$lib_dir has no libmilepost-c.so; build it first"

# The library of the build tree as pkg-config's milepost-c, found again at run time.
mkdir -p "$work_dir/pkgconfig"
cat >"$work_dir/pkgconfig/milepost-c.pc" <<PC
Name: milepost-c
Description: Milepost's C ABI in a build tree
Version: 0.1.0
Libs: -L$lib_dir -lmilepost-c -Wl,-rpath,$lib_dir
Cflags: -I$source_dir/include
PC
export PKG_CONFIG_PATH=$work_dir/pkgconfig

header_facts() {
  need_tool python3 python3
  python3 "$source_dir/tests/bindings/header_facts.py" "$source_dir/include" \
    >"$MILEPOST_HEADER_FACTS"
}

# bare_c_cost: what the C call costs, for the binding's own numbers to be seen beside.
bare_c_cost() {
  local folder
  need_tool cc gcc
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/cost-XXXXXX")
  cc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Werror -I "$source_dir/include" \
    "$source_dir/tests/bindings/c_cost.c" -L "$lib_dir" -lmilepost-c -Wl,-rpath,"$lib_dir" \
    -o "$work_dir/c_cost"
  "$work_dir/c_cost" "$folder/store"
  rm -rf "$folder"
}
