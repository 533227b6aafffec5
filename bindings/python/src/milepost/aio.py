# SPDX-License-Identifier: Apache-2.0
"""The tracker for asyncio: what may wait for a disk is awaited, and the event loop goes on.

    async with await milepost.aio.open("runs") as tracker:
        outcome = await tracker.create(journey, profile)

Calls run on threads of the tracker's own, so that commands awaited together share a commit.
get_json() and get() take microseconds and are plain calls. Cancelling an await does not take back
a command on its way: repeat it to learn what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from .errors import BusyError, CancelledError, ClosedError
from .tracker import Tracker
from .values import Change, Filter, Order, Run

_P = ParamSpec("_P")
_R = TypeVar("_R")
_EVERYTHING = Filter()
_FOREVER = 3600.0


def _awaited(method: Callable[Concatenate[Tracker, _P], _R]
             ) -> Callable[Concatenate[AsyncTracker, _P], Coroutine[Any, Any, _R]]:
    """The same method, run on one of the tracker's threads."""

    @wraps(method)
    async def call(self: AsyncTracker, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return await self._run(partial(method, self.tracker, *args, **kwargs))

    return call


class AsyncTracker:
    """A tracker whose calls are awaited; see Tracker for what each does.

    Any task of the event loop it is used on may call it. `tracker` is the one underneath.
    """

    def __init__(self, tracker: Tracker, *, threads: int = 32) -> None:
        self.tracker = tracker
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="milepost")

    async def _run(self, call: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def get(self, run_id: UUID, *, organization_id: UUID | None = None) -> Run | None:
        """The run, or None. A plain call."""
        return self.tracker.get(run_id, organization_id=organization_id)

    def get_json(self, run_id: UUID, organization_id: UUID | None = None) -> bytes:
        """The exact public response. A plain call."""
        return self.tracker.get_json(run_id, organization_id)

    create = _awaited(Tracker.create)
    start = _awaited(Tracker.start)
    complete = _awaited(Tracker.complete)
    fail = _awaited(Tracker.fail)
    exit = _awaited(Tracker.exit)
    adopt = _awaited(Tracker.adopt)
    heartbeat = _awaited(Tracker.heartbeat)
    apply = _awaited(Tracker.apply)
    get_many = _awaited(Tracker.get_many)
    list = _awaited(Tracker.list)
    list_json = _awaited(Tracker.list_json)
    counts = _awaited(Tracker.counts)
    changes = _awaited(Tracker.changes)
    snapshot = _awaited(Tracker.snapshot)
    wait = _awaited(Tracker.wait)
    orphans = _awaited(Tracker.orphans)
    expired = _awaited(Tracker.expired)
    purge = _awaited(Tracker.purge)
    erase_profile = _awaited(Tracker.erase_profile)
    bulk = _awaited(Tracker.bulk)
    import_runs = _awaited(Tracker.import_runs)
    fail_orphans = _awaited(Tracker.fail_orphans)
    verify = _awaited(Tracker.verify)
    backup = _awaited(Tracker.backup)
    flush = _awaited(Tracker.flush)
    stats = _awaited(Tracker.stats)

    async def runs(self, filter: Filter = _EVERYTHING, *, order: Order = Order.NEWEST_FIRST,
                   page_size: int = 1000) -> AsyncIterator[Run]:
        """All runs that a filter matches: `async for run in tracker.runs(...)`."""
        cursor = ""
        while True:
            page = await self.list(filter, limit=page_size, cursor=cursor, order=order)
            for run in page:
                yield run
            cursor = page.next
            if not cursor:
                return

    async def export_runs(self, *, organization_id: UUID | None = None) -> AsyncIterator[bytes]:
        """Every run as a line of JSON, in chunks of whole lines."""
        export = await self._run(partial(self.tracker.export_runs,
                                         organization_id=organization_id))
        try:
            while chunk := await self._run(lambda: next(export, b"")):
                yield chunk
        finally:
            export.close()

    async def subscribe(self, after: int = 0, *,
                        store_id: UUID | None = None) -> AsyncIterator[Change]:
        """The change feed for ever: `async for change in tracker.subscribe(position)`.

        Cancelling the task, or leaving the loop and closing the iterator, ends it.
        """
        subscription = await self._run(partial(self.tracker.subscribe, after, store_id=store_id))
        try:
            while True:
                try:
                    page = await self._run(partial(subscription.next, timeout=_FOREVER))
                except BusyError:
                    continue
                except (CancelledError, ClosedError):
                    return
                for change in page:
                    yield change
        finally:
            subscription.close()  # wakes the thread that waits

    async def close(self) -> None:
        """Closes the tracker; calls under way end. Twice is no error."""
        await asyncio.get_running_loop().run_in_executor(None, self.tracker.close)
        self._threads.shutdown(wait=False)

    async def __aenter__(self) -> AsyncTracker:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()


def _opened(make: Callable[_P, Tracker]) -> Callable[_P, Coroutine[Any, Any, AsyncTracker]]:
    """The same constructor, run on a thread."""

    async def call(*args: _P.args, **kwargs: _P.kwargs) -> AsyncTracker:
        return AsyncTracker(await asyncio.get_running_loop().run_in_executor(
            None, partial(make, *args, **kwargs)))

    return call


open = _opened(Tracker)
"""Opens a store as Tracker() does: `tracker = await milepost.aio.open("runs")`."""


__all__ = ["AsyncTracker", "open"]
