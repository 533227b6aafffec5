#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# hosts.sh [ROOT]: builds and runs hosts in C++ and C with what the Debian packages put below ROOT
# (default: the system's own root), by pkg-config and by CMake, and starts the programs.
set -euo pipefail
hosts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../install" && pwd)
root=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

library=$(find "$root/usr/lib" -name libmilepost-c.so -print -quit)
[[ -n $library ]] || {
  echo "hosts: no libmilepost-c.so below $root/usr/lib" >&2
  exit 1
}
libdir=$(dirname "$library")
prefix=()
if [[ -n $root ]]; then
  export LD_LIBRARY_PATH=$libdir PKG_CONFIG_PATH=$libdir/pkgconfig
  prefix=(-DCMAKE_PREFIX_PATH="$root/usr")
fi
version=$(pkg-config --modversion milepost)
export PKG_CONFIG=pkg-config CC=${CC:-cc} CXX=${CXX:-c++} VERSION=$version
bash "$hosts/pkg_config.sh" "$hosts/consumer/host.cpp" "$work/cxx"
bash "$hosts/pkg_config_c.sh" "$hosts/consumer_c/host.c" "$work/c"
next=${version%.*}
next=${next%.*}.$((${next#*.} + 1))
by_cmake() {
  cmake -G Ninja -S "$hosts/$1" -B "$work/$1" "${prefix[@]}" \
    -DWAY=find_package -DVERSION="$version" -DNEXT="$next" &&
    cmake --build "$work/$1"
}
for kind in consumer consumer_c; do
  by_cmake "$kind" >"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log" >&2
    echo "hosts: the $kind of the packages does not build" >&2
    exit 1
  }
done
(cd "$work/consumer" && cmake -P run_both.cmake)
"$work/consumer_c/host"
"$root/usr/bin/milepost" --version
"$root/usr/bin/milepost-server" --version
