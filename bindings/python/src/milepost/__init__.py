# SPDX-License-Identifier: Apache-2.0
"""Milepost: tracks runs of customer journeys inside your own process, durably.

    from milepost import Tracker

    with Tracker("runs") as tracker:
        run = tracker.create(journey, profile).require()    # queued
        if tracker.start(run.run_id, owner="worker-7").applied:
            tracker.fail(run.run_id, "mailbox full").require()
        body = tracker.get_json(run.run_id)                  # the exact public response

A call raises a MilepostError; what the state machine answers (conflict, illegal, not found) is an
Outcome. `milepost.aio` has the same for asyncio.
"""

from . import commands, errors
from ._native import version as _version
from .errors import *  # noqa: F401,F403
from .errors import Applied, ErrorCode, MilepostError
from .reads import Snapshot
from .text import format_instant, parse_instant, parse_uuid
from .tracker import Tracker
from .transfer import FROM_NOW, Export, Subscription
from .values import (NIL, BulkAction, BulkReport, Change, ChangeKind, ChangePage, Command,
                     CommandKind, Counts, Durability, Erasure, Filter, Freshness, ImportReport,
                     JsonPage, LogLevel, Order, Outcome, OutcomeError, OutcomeKind, Page,
                     PurgeReport, Run, RunStatus)
from .works import Finding, Progress, VerifyLevel, WorkReport, repair, restore, verify

__version__ = _version()

__all__ = [
    "FROM_NOW", "NIL", "Applied", "BulkAction", "BulkReport", "Change", "ChangeKind",
    "ChangePage", "Command", "CommandKind", "Counts", "Durability", "Erasure", "ErrorCode",
    "Export", "Filter", "Finding", "Freshness", "ImportReport", "JsonPage", "LogLevel",
    "MilepostError", "Order", "Outcome", "OutcomeError", "OutcomeKind", "Page", "Progress",
    "PurgeReport", "Run", "RunStatus", "Snapshot", "Subscription", "Tracker", "VerifyLevel",
    "WorkReport", "commands", "errors", "format_instant", "parse_instant", "parse_uuid", "repair",
    "restore", "verify",
    *(cls.__name__ for cls in errors.CLASSES.values()),
]
