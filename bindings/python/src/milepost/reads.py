# SPDX-License-Identifier: Apache-2.0
"""What a tracker and a snapshot can be asked alike, and the snapshot itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar
from uuid import UUID

from . import _native
from .values import (Change, ChangePage, Counts, Filter, Freshness, JsonPage, Order, Page, Run,
                     changes_of, page_of, run_of, timeout_number)

_Self = TypeVar("_Self", bound="Snapshot")
_EVERYTHING = Filter()


class Reads:
    """The reads. `freshness` and `timeout` have no meaning in a snapshot."""

    __slots__ = ("_handle",)
    _is_snapshot = False
    _handle: int

    def get(self, run_id: UUID, *, organization_id: UUID | None = None) -> Run | None:
        """The run, or None if the organization has none of that id."""
        made = _native.get(self._is_snapshot, self._handle, run_id, organization_id)
        return None if made is None else run_of(made)

    def get_json(self, run_id: UUID, organization_id: UUID | None = None) -> bytes:
        """The exact public response. NotFoundError if the organization has no such run."""
        return _native.get_json(self._is_snapshot, self._handle, run_id, organization_id)

    def get_many(self, run_ids: Iterable[UUID], *,
                 organization_id: UUID | None = None) -> tuple[Run | None, ...]:
        """Up to 10,000 runs as they were at one moment, in the order asked for."""
        made, _ = _native.get_many(self._is_snapshot, self._handle, tuple(run_ids),
                                   organization_id)
        return tuple(None if run is None else run_of(run) for run in made)

    def list(self, filter: Filter = _EVERYTHING, *, limit: int = 100, cursor: str = "",
             order: Order = Order.NEWEST_FIRST, freshness: Freshness = Freshness.LATEST,
             timeout: float | None = None) -> Page:
        """One page of the runs that a filter matches. `cursor` is `next` of the page before."""
        return page_of(_native.list(
            self._is_snapshot, self._handle, filter._native(),
            (order, freshness, limit, cursor, timeout_number(timeout))))

    def list_json(self, filter: Filter = _EVERYTHING, *, limit: int = 100, cursor: str = "",
                  order: Order = Order.NEWEST_FIRST, freshness: Freshness = Freshness.LATEST,
                  timeout: float | None = None) -> JsonPage:
        """The same with each run as its public response, in one JSON array."""
        return JsonPage(*_native.list_json(
            self._is_snapshot, self._handle, filter._native(),
            (order, freshness, limit, cursor, timeout_number(timeout))))

    def runs(self, filter: Filter = _EVERYTHING, *, order: Order = Order.NEWEST_FIRST,
             page_size: int = 1000) -> Iterator[Run]:
        """All runs that a filter matches, page by page. None comes twice, none is skipped."""
        cursor = ""
        while True:
            page = self.list(filter, limit=page_size, cursor=cursor, order=order)
            yield from page
            cursor = page.next
            if not cursor:
                return

    def counts(self, *, organization_id: UUID | None = None, journey_id: UUID | None = None,
               freshness: Freshness = Freshness.LATEST, timeout: float | None = None) -> Counts:
        """Runs per status, exact: of everybody, an organization, or a journey."""
        return Counts(*_native.counts(self._is_snapshot, self._handle, organization_id, journey_id,
                                      freshness, timeout_number(timeout)))

    def changes(self, after: int = 0, *, limit: int = 1000, store_id: UUID | None = None,
                freshness: Freshness = Freshness.LATEST,
                timeout: float | None = None) -> ChangePage:
        """One page of the change feed, behind the sequence `after`."""
        return changes_of(_native.changes(self._is_snapshot, self._handle, after, limit, store_id,
                                          freshness, timeout_number(timeout)))

    def history(self, after: int = 0, *, page_size: int = 1000) -> Iterator[Change]:
        """All changes behind `after` that there are now; it ends, unlike a subscription."""
        newest = None
        while True:
            page = self.changes(after, limit=page_size)
            newest = page.newest if newest is None else newest
            for change in page:
                if change.sequence > newest:
                    return
                yield change
            if not page.changes or page.next >= newest:
                return
            after = page.next


class Snapshot(Reads):
    """One moment of a store, from which all reads agree: `with tracker.snapshot() as moment:`.

    It keeps old pages from being reused, so end it soon; after `snapshot_age_max` its calls raise
    SnapshotExpiredError. One thread at a time.
    """

    __slots__ = ("__weakref__",)
    _is_snapshot = True

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @property
    def sequence(self) -> int:
        """The last sequence this moment holds."""
        return _native.snapshot_sequence(self._handle)

    def close(self) -> None:
        """Ends the snapshot; what was read from it stays. Twice is no error."""
        _native.snapshot_free(self._handle)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            _native.snapshot_free(handle)
