#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests the Rust crates over the library of a build tree: ci.sh [STEP...], steps
#   test     rustfmt, all tests and doctests, documentation without a warning
#   contract the contract's cases; needs serde_json, from Debian (no network)
#   header   numbers and sizes equal the C header's
#   cost     nanoseconds of one get_json and one relaxed step beside the bare C call
set -euo pipefail
language=rust
# shellcheck source=bindings/ci_common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ci_common.sh"
cd "$source_dir/bindings/rust"

# Debian's own toolchain goes first, so that what is promised for it is what is tested.
if [[ -x /usr/bin/cargo && -x /usr/bin/rustc ]]; then
  cargo=/usr/bin/cargo
  export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
else
  need_tool cargo cargo
  cargo=cargo
fi
need_tool cc gcc
need_tool pkg-config pkg-config
export CARGO_TARGET_DIR=$work_dir/target CARGO_HOME=$work_dir/home CARGO_NET_OFFLINE=true
export LD_LIBRARY_PATH=$lib_dir RUST_BACKTRACE=0 RUSTFLAGS="-D warnings" RUSTDOCFLAGS="-D warnings"

step_test() {
  header_facts
  local rustfmt=/usr/bin/rustfmt folder
  if [[ -x $rustfmt ]]; then
    find . -name '*.rs' -print0 | xargs -0 "$rustfmt" --check
  else
    echo "not formatted: $rustfmt is not installed (Debian package rustfmt)"
  fi
  "$cargo" test --offline --locked
  "$cargo" doc --offline --locked --no-deps
  folder=$(mktemp -d "$MILEPOST_TEST_DIR/sample-XXXXXX")
  for round in 1 2; do
    "$CARGO_TARGET_DIR/debug/examples/journey_executor" "$folder" 200 >"$folder.txt"
    grep -qx 'completed=140 failed=40 exited=20' "$folder.txt" ||
      {
        echo "the sample counts something else in round $round:" >&2
        cat "$folder.txt" >&2
        return 1
      }
  done
  rm -rf "$folder" "$folder.txt"
}

step_contract() {
  local registry=/usr/share/cargo/registry
  compgen -G "$registry/serde_json-*" >/dev/null ||
    not_run "$registry has no serde_json (Debian package librust-serde-json-dev)"
  # In place of crates.io the folder that Debian's packages of crates are in.
  (cd contract && "$cargo" run --offline --quiet \
    --config 'source.crates-io.replace-with="debian"' \
    --config "source.debian.directory='$registry'" \
    -- "$MILEPOST_CONTRACT_CASES" "$MILEPOST_TEST_DIR")
}

step_header() {
  header_facts
  "$cargo" test --offline --locked -p milepost-sys --test header
}

step_cost() {
  bare_c_cost
  "$cargo" run --offline --locked --release --quiet --example cost
}

(($#)) || set -- test contract header cost
for step in "$@"; do "step_$step"; done
