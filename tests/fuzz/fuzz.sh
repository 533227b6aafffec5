#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `fuzz.sh BUILD`: runs every fuzz target of a build of preset fuzz, MILEPOST_FUZZ_SECONDS each
# (default 60), with a fresh seed that is printed. What a target learns stays in BUILD/corpus, what
# breaks it in BUILD/findings. Targets named in MILEPOST_FUZZ_TARGETS ("uuid_text capi") run alone.
set -euo pipefail

readonly kBuild=$1
seconds=${MILEPOST_FUZZ_SECONDS:-60}
if [[ ! $seconds =~ ^[0-9]{1,6}$ ]]; then
  echo "fuzz: MILEPOST_FUZZ_SECONDS='$seconds' is no number of seconds" >&2
  exit 2
fi
[[ ! -x /usr/bin/llvm-symbolizer-14 ]] || export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-14

# only_slow_here PROGRAM NAME TIMEOUT: whether all that was found are inputs that took long, and
# take no longer than allowed when they are tried again: somebody else had the processor.
only_slow_here() {
  local program=$1 name=$2 timeout=$3 finding
  for finding in "$kBuild/findings/$name"-*; do
    [[ $finding == */"$name"-timeout-* ]] || return 1
    "$program" -timeout="$timeout" "$finding" >/dev/null 2>&1 || return 1
  done
  rm -f "$kBuild/findings/$name"-timeout-*
}

# fuzz_one PROGRAM NAME: an input takes a moment; those that sync files may take a few.
fuzz_one() {
  local program=$1 name=$2 seed=$((RANDOM * 32768 + RANDOM + 1)) timeout=1 executions=0
  local log=$kBuild/logs/$name.log corpus=$kBuild/corpus/$name seeds=$kBuild/seeds/$name
  local until=$((SECONDS + seconds)) found=0 count
  [[ $name != capi && $name != journal ]] || timeout=10
  mkdir -p "$corpus" "$kBuild/findings" "$kBuild/logs"
  MILEPOST_FUZZ_SEEDS=$seeds "$program"
  printf '    %-14s -seed=%-10s ' "$name" "$seed"
  while ((SECONDS < until)); do
    "$program" -seed="$seed" -max_total_time="$((until - SECONDS))" -timeout="$timeout" \
      -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$kBuild/findings/$name-" "$corpus" "$seeds" >"$log" 2>&1 || found=$?
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    executions=$((executions + ${count:-0}))
    if ((found != 0)) && ! only_slow_here "$program" "$name" "$timeout"; then
      echo broken
      tail -n 60 "$log" >&2
      printf 'fuzz: what broke %s is %s/findings/%s-*\n' "$name" "$kBuild" "$name" >&2
      return 1
    fi
    found=0
  done
  printf '%s executions, %s inputs kept\n' "$executions" "$(find "$corpus" -type f | wc -l)"
}

broken=()
for program in "$kBuild"/tests/fuzz/*_fuzz; do
  name=$(basename "$program" _fuzz)
  [[ " ${MILEPOST_FUZZ_TARGETS:-$name} " == *" $name "* ]] || continue
  fuzz_one "$program" "$name" || broken+=("$name")
done
if ((${#broken[@]})); then
  echo "fuzz: broken: ${broken[*]}" >&2
  exit 1
fi
