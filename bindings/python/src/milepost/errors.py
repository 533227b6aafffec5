# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as exceptions.

What the state machine answers in the ordinary course (conflict, illegal, not found) is an Outcome
and no exception. An argument of the wrong type is a TypeError, as everywhere.
"""

from __future__ import annotations

import enum

from . import _native


class ErrorCode(enum.IntEnum):
    """The numbers of the C ABI; they never change meaning."""

    INVALID_ARGUMENT = -1
    NOT_FOUND = -2
    BUSY = -3
    OUTCOME_UNKNOWN = -4
    READ_ONLY = -5
    CLOSED = -6
    ALREADY_OPEN = -7
    LOCKED = -8
    FORKED = -9
    NEEDS_REOPEN = -10
    SNAPSHOT_EXPIRED = -11
    TOO_OLD = -12
    OTHER_STORE = -13
    CANCELLED = -14
    DISK_FULL = -15
    MAP_FULL = -16
    READERS_FULL = -17
    PID_CLASH = -18
    UNSUPPORTED_FILESYSTEM = -19
    PERMISSION = -20
    NOT_A_DATABASE = -21
    VERSION = -22
    CORRUPT = -23
    IO = -24
    OUT_OF_MEMORY = -25
    OUT_OF_ADDRESS_SPACE = -26
    INTERNAL = -27

    def __str__(self) -> str:
        return self.name.lower()


class Applied(enum.IntEnum):
    """Whether a call that failed changed the store all the same."""

    NO = 0
    YES = 1
    UNKNOWN = 2


class MilepostError(Exception):
    """A call failed. `str(error)` says about what, what was wrong, and what to do."""

    code: ErrorCode
    system: int
    """`errno` or LMDB's number; 0 when there is none."""
    applied: Applied
    retry_safe: bool
    """Whether the same call may simply be made again."""
    message: str

    def __init__(self, code: ErrorCode | int, system: int, applied: Applied | int,
                 retry_safe: bool, message: str) -> None:
        super().__init__(message)
        self.code = ErrorCode(code)
        self.system = system
        self.applied = Applied(applied)
        self.retry_safe = retry_safe
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[type[MilepostError], tuple[ErrorCode, int, Applied, bool, str]]:
        return type(self), (self.code, self.system, self.applied, self.retry_safe, self.message)


class InvalidArgumentError(MilepostError, ValueError):
    """An argument breaks a documented rule; nothing was done."""


class NotFoundError(MilepostError, LookupError):
    """No such store, file, or (get_json, wait) run."""


class BusyError(MilepostError, TimeoutError):
    """The time ran out first; nothing was done."""


class OutcomeUnknownError(MilepostError):
    """The command may or may not survive; repeat it to learn."""


class ClosedError(MilepostError):
    """The tracker, snapshot or subscription was closed."""


class ForkedError(MilepostError):
    """The tracker was opened by a parent process: open a new one in this process."""


class CancelledError(MilepostError):
    """The subscription was stopped."""


class OpenError(MilepostError):
    """The store cannot be opened; the subclasses say why."""


class AlreadyOpenError(OpenError):
    """This process already has the store open."""


class LockedError(OpenError):
    """Another process, which the message names, writes to the store."""


class NotADatabaseError(OpenError):
    """The folder holds something else."""


class VersionError(OpenError):
    """The store was written by an incompatible version."""


class UnsupportedFilesystemError(OpenError):
    """The store lies on a network or user-space file system."""


class PidClashError(OpenError):
    """Two processes share a pid number (pid namespaces)."""


class OutOfAddressSpaceError(OpenError):
    """The map does not fit; lower `map_size_max`."""


class PermissionDeniedError(MilepostError, PermissionError):
    """The operating system refused access."""


class ReadOnlyError(MilepostError):
    """A write on a tracker that was opened read-only."""


class PositionError(MilepostError):
    """A cursor, position or snapshot cannot be used any more."""


class SnapshotExpiredError(PositionError):
    """The snapshot grew older than `snapshot_age_max`."""


class TooOldError(PositionError):
    """The feed no longer holds that position."""


class OtherStoreError(PositionError):
    """The position or cursor belongs to another store."""


class StorageError(MilepostError):
    """The storage fails; the subclasses say how."""


class DiskFullError(StorageError):
    """The disk is full."""


class MapFullError(StorageError):
    """The store reached `map_size_max`."""


class ReadersFullError(StorageError):
    """All reader slots are taken."""


class NeedsReopenError(StorageError):
    """Close and open the tracker before it can go on."""


class CorruptError(StorageError):
    """Stored bytes fail their checks."""


class IoError(StorageError):
    """The operating system reported an I/O error."""


class OutOfMemoryError(MilepostError, MemoryError):
    """Memory ran out."""


class InternalError(MilepostError):
    """A broken invariant inside the library; please report it."""


CLASSES: dict[ErrorCode, type[MilepostError]] = {
    ErrorCode.INVALID_ARGUMENT: InvalidArgumentError,
    ErrorCode.NOT_FOUND: NotFoundError,
    ErrorCode.BUSY: BusyError,
    ErrorCode.OUTCOME_UNKNOWN: OutcomeUnknownError,
    ErrorCode.READ_ONLY: ReadOnlyError,
    ErrorCode.CLOSED: ClosedError,
    ErrorCode.ALREADY_OPEN: AlreadyOpenError,
    ErrorCode.LOCKED: LockedError,
    ErrorCode.FORKED: ForkedError,
    ErrorCode.NEEDS_REOPEN: NeedsReopenError,
    ErrorCode.SNAPSHOT_EXPIRED: SnapshotExpiredError,
    ErrorCode.TOO_OLD: TooOldError,
    ErrorCode.OTHER_STORE: OtherStoreError,
    ErrorCode.CANCELLED: CancelledError,
    ErrorCode.DISK_FULL: DiskFullError,
    ErrorCode.MAP_FULL: MapFullError,
    ErrorCode.READERS_FULL: ReadersFullError,
    ErrorCode.PID_CLASH: PidClashError,
    ErrorCode.UNSUPPORTED_FILESYSTEM: UnsupportedFilesystemError,
    ErrorCode.PERMISSION: PermissionDeniedError,
    ErrorCode.NOT_A_DATABASE: NotADatabaseError,
    ErrorCode.VERSION: VersionError,
    ErrorCode.CORRUPT: CorruptError,
    ErrorCode.IO: IoError,
    ErrorCode.OUT_OF_MEMORY: OutOfMemoryError,
    ErrorCode.OUT_OF_ADDRESS_SPACE: OutOfAddressSpaceError,
    ErrorCode.INTERNAL: InternalError,
}


def _make(code: int, system: int, applied: int, retry_safe: bool, message: str) -> MilepostError:
    try:
        known = ErrorCode(code)
    except ValueError:  # a code that a newer library has and this package does not know
        return InternalError(ErrorCode.INTERNAL, system, applied, retry_safe,
                             f"unknown code {code}: {message}")
    return CLASSES[known](known, system, applied, retry_safe, message)


_native.set_error_factory(_make)
