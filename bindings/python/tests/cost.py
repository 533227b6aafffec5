# SPDX-License-Identifier: Apache-2.0
"""What one get_json and one relaxed step cost from Python. No pass condition: see tests/bindings.

    cost.py FOLDER
"""

import sys
import time
from uuid import UUID

import milepost
from milepost import commands

RUNS = 20_000
READS = 300_000


def id_of(number):
    return UUID(int=number | 0x7000_8000_0000_0000_0000)


def main(folder):
    with milepost.Tracker(folder, durability=milepost.Durability.RELAXED) as tracker:
        for start in range(0, RUNS, 10_000):
            tracker.apply(commands.create(milepost.NIL, milepost.NIL, run_id=id_of(n))
                          for n in range(start, start + 10_000))
        last, ids = id_of(RUNS - 1), [id_of(n) for n in range(RUNS)]
        began = time.perf_counter_ns()
        for _ in range(READS):
            tracker.get_json(last)
        read = (time.perf_counter_ns() - began) / READS
        began = time.perf_counter_ns()
        for run_id in ids:
            tracker.start(run_id)
        step = (time.perf_counter_ns() - began) / RUNS
    print(f"Python get_json {read:5.0f} ns   relaxed step {step:6.0f} ns")


if __name__ == "__main__":
    main(sys.argv[1])
