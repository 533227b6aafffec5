#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Counts the instructions of one repetition of each piece under callgrind. Two runs of different
# length are subtracted, so that starting up and filling a store do not count. The figures are
# repeatable to a few instructions, on a busy machine, too.
#
# usage: count_instructions.sh [--json FILE] [PROGRAM [PIECE...]]
#
# --json appends one line to FILE, of the form the suite's own results have.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

json=
if [[ ${1:-} == --json ]]; then
  json=$2
  shift 2
fi
program=${1:-$here/../../build/bench/bench/micro/milepost_micro}
shift || true
if ! command -v valgrind >/dev/null; then
  echo "count_instructions.sh: valgrind is missing; apt-get install valgrind" >&2
  exit 2
fi
if [[ ! -x $program ]]; then
  echo "count_instructions.sh: $program is missing; ./dev build bench" >&2
  exit 2
fi

out=$(mktemp -d)
child=
trap '[[ -z $child ]] || kill "$child" 2>/dev/null || true; rm -rf "$out"' EXIT
trap 'exit 130' INT TERM HUP

# instructions PIECE REPETITIONS: sets `counted`.
instructions() {
  TMPDIR=$out valgrind --tool=callgrind --callgrind-out-file="$out/counts" \
    "$program" --count "$1" "$2" >"$out/log" 2>&1 &
  child=$!
  wait "$child" || { cat "$out/log" >&2; return 1; }
  child=
  counted=$(awk '/^summary:|^totals:/ { print $2; exit }' "$out/counts")
}

pieces=("$@")
((${#pieces[@]})) || mapfile -t pieces < <("$program" --names)
printf '%-18s %14s\n' piece instructions
members=
for piece in "${pieces[@]}"; do
  short=1000 long=6000
  case $piece in
    get_many*) long=1500 ;;
    ingest*) short=5000 long=25000 ;;
  esac
  instructions "$piece" "$short"
  a=$counted
  instructions "$piece" "$long"
  each=$(((counted - a) / (long - short)))
  printf '%-18s %14d\n' "$piece" "$each"
  members+=",\"$piece\":$each"
done
if [[ -n $json ]]; then
  {
    printf '{"workload":"instructions","engine":"milepost","durability":"durable",'
    printf '"threads":1,"runs":0,"round":1,"extra":{%s}}\n' "${members#,}"
  } >>"$json"
fi
