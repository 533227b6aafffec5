# SPDX-License-Identifier: Apache-2.0
"""Verify, backup, restore and repair.

Each does its work in steps. `progress`, which may be None, is called between them; what it raises
ends the work, which then has left nothing behind. So does a KeyboardInterrupt.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from . import _native

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class VerifyLevel(enum.IntEnum):
    """How deep a verify looks."""

    RECORDS = 0
    """Records, index rows, counters, keys, changes; the journal."""
    PAGES = 1
    """Before that every page: for files that are not trusted."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a work is: rows that it read, bytes that it copied."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a store."""

    kind: str
    """A stable name, e.g. `record_checksum`."""
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What a work found or did. Members that have no meaning for its kind are zero."""

    findings: tuple[Finding, ...]
    """Verify and repair; at most 1,000 are kept."""
    findings_count: int
    runs: int
    rows: int
    changes: int
    pages: int
    journaled: int
    """Effects that only the journal held."""
    sequence: int
    """The last effect held."""
    lost: int
    """Repair: records that failed their checks and were left behind."""
    bytes: int
    """Backup and restore: of the copy."""
    store_id: UUID
    """Restore: the id of the new store."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.findings_count == 0


Watch = Callable[[Progress], None] | None


def finish(work: int, progress: Watch) -> WorkReport:
    """Does a work that was begun, and frees it."""
    try:
        done = False
        while not done:
            done, rows, copied = _native.work_step(work)
            if progress is not None:
                progress(Progress(rows, copied))
        made = _native.work_report(work)
        return WorkReport(tuple(Finding(*one) for one in made[0]), *made[1:])
    finally:
        _native.work_free(work)


def verify(directory: Path, level: VerifyLevel = VerifyLevel.RECORDS, *,
           progress: Watch = None) -> WorkReport:
    """Verifies a store that no process has open for writing. Any file gets a report."""
    return finish(_native.directory_verify(os.fsencode(directory), level), progress)


def repair(source: Path, to: Path, *, progress: Watch = None) -> WorkReport:
    """Makes a new store at `to` from every run at `source` that is whole; `source` is only read."""
    return finish(_native.directory_repair(os.fsencode(source), os.fsencode(to)), progress)


def restore(backup: Path, directory: Path, *, replace: bool = False,
            progress: Watch = None) -> WorkReport:
    """Makes a store at `directory` from a backup, which is verified first.

    With `replace` a store that is there is moved to `<directory>.replaced`.
    """
    return finish(_native.backup_restore(os.fsencode(backup), os.fsencode(directory), replace),
                  progress)
