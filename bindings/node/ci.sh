#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the addon and the package, installs the package into an empty folder, and runs the tests
# against that:
#
#   ci.sh LIB_DIR WORK_DIR        LIB_DIR has libmilepost-c.so; WORK_DIR gets all that is made
#   ci.sh LIB_DIR WORK_DIR cost   prints what calls cost, beside the bare C call
#
# The headers of N-API are those of the node that runs, or Debian's, or those of the npm package
# node-api-headers. Exit code 77: the toolchain is missing, and nothing was tested.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
lib_dir=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)

not_run() {
  printf 'not run: %s\n' "$1"
  exit 77
}

command -v node >/dev/null || not_run "there is no node (Debian: nodejs)"
command -v npm >/dev/null || not_run "there is no npm (Debian: npm)"
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
  not_run "node $(node --version) is older than 18"

# find_headers: the folder of node_api.h.
find_headers() {
  local prefix folder
  prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
  for folder in "$prefix/include/node" /usr/include/node /usr/include/nodejs/src \
    "$work/node_modules/node-api-headers/include"; do
    if [[ -f $folder/node_api.h ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  npm install --silent --no-audit --no-fund --prefix "$work" node-api-headers@1 >/dev/null 2>&1 &&
    printf '%s\n' "$work/node_modules/node-api-headers/include"
}
headers=$(find_headers) ||
  not_run "the headers of N-API are nowhere (Debian: libnode-dev; npm: node-api-headers)"

# The package: the sources that are published, and what is built.
package=$work/package
rm -rf "$package" "$work/install"
mkdir -p "$package/prebuilt" "$work/install"
cp -r "$here"/{lib,package.json,README.md} "$package"
# shellcheck disable=SC2016  # $ORIGIN is for the loader
cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra \
  -Wconversion -Wshadow -Wundef -Werror -I "$top/include" -isystem "$headers" "$here"/native/*.c \
  -L "$lib_dir" -lmilepost-c -pthread -Wl,-rpath,'$ORIGIN' -Wl,--disable-new-dtags \
  -Wl,-z,relro,-z,now -o "$package/prebuilt/milepost.node"
while read -r name path; do
  cp -L "$path" "$package/prebuilt/$name"
  strip --strip-unneeded "$package/prebuilt/$name"
done < <(LD_LIBRARY_PATH=$lib_dir ldd "$package/prebuilt/milepost.node" |
  awk '$1 ~ /^(libmilepost-c|liblmdb|libxxhash)\.so\.[0-9]+$/ { print $1, $3 }')

(cd "$package" && npm pack --silent --pack-destination "$work/install" >"$work/tarball")
cd "$work/install"
printf '{"private": true}\n' >package.json
npm install --silent --offline --no-audit --no-fund "./$(tail -n 1 "$work/tarball")"

# The library in use must be the package's own, wherever else one lies.
node - "$work/install" <<'JS'
require('milepost');
const lines = require('fs').readFileSync('/proc/self/maps', 'utf8').split('\n');
for (const name of ['libmilepost-c.so.1', 'liblmdb.so.0']) {
  const paths = lines.filter((line) => line.endsWith(name)).map((line) => line.split(/\s+/).pop());
  if (paths.length === 0 || !paths.every((path) => path.startsWith(process.argv[2]))) {
    throw new Error(`${name} is ${paths}`);
  }
}
JS

cp -r "$here"/{tests,samples,README.md} .
if [[ ${3:-} == cost ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -I "$top/include" "$top/tests/bindings/c_cost.c" \
    -L "$lib_dir" -lmilepost-c -Wl,-rpath,"$lib_dir" -o "$work/c_cost"
  "$work/c_cost" "$folder/c"
  node tests/cost.js "$folder/node"
  exit
fi

# The types, if there is somebody to check them.
if command -v tsc >/dev/null; then
  tsc --noEmit --strict --target es2022 --module commonjs --lib es2022,dom \
    node_modules/milepost/lib/index.d.ts tests/types.ts
else
  printf 'not run: the check of the types, since there is no tsc (Debian: node-typescript)\n'
fi

python3 "$top/tests/bindings/header_facts.py" "$top/include" >"$work/facts"
MILEPOST_FACTS=$work/facts MILEPOST_CASES=$top/bindings/contract/cases.json \
  node --expose-gc --test tests/*.test.js
