#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pkg_config_c.sh SOURCE FOLDER: builds a host in C with nothing but a C compiler and pkg-config,
# and runs it. Expects CC, PKG_CONFIG, PKG_CONFIG_PATH and VERSION.
set -euo pipefail
source=$1 folder=$2
mkdir -p "$folder"

found=$("$PKG_CONFIG" --modversion milepost-c)
[[ $found == "$VERSION" ]] || { echo "milepost-c.pc says $found, expected $VERSION"; exit 1; }

read -ra flags < <("$PKG_CONFIG" --cflags --libs milepost-c)
libdir=$("$PKG_CONFIG" --variable=libdir milepost-c)
"$CC" -std=c99 -Wall -Wextra -pedantic -Werror "$source" -o "$folder/host" "${flags[@]}"
needs=$(LD_LIBRARY_PATH=$libdir ldd "$folder/host")
[[ $needs == *libmilepost-c.so.* ]] || { echo "not linked to the C library: $needs"; exit 1; }
[[ $needs != *libmilepost.so* ]] || { echo "linked to the C++ library, too: $needs"; exit 1; }
LD_LIBRARY_PATH=$libdir "$folder/host"
