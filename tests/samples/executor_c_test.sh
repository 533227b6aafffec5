#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# executor_c_test.sh PROGRAM: runs the C sample as a user does: once, again, and after kills at any
# moment. Whatever happened, the same runs end in the same way.
set -euo pipefail
program=${1:?the program}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect() {
  local seen
  seen=$("$program" "$1" 500)
  if [[ $seen != "completed 398, failed 51, exited 51, open 0"$'\n'*'"550 mailbox full"}' ]]; then
    printf 'after %s the sample says:\n%s\n' "$2" "$seen"
    exit 1
  fi
}

expect "$work/runs" "a first run"
expect "$work/runs" "a second run"
for after in 0.02 0.05 0.1 0.2 0.4; do
  # --foreground: otherwise timeout kills itself too, and the next program may meet the dying one.
  timeout --foreground --signal=KILL "$after" "$program" "$work/killed" 500 >/dev/null || true
done 2>/dev/null
expect "$work/killed" "five kills"
if "$program" "$work/runs/no/such" 500 >/dev/null 2>"$work/error"; then
  echo "a folder in no folder was opened"
  exit 1
fi
grep -q '^journey_executor: ' "$work/error"
