# SPDX-License-Identifier: Apache-2.0
"""The tracker: a store, opened."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from . import _native, commands
from .errors import ClosedError
from .reads import Reads, Snapshot
from .transfer import Export, Subscription, import_lines
from .values import (BulkAction, BulkReport, Command, CommandKind, Durability, Erasure,
                     Filter, Freshness, ImportReport, LogLevel, Outcome, Page, PurgeReport, Run,
                     error_bytes, instant_number, lease_number, outcome_of, page_of, run_of,
                     timeout_number)
from .works import Path, VerifyLevel, Watch, WorkReport, finish

_Self = TypeVar("_Self", bound="Tracker")

Log = Callable[[LogLevel, str], None]


def _whole(duration: timedelta | None, unit: timedelta) -> int | None:
    """A duration in whole units, rounded; None stays None, the default."""
    return None if duration is None else round(duration / unit)


_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


def _pump(ring: int, log: Log) -> None:
    while (line := _native.log_next(ring)) is not None:
        log(LogLevel(line[0]), line[1])


class Tracker(Reads):
    """A store, opened: `with Tracker("runs") as tracker:`. Thread-safe.

    Opens the store in `directory`, making it if need be, and recovers what a crash left behind.
    One writing process at a time opens a store, and once. After a fork the child's calls raise
    ForkedError: it opens its own tracker, read-only if the parent keeps writing.

    The options are those of the README's table, and None is the default there. `log` receives what
    an operator should know, from a thread of the package's own. `clock` is for tests: time stands
    still there until set_clock().
    """

    __slots__ = ("_ring", "_pump", "_closed", "_pid", "__weakref__")

    def __init__(self, directory: Path, *, create: bool = True, read_only: bool = False,
                 durability: Durability = Durability.DURABLE, wait_max: timedelta | None = None,
                 map_size_start: int | None = None, map_size_max: int | None = None,
                 readers_max: int | None = None, recent_bytes_max: int | None = None,
                 publish_interval: timedelta | None = None,
                 journal_segment_bytes: int | None = None, journal_bytes_max: int | None = None,
                 feed_retention: int | None = None,
                 idempotency_key_lifetime: timedelta | None = None,
                 snapshot_age_max: timedelta | None = None,
                 relaxed_delay_max: timedelta | None = None, relaxed_bytes_max: int | None = None,
                 allow_unsupported_filesystem: bool = False, log: Log | None = None,
                 clock: datetime | None = None) -> None:
        self._closed = True
        self._pid = os.getpid()
        options: dict[str, Any] = {
            "directory": os.fsencode(directory), "create": create, "read_only": read_only,
            "durability": durability, "wait_max_ms": _whole(wait_max, _MILLISECOND),
            "map_size_start": map_size_start, "map_size_max": map_size_max,
            "readers_max": readers_max, "recent_bytes_max": recent_bytes_max,
            "publish_interval_ms": _whole(publish_interval, _MILLISECOND),
            "journal_segment_bytes": journal_segment_bytes, "journal_bytes_max": journal_bytes_max,
            "feed_retention": feed_retention,
            "idempotency_key_lifetime_s": _whole(idempotency_key_lifetime, _SECOND),
            "snapshot_age_max_ms": _whole(snapshot_age_max, _MILLISECOND),
            "relaxed_delay_max_ms": _whole(relaxed_delay_max, _MILLISECOND),
            "relaxed_bytes_max": relaxed_bytes_max,
            "allow_unsupported_filesystem": allow_unsupported_filesystem,
            "manual_clock": clock is not None, "clock": instant_number(clock)}
        made = {name: value for name, value in options.items() if value is not None}
        self._ring = 0 if log is None else _native.log_new()
        self._pump: threading.Thread | None = None
        if log is not None:
            self._pump = threading.Thread(target=_pump, args=(self._ring, log), daemon=True,
                                          name="milepost-log")
            self._pump.start()
        try:
            self._handle = _native.open(made, self._ring)
        except BaseException:
            self._end_log()
            raise
        self._closed = False

    def _end_log(self) -> None:
        if self._ring and self._pid == os.getpid():  # a forked child has no such thread
            _native.log_end(self._ring)
            if self._pump is not None and self._pump is not threading.current_thread():
                self._pump.join()

    def close(self) -> None:
        """Publishes, and releases every resource and the writer's lock. Twice is no error.

        Calls that run are woken and end; later ones raise ClosedError. An error is one of the last
        publishing, whose effects the next open recovers; the tracker is closed all the same.
        """
        if self._closed:
            return
        self._closed = True
        try:
            _native.close(self._handle)
        except ClosedError:  # another thread was first
            pass
        finally:
            self._end_log()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._pid == os.getpid():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            try:
                self.close()
            except Exception:  # there is nobody to tell; the next open recovers
                pass

    # --- commands: each is durable when its call returns ------------------------------------------

    def create(self, journey_id: UUID, profile_id: UUID, *, run_id: UUID | None = None,
               organization_id: UUID | None = None, triggered_at: datetime | None = None,
               idempotency_key: str | bytes | None = None,
               timeout: float | None = None) -> Outcome:
        """Makes a run, in status queued."""
        command = commands.create(journey_id, profile_id, run_id=run_id,
                                  organization_id=organization_id, triggered_at=triggered_at,
                                  idempotency_key=idempotency_key)
        return outcome_of(_native.command(self._handle, command._native(),
                                          timeout_number(timeout)))

    def start(self, run_id: UUID, *, owner: str | None = None, lease: timedelta | None = None,
              organization_id: UUID | None = None, timeout: float | None = None) -> Outcome:
        """queued to running. Of two callers racing exactly one is told `applied`."""
        return self._step(CommandKind.START, run_id, organization_id, owner, None, lease, timeout)

    def complete(self, run_id: UUID, *, owner: str | None = None,
                 fencing_token: int | None = None, organization_id: UUID | None = None,
                 timeout: float | None = None) -> Outcome:
        """running to completed."""
        return self._step(CommandKind.COMPLETE, run_id, organization_id, owner, fencing_token,
                          None, timeout)

    def fail(self, run_id: UUID, error: str | bytes = "", *, owner: str | None = None,
             fencing_token: int | None = None, only_if_expired: bool = False,
             organization_id: UUID | None = None, timeout: float | None = None) -> Outcome:
        """queued or running to failed, with a text for people; one past 4,096 bytes is cut."""
        return self._step(CommandKind.FAIL, run_id, organization_id, owner, fencing_token, None,
                          timeout, only_if_expired, error_bytes(error))

    def exit(self, run_id: UUID, *, owner: str | None = None, fencing_token: int | None = None,
             organization_id: UUID | None = None, timeout: float | None = None) -> Outcome:
        """queued or running to exited."""
        return self._step(CommandKind.EXIT, run_id, organization_id, owner, fencing_token, None,
                          timeout)

    def adopt(self, run_id: UUID, *, owner: str | None = None, fencing_token: int | None = None,
              lease: timedelta | None = None, only_if_expired: bool = False,
              organization_id: UUID | None = None, timeout: float | None = None) -> Outcome:
        """running, under a new owner with a larger token: its owner died or fell silent."""
        return self._step(CommandKind.ADOPT, run_id, organization_id, owner, fencing_token, lease,
                          timeout, only_if_expired)

    def heartbeat(self, run_id: UUID, lease: timedelta, *, owner: str | None = None,
                  fencing_token: int | None = None, organization_id: UUID | None = None,
                  timeout: float | None = None) -> Outcome:
        """Begins the run's lease anew. Stores nothing."""
        return self._step(CommandKind.HEARTBEAT, run_id, organization_id, owner, fencing_token,
                          lease, timeout)

    def _step(self, kind: CommandKind, run_id: UUID, organization_id: UUID | None,
              owner: str | None, fencing_token: int | None, lease: timedelta | None,
              timeout: float | None, only_if_expired: bool = False,
              error: bytes | None = None) -> Outcome:
        return outcome_of(_native.step(
            self._handle, kind, run_id, organization_id, owner, fencing_token, lease_number(lease),
            only_if_expired, error, timeout_number(timeout)))

    def apply(self, batch: Iterable[Command], *,
              timeout: float | None = None) -> tuple[Outcome, ...]:
        """Up to 10,000 commands in order, as one durable commit, all or none on a crash.

        One outcome each; a refused command changes nothing and spoils nothing.
        """
        made = tuple(command._native() for command in batch)
        return tuple(map(outcome_of, _native.apply(self._handle, made, timeout_number(timeout))))

    # --- waiting, snapshots, the feed -------------------------------------------------------------

    def wait(self, run_id: UUID, *, organization_id: UUID | None = None,
             timeout: float | None = None) -> Run:
        """Waits until the run is final; woken by the commit. BusyError when the time ran out."""
        return run_of(_native.wait(self._handle, run_id, organization_id, timeout_number(timeout)))

    def snapshot(self, *, freshness: Freshness = Freshness.LATEST,
                 timeout: float | None = None) -> Snapshot:
        """One moment of the store: `with tracker.snapshot() as moment:`."""
        return Snapshot(_native.snapshot(self._handle, freshness, timeout_number(timeout)))

    def subscribe(self, after: int = 0, *, store_id: UUID | None = None) -> Subscription:
        """The feed as it is published, from behind `after`; FROM_NOW: only what is to come."""
        return Subscription(_native.subscribe(self._handle, after, store_id))

    # --- upkeep -----------------------------------------------------------------------------------

    def orphans(self, *, limit: int = 100, cursor: str = "",
                timeout: float | None = None) -> Page:
        """One page of the runs that are running under a process that is gone."""
        return page_of(_native.orphans(
            self._handle, (0, 0, limit, cursor, timeout_number(timeout))))

    def expired(self, *, limit: int = 1000) -> tuple[Run, ...]:
        """Running runs whose lease has run out, longest overdue first."""
        return page_of(_native.expired(self._handle, limit)).runs

    def purge(self, completed_before: datetime, *, organization_id: UUID | None = None,
              limit: int = 1000, cursor: str = "", dry_run: bool = False,
              timeout: float | None = None) -> PurgeReport:
        """One step of retention: removes finished runs; `next` of the report goes on."""
        before = instant_number(completed_before)
        if before is None:
            raise TypeError("a datetime is wanted")
        return PurgeReport(*_native.purge(self._handle, before, organization_id, limit, cursor,
                                          dry_run, timeout_number(timeout)))

    def erase_profile(self, profile_id: UUID, *, organization_id: UUID | None = None,
                      timeout: float | None = None) -> Erasure:
        """Erases every run of a profile, and blanks what the change feed says of them."""
        return Erasure(*_native.erase_profile(self._handle, profile_id, organization_id,
                                              timeout_number(timeout)))

    def bulk(self, filter: Filter, action: BulkAction = BulkAction.EXIT, *, error: str = "",
             limit: int = 1000, cursor: str = "", dry_run: bool = False,
             timeout: float | None = None) -> BulkReport:
        """One step of failing or exiting all runs that a filter matches."""
        matched, applied, after, sample = _native.bulk(
            self._handle, filter._native(), action, error_bytes(error), limit, cursor, dry_run,
            timeout_number(timeout))
        return BulkReport(matched, applied, after, tuple(map(run_of, sample)))

    def export_runs(self, *, organization_id: UUID | None = None,
                    freshness: Freshness = Freshness.LATEST) -> Export:
        """Every run as a line of JSON: `file.writelines(tracker.export_runs())`."""
        return Export(_native.export_runs(self._handle, organization_id, freshness))

    def import_runs(self, source: BinaryIO | Iterable[bytes], *,
                    timeout: float | None = None) -> ImportReport:
        """Imports lines such as an export writes, from a binary file or chunks of bytes."""
        return import_lines(self._handle, source, timeout)

    def fail_orphans(self, error: str | bytes, *, limit: int = 1000,
                     timeout: float | None = None) -> tuple[int, bool]:
        """One step of failing all orphans: how many it failed, and whether to call again."""
        return _native.fail_orphans(self._handle, error_bytes(error), limit,
                                    timeout_number(timeout))

    def verify(self, level: VerifyLevel = VerifyLevel.RECORDS, *, progress: Watch = None,
               timeout: float | None = None) -> WorkReport:
        """Verifies the store as it is at one moment, while others go on."""
        return finish(_native.tracker_verify(self._handle, level, timeout_number(timeout)),
                      progress)

    def backup(self, to: Path, *, compact: bool = False, progress: Watch = None,
               timeout: float | None = None) -> WorkReport:
        """Copies the store as it is at one moment to a new folder, which appears all at once."""
        return finish(_native.tracker_backup(self._handle, os.fsencode(to), compact,
                                             timeout_number(timeout)), progress)

    def flush(self, *, timeout: float | None = None) -> None:
        """Makes everything acknowledged so far visible to other processes."""
        _native.flush(self._handle, timeout_number(timeout))

    def stats(self) -> dict[str, Any]:
        """What an operator wants to know, by name; `prometheus` has it as a page of text."""
        return _native.stats(self._handle)

    @property
    def store_id(self) -> UUID:
        """The id of the store; a restored backup has another."""
        return _native.store_id(self._handle)

    @property
    def unpublished(self) -> int:
        """Effects that other processes cannot see yet."""
        return _native.unpublished(self._handle)

    def set_clock(self, instant: datetime) -> None:
        """For tests: sets the clock of a tracker that was opened with `clock`."""
        number = instant_number(instant)
        if number is None:
            raise TypeError("a datetime is wanted")
        _native.set_clock(self._handle, number)
