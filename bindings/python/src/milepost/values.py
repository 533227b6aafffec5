# SPDX-License-Identifier: Apache-2.0
"""The values that go in and come out. All are frozen: a Run is the run as it was at one moment."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID

from . import _native
from .errors import ErrorCode, InvalidArgumentError

NIL = UUID(int=0)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)


class _Named(enum.IntEnum):
    """Prints as the public response and the C ABI write it."""

    def __str__(self) -> str:
        return self.name.lower()


class RunStatus(_Named):
    """Where a run stands."""

    QUEUED = 0
    RUNNING = 1
    COMPLETED = 2
    FAILED = 3
    EXITED = 4

    @property
    def final(self) -> bool:
        """Whether it never changes any more."""
        return self >= RunStatus.COMPLETED


class OutcomeKind(_Named):
    """What became of a command."""

    CREATED = 0
    APPLIED = 1
    UNCHANGED = 2
    ILLEGAL = 3
    CONFLICT = 4
    NOT_FOUND = 5


class CommandKind(_Named):
    """What may be done to a run."""

    CREATE = 1
    START = 2
    COMPLETE = 3
    FAIL = 4
    EXIT = 5
    ADOPT = 6
    HEARTBEAT = 7
    IMPORT = 8


class ChangeKind(_Named):
    """What happened to a run."""

    CREATED = 0
    STARTED = 1
    COMPLETED = 2
    FAILED = 3
    EXITED = 4
    ADOPTED = 5
    IMPORTED = 6
    PURGED = 7
    ERASED = 8
    PROFILE_ERASED = 9
    BLANKED = 10


class Order(_Named):
    """By the time of the trigger; equal times by run id."""

    NEWEST_FIRST = 0
    OLDEST_FIRST = 1


class Freshness(_Named):
    """Which moment a read of many runs is of."""

    LATEST = 0
    PUBLISHED = 1


class BulkAction(_Named):
    """What a bulk step does to the runs that match."""

    FAIL = 0
    EXIT = 1


class Durability(_Named):
    """What an acknowledgement means."""

    DURABLE = 0
    RELAXED = 1


class LogLevel(_Named):
    """How grave a log line is."""

    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was at one moment."""

    run_id: UUID
    journey_id: UUID
    profile_id: UUID
    organization_id: UUID
    status: RunStatus
    triggered_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    """Exactly while the status is failed."""
    owner: str
    fencing_token: int
    """Grows with each owner; 0 until started."""
    sequence: int
    """Of the last effect on the run."""

    def to_json(self) -> bytes:
        """The exact public response for the run as it is here."""
        ended = None if self.completed_at is None else format_instant(self.completed_at)
        return json.dumps({
            "runId": str(self.run_id), "journeyId": str(self.journey_id),
            "profileId": str(self.profile_id), "status": str(self.status),
            "triggeredAt": format_instant(self.triggered_at), "completedAt": ended,
            "error": self.error}, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one command; `run` is the run as it is now, None if there is no such run."""

    kind: OutcomeKind
    run: Run | None

    @property
    def applied(self) -> bool:
        """Whether this very call did it."""
        return self.kind <= OutcomeKind.APPLIED

    @property
    def holds(self) -> bool:
        """Whether it is so now: applied, or unchanged."""
        return self.kind <= OutcomeKind.UNCHANGED

    def require(self) -> Run:
        """The run, if the command holds; else an OutcomeError that says what stood against it."""
        if not self.holds or self.run is None:
            raise OutcomeError(self)
        return self.run


class OutcomeError(Exception):
    """Raised by Outcome.require() only: the store refused a command in the ordinary course."""

    def __init__(self, outcome: Outcome) -> None:
        run = outcome.run
        state = "there is no such run" if run is None else f"run {run.run_id} is {run.status}"
        super().__init__(f"{outcome.kind}: {state}")
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the feed; `run` is the run as this change left it.

    Of a run that was purged or erased only `run_id` is known, of a profile that was erased only
    `profile_id` and `organization_id`; all else in `run` is zero then.
    """

    kind: ChangeKind
    sequence: int
    run: Run


@dataclass(frozen=True, slots=True)
class Page:
    """Runs, and the cursor of the next page; empty when this is the last one."""

    runs: tuple[Run, ...]
    next: str

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


@dataclass(frozen=True, slots=True)
class JsonPage:
    """One JSON array of public responses, how many are in it, and the cursor of the next page."""

    json: bytes
    count: int
    next: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes, and where the page stands."""

    changes: tuple[Change, ...]
    next: int
    """`after` of the next page."""
    newest: int
    """The last sequence of the moment the page is of."""
    store_id: UUID

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)


@dataclass(frozen=True, slots=True)
class Counts:
    """Runs per status."""

    queued: int
    running: int
    completed: int
    failed: int
    exited: int

    @property
    def total(self) -> int:
        return self.queued + self.running + self.completed + self.failed + self.exited


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a step of a purge did; `next` is empty when nothing is left to remove."""

    removed: int
    next: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, and what remains of it where."""

    runs: int
    changes_blanked: int
    sequence: int
    through: int  # every run of the profile made up to this sequence is gone
    journal_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What a bulk step did; `sample` has the first few runs of a dry run."""

    matched: int
    applied: int
    next: str
    sample: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; `problems` are the refused lines, by number and reason."""

    lines: int
    created: int
    unchanged: int
    refused: int
    problems: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs: every member that is given must fit."""

    organization_id: UUID | None = None
    """None: the nil organization."""
    journey_id: UUID | None = None
    profile_id: UUID | None = None
    statuses: Collection[RunStatus] = field(default=tuple(RunStatus))
    triggered_from: datetime | None = None
    """This instant is in."""
    triggered_to: datetime | None = None
    """This one is not."""

    def _native(self) -> tuple[object, ...]:
        mask = 0
        for status in self.statuses:
            mask |= 1 << RunStatus(status)
        return (mask, self.organization_id, self.journey_id, self.profile_id,
                instant_number(self.triggered_from), instant_number(self.triggered_to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a batch. Make it with the functions in `milepost.commands`."""

    kind: CommandKind
    run_id: UUID | None = None
    journey_id: UUID | None = None
    profile_id: UUID | None = None
    organization_id: UUID | None = None
    triggered_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    fencing_token: int | None = None
    lease: timedelta | None = None
    owner: str | None = None
    idempotency_key: str | bytes | None = None
    error: str | bytes | None = None
    status: RunStatus | None = None
    only_if_expired: bool = False

    def _native(self) -> tuple[object, ...]:
        return (self.kind, self.run_id, self.journey_id, self.profile_id, self.organization_id,
                instant_number(self.triggered_at), instant_number(self.started_at),
                instant_number(self.completed_at), self.fencing_token, lease_number(self.lease),
                self.owner, self.idempotency_key, error_bytes(self.error),
                0 if self.status is None else self.status, self.only_if_expired)


def instant_number(instant: datetime | None) -> int | None:
    """Microseconds since the epoch. A naive datetime is refused: it names no instant."""
    if instant is None:
        return None
    if not isinstance(instant, datetime):
        raise TypeError(f"a datetime is wanted, not {type(instant).__name__}")
    if instant.tzinfo is None:
        raise TypeError("a datetime with a time zone is wanted, e.g. datetime.now(timezone.utc)")
    return (instant - _EPOCH) // _MICROSECOND


def format_instant(instant: datetime) -> str:
    """The text of an instant, with the fewest of 0, 3 or 6 fraction digits that lose nothing."""
    number = instant_number(instant)
    if number is None:
        raise TypeError("a datetime is wanted")
    return _native.format_instant(number)


def lease_number(lease: timedelta | None) -> int:
    """Milliseconds; 0 is none. What is given and rounds to none is refused."""
    if lease is None:
        return 0
    if not isinstance(lease, timedelta):
        raise TypeError(f"a timedelta is wanted, not {type(lease).__name__}")
    number = lease // _MILLISECOND
    if number <= 0:
        raise InvalidArgumentError(ErrorCode.INVALID_ARGUMENT, 0, 0, False,
                                   "lease: must be a millisecond or more.")
    return number


def timeout_number(seconds: float | None) -> int:
    """Milliseconds; None means the tracker's `wait_max`."""
    if seconds is None:
        return -1
    if seconds < 0:
        raise InvalidArgumentError(ErrorCode.INVALID_ARGUMENT, 0, 0, False,
                                   "timeout: must not be negative. Give 0 to never wait.")
    return int(min(seconds * 1000, 2.0**53))


def error_bytes(error: str | bytes | None) -> bytes | None:
    """What no UTF-8 can say, a lone surrogate, goes in as it is, to be replaced by the library."""
    return error.encode("utf-8", "surrogatepass") if isinstance(error, str) else error


_STATUSES = tuple(RunStatus)
_OUTCOMES = tuple(OutcomeKind)


def run_of(made: _native.RunTuple) -> Run:
    return Run(made[0], made[1], made[2], made[3], _STATUSES[made[4]], made[5], made[6], made[7],
               made[8], made[9], made[10], made[11])


def outcome_of(made: tuple[int, _native.RunTuple | None]) -> Outcome:
    return Outcome(_OUTCOMES[made[0]], None if made[1] is None else run_of(made[1]))


def page_of(made: tuple[tuple[_native.RunTuple, ...], str]) -> Page:
    return Page(tuple(map(run_of, made[0])), made[1])


def changes_of(made: _native.ChangesTuple) -> ChangePage:
    changes = tuple(Change(ChangeKind(kind), sequence, run_of(run))
                    for kind, sequence, run in made[0])
    return ChangePage(changes, made[1], made[2], made[3])
