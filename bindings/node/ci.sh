#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the addon and the package over the library of a build tree, installs the package into an
# empty folder, and tests it from there: ci.sh [STEP...], steps
#   test     the types, all tests, the contract's cases, the sample
#   header   numbers and sizes equal the C header's
#   cost     nanoseconds of one get_json and one relaxed step beside the bare C call
# The package is left in build/<preset>/bindings/node/install. The headers of N-API are those of the
# node that runs, or Debian's, or those of the npm package node-api-headers.
set -euo pipefail
language=node
# shellcheck source=bindings/ci_common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ci_common.sh"
here=$source_dir/bindings/node

need_tool node nodejs
need_tool npm npm
need_tool cc gcc
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
  not_run "node $(node --version) is older than 18"

# find_headers: the folder of node_api.h.
find_headers() {
  local prefix folder
  prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
  for folder in "$prefix/include/node" /usr/include/node /usr/include/nodejs/src \
    "$work_dir/node_modules/node-api-headers/include"; do
    if [[ -f $folder/node_api.h ]]; then
      echo "$folder"
      return
    fi
  done
  npm install --silent --no-audit --no-fund --prefix "$work_dir" node-api-headers@1 \
    >/dev/null 2>&1 && echo "$work_dir/node_modules/node-api-headers/include"
}

# build_package: the sources that are published, and what is built of the others.
build_package() {
  local headers name path
  headers=$(find_headers) ||
    not_run "node_api.h is nowhere (Debian package libnode-dev, npm package node-api-headers)"
  rm -rf "$work_dir/package"
  mkdir -p "$work_dir/package/prebuilt"
  cp -r "$here"/{lib,package.json,README.md} "$work_dir/package"
  # shellcheck disable=SC2016  # $ORIGIN is for the loader
  cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra \
    -Wconversion -Wshadow -Wundef -Werror -I "$source_dir/include" -isystem "$headers" \
    "$here"/native/*.c -L "$lib_dir" -lmilepost-c -pthread -Wl,-rpath,'$ORIGIN' \
    -Wl,--disable-new-dtags -Wl,-z,relro,-z,now -o "$work_dir/package/prebuilt/milepost.node"
  while read -r name path; do
    cp -L "$path" "$work_dir/package/prebuilt/$name"
    strip --strip-unneeded "$work_dir/package/prebuilt/$name"
  done < <(LD_LIBRARY_PATH=$lib_dir ldd "$work_dir/package/prebuilt/milepost.node" |
    awk '$1 ~ /^(libmilepost-c|liblmdb|libxxhash)\.so\.[0-9]+$/ { print $1, $3 }')
}

install_package() {
  rm -rf "$work_dir/install"
  mkdir -p "$work_dir/install"
  (cd "$work_dir/package" &&
    npm pack --silent --pack-destination "$work_dir/install" >"$work_dir/tarball")
  cd "$work_dir/install"
  echo '{"private": true}' >package.json
  npm install --silent --offline --no-audit --no-fund "./$(tail -n 1 "$work_dir/tarball")"
  # The library in use must be the package's own, wherever else one lies.
  node - "$work_dir/install" <<'JS'
require('milepost');
const lines = require('fs').readFileSync('/proc/self/maps', 'utf8').split('\n');
for (const name of ['libmilepost-c.so.1', 'liblmdb.so.0']) {
  const paths = lines.filter((line) => line.endsWith(name)).map((line) => line.split(/\s+/).pop());
  if (paths.length === 0 || !paths.every((path) => path.startsWith(process.argv[2]))) {
    throw new Error(`${name} is ${paths}`);
  }
}
JS
}

# Once for all steps, until a source or the library changes.
state=$(node --version &&
  find "$here" "$source_dir/include/milepost/milepost.h" "$lib_dir/libmilepost-c.so" -type f \
    -not -path '*/tests/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [[ ! -f $work_dir/installed || $(<"$work_dir/installed") != "$state" ]]; then
  build_package
  install_package
  echo "$state" >"$work_dir/installed"
fi
cd "$work_dir/install"
rm -rf tests samples
cp -r "$here"/{tests,samples,README.md} .

step_test() {
  if command -v tsc >/dev/null; then
    tsc --noEmit --strict --target es2022 --module commonjs --lib es2022,dom \
      node_modules/milepost/lib/index.d.ts tests/types.ts
  else
    echo "types not checked: tsc is not installed (Debian package node-typescript)"
  fi
  node --expose-gc --test tests/*.test.js
}

step_header() {
  header_facts
  node --test tests/header.check.js
}

step_cost() {
  local folder
  bare_c_cost
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/cost-XXXXXX")
  node tests/cost.js "$folder/store"
  rm -rf "$folder"
}

(($#)) || set -- test header cost
for step in "$@"; do "step_$step"; done
