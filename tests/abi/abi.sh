#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# abi.sh check|update LIBRARY: compares the C library with the ABI that is promised, or makes what
# it is now the promise. LIBRARY is libmilepost-c.so with debug info.
#
# The SONAME is that of MILEPOST_ABI_VERSION. symbols.txt holds the names, libmilepost-c.abi their
# types and the layout of every struct. A member appended to a sized struct is allowed
# (growth.suppr). Anything else that was added is an addition to be accepted knowingly: update the
# baseline. What was removed or changed is a break: raise MILEPOST_ABI_VERSION, then update.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=${1:?check or update} library=${2:?the library}
baseline=$here/libmilepost-c.abi
headers=$here/../../include/milepost

if [[ $(uname -m) != x86_64 ]]; then
  echo "not run: the baseline is of x86-64"
  exit 0
fi

symbols() {
  nm --dynamic --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort
}

case $command in
  update)
    symbols >"$here/symbols.txt"
    abidw --exported-interfaces-only --headers-dir "$headers" --drop-private-types \
      --no-comp-dir-path --no-corpus-path --no-show-locs --no-elf-needed \
      --no-write-default-sizes --no-parameter-names --out-file "$baseline" "$library"
    ;;
  check)
    abi=$(awk '$1 " " $2 == "#define MILEPOST_ABI_VERSION" { print $3 }' "$headers/milepost.h")
    soname=$(readelf --dynamic "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
    if [[ $soname != "libmilepost-c.so.$abi" ]]; then
      echo "abi: the SONAME is $soname, but MILEPOST_ABI_VERSION is $abi"
      exit 1
    fi
    if ! diff -u "$here/symbols.txt" <(symbols); then
      echo "abi: the names differ from tests/abi/symbols.txt"
      exit 1
    fi
    status=0
    abidiff --exported-interfaces-only --headers-dir2 "$headers" --drop-private-types \
      --suppressions "$here/growth.suppr" --no-show-locs "$baseline" "$library" || status=$?
    # Bits: 1 an error of the tool's, 2 of its usage, 4 a change, 8 an incompatible one.
    if ((status & 3)); then
      echo "abi: abidiff failed"
    elif ((status & 8)); then
      echo "abi: programs built before would break. Raise MILEPOST_ABI_VERSION and run" \
        "tests/abi/abi.sh update, or take the change back."
    elif ((status)); then
      echo "abi: the ABI changed. If that is meant, and nothing built before breaks, run" \
        "tests/abi/abi.sh update and note it in CHANGELOG.md."
    fi
    exit "$status"
    ;;
  *)
    echo "abi.sh: '$command' is neither check nor update" >&2
    exit 2
    ;;
esac
