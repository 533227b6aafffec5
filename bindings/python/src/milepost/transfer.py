# SPDX-License-Identifier: Apache-2.0
"""What goes on for a while: subscriptions to the change feed, exports, imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from . import _native
from .errors import BusyError, CancelledError
from .values import Change, ChangePage, ImportReport, changes_of, timeout_number

_Self = TypeVar("_Self", bound="Subscription")

FROM_NOW = 2**64 - 1
"""As `after`: only what is published from now on."""

_FOREVER = 3600.0
_IMPORT_STEP = 1 << 20


class Subscription:
    """A place in the change feed: `for change in subscription` waits for ever, until stop().

    One thread at a time, except for stop() and position.
    """

    __slots__ = ("_handle", "__weakref__")

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def next(self, *, limit: int = 1000, timeout: float | None = None) -> ChangePage:
        """Waits for changes behind the last one delivered.

        BusyError when the time runs out first, CancelledError after stop().
        """
        return changes_of(_native.subscription_next(self._handle, limit, timeout_number(timeout)))

    def __iter__(self) -> Iterator[Change]:
        while True:
            try:
                page = self.next(timeout=_FOREVER)
            except BusyError:
                continue
            except CancelledError:
                return
            yield from page

    @property
    def position(self) -> int:
        """The sequence of the last change delivered: `after` for a later subscription.

        Iterating, the changes of a page count as delivered when its first one is yielded; keep
        `change.sequence` of the last one you are done with instead.
        """
        return _native.subscription_position(self._handle)

    def stop(self) -> None:
        """Ends a wait under way and every later one. Any thread."""
        _native.subscription_stop(self._handle)

    def close(self) -> None:
        """Stops and ends the subscription. Twice is no error."""
        _native.subscription_free(self._handle)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            _native.subscription_free(handle)


class Export:
    """Every run as a line of JSON, in chunks of whole lines: `file.writelines(export)`.

    Between chunks no snapshot is held. One thread at a time; close() ends it early.
    """

    __slots__ = ("_handle", "_done", "__weakref__")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._done = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self._done:
            lines, self._done = _native.export_step(self._handle)
            if lines:
                return lines
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Ends the export, finished or not. Twice is no error."""
        _native.export_free(self._handle)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            _native.export_free(handle)


def _steps(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _IMPORT_STEP):
            yield chunk[start:start + _IMPORT_STEP]


def import_lines(tracker: int, chunks: Iterable[bytes], timeout: float | None) -> ImportReport:
    """Imports chunks that may end anywhere."""
    operation = _native.import_runs(tracker)
    problems: list[tuple[int, str]] = []
    limit = timeout_number(timeout)
    try:
        for chunk in _steps(chunks):
            problems += _native.import_step(operation, chunk, False, limit)[4]
        lines, created, unchanged, refused, last = _native.import_step(operation, b"", True, limit)
        problems += last
    finally:
        _native.import_free(operation)
    return ImportReport(lines, created, unchanged, refused, tuple(problems))
