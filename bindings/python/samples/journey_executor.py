#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small host: journey_executor.py DIRECTORY [RUNS]. It creates runs, executes them on threads,
and picks up after a crash what it finds unfinished. Run it twice: nothing is made or done twice.
"""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from uuid import UUID

import milepost
from milepost import Filter, Order, Run, RunStatus, Tracker, commands

FIRST = datetime(2023, 11, 7, 5, 31, 56, tzinfo=timezone.utc)
STEPS = ("check consent", "render template", "send mail")
ERRORS = ("mailbox full", "550 5.1.1 Recipient address rejected: User unknown")


def made_up(kind: str, number: int) -> UUID:
    """An id that follows from its arguments, so that the same sample makes nothing twice."""
    return UUID(bytes=hashlib.sha256(f"{kind} {number}".encode()).digest()[:16], version=4)


def create_runs(tracker: Tracker, count: int, batch: int = 500) -> int:
    """Batches share one durable commit; `unchanged` is a run of an earlier time."""
    made = 0
    for start in range(0, count, batch):
        outcomes = tracker.apply(
            commands.create(made_up("journey", n % 8), made_up("profile", n % (count - count // 4)),
                            run_id=made_up("run", n), triggered_at=FIRST + timedelta(seconds=n))
            for n in range(start, min(start + batch, count)))
        made += sum(outcome.applied for outcome in outcomes)
    return made


def execute(tracker: Tracker, run: Run, owner: str) -> bool:
    """Claims a run and ends it; False if somebody else has it, or has done it already."""
    if run.status is RunStatus.RUNNING:  # an orphan: the token proves nobody adopted it since
        claim = tracker.adopt(run.run_id, owner=owner, fencing_token=run.fencing_token)
    else:
        claim = tracker.start(run.run_id, owner=owner)
    if not claim.applied:
        return False
    token = claim.require().fencing_token
    for number, _ in enumerate(STEPS):
        dice = hashlib.sha256(f"{run.profile_id} {number}".encode()).digest()[0]
        if dice < 8:  # the recipient left the journey
            return tracker.exit(run.run_id, owner=owner, fencing_token=token).applied
        if dice < 20:
            error = ERRORS[dice % len(ERRORS)]
            return tracker.fail(run.run_id, error, owner=owner, fencing_token=token).applied
    return tracker.complete(run.run_id, owner=owner, fencing_token=token).applied


def main(directory: str, count: int = 2000, workers: int = 8) -> None:
    with Tracker(directory) as tracker, ThreadPoolExecutor(workers) as pool:
        print(f"created {create_runs(tracker, count)} of {count}")
        orphans = tracker.orphans(limit=1000).runs
        queued = tracker.runs(Filter(statuses=[RunStatus.QUEUED]), order=Order.OLDEST_FIRST)
        work = [*orphans, *queued]
        done = pool.map(lambda job: execute(tracker, job[1], f"worker-{job[0] % workers}"),
                        enumerate(work))
        print(f"executed {sum(done)} of {len(work)}, {len(orphans)} of them orphans")
        print(tracker.counts())
        for status in (s for s in RunStatus if s.final):
            print(tracker.list_json(Filter(statuses=[status]), limit=1).json.decode())


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"{(__doc__ or '').strip()}\nmilepost {milepost.__version__}")
    main(sys.argv[1], *map(int, sys.argv[2:]))
