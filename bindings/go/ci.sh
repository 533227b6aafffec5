#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests the Go binding over the library of a build tree: ci.sh [STEP...], steps
#   test     gofmt, vet, all tests under the race detector and with every pointer check
#   header   constants equal the C header's
#   cost     nanoseconds of one get_json and one relaxed step beside the bare C call
set -euo pipefail
language=go
# shellcheck source=bindings/ci_common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ci_common.sh"
cd "$source_dir/bindings/go"

need_tool go golang-go
need_tool gcc gcc
need_tool pkg-config pkg-config
export GOFLAGS=-mod=readonly GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local GOWORK=off
export GOCACHE=$work_dir/cache GOPATH=$work_dir/path
# Programs are built where they may run, stores are made where it is quick.
export GOTMPDIR=$work_dir TMPDIR=$MILEPOST_TEST_DIR

step_test() {
  header_facts
  local unformatted
  unformatted=$(gofmt -l .)
  [[ -z $unformatted ]] || {
    echo "gofmt would change: $unformatted" >&2
    return 1
  }
  go vet ./...
  go build -o "$work_dir/journey_executor" ./samples/journey_executor
  MILEPOST_SAMPLE=$work_dir/journey_executor GODEBUG=cgocheck=2 go test -race -count=1 ./...
}

step_header() {
  header_facts
  go test -count=1 -run '^TestConstantsAreTheHeaders$' -v .
}

step_cost() {
  bare_c_cost
  go test -run '^$' -bench . -benchtime 200000x . | awk '
    /^Benchmark/ { sub(/-.*/, "", $1); cost[$1] = $3 }
    END { printf "Go     get_json %5.0f ns   relaxed step %6.0f ns   (AppendJSON %5.0f ns)\n",
          cost["BenchmarkGetJSON"], cost["BenchmarkRelaxedStep"], cost["BenchmarkAppendJSON"] }'
}

(($#)) || set -- test header cost
for step in "$@"; do "step_$step"; done
