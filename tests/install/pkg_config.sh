#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pkg_config.sh SOURCE FOLDER: builds a host with nothing but the compiler and pkg-config, against
# the shared and against the static library, and runs both. Expects CXX, PKG_CONFIG,
# PKG_CONFIG_PATH and VERSION.
set -euo pipefail
source=$1 folder=$2
mkdir -p "$folder"

found=$("$PKG_CONFIG" --modversion milepost)
[[ $found == "$VERSION" ]] || { echo "milepost.pc says $found, expected $VERSION"; exit 1; }

read -ra cflags < <("$PKG_CONFIG" --cflags milepost)
read -ra shared < <("$PKG_CONFIG" --libs milepost)
read -ra static < <("$PKG_CONFIG" --static --libs milepost)
libdir=$("$PKG_CONFIG" --variable=libdir milepost)
[[ " ${shared[*]} " != *lmdb* ]] || { echo "a shared link must not name lmdb"; exit 1; }

"$CXX" -std=c++20 "$source" -o "$folder/host_shared" "${cflags[@]}" "${shared[@]}"
LD_LIBRARY_PATH=$libdir "$folder/host_shared"

# Both forms are in one folder, and the linker prefers the shared one: name the archive.
"$CXX" -std=c++20 "$source" -o "$folder/host_static" "${cflags[@]}" \
  "${static[@]/-lmilepost/-l:libmilepost.a}"
"$folder/host_static"
[[ $(ldd "$folder/host_static") != *libmilepost* ]] || { echo "not linked statically"; exit 1; }
