// SPDX-License-Identifier: Apache-2.0
//! What calls fail with.
use crate::kinds::{kinds, static_name};
use milepost_sys as sys;
use std::{fmt, io};

/// What every call of this crate yields.
pub type Result<T> = std::result::Result<T, Error>;

kinds! {
    /// Why a call failed. The numbers never change.
    ErrorCode {
        /// An argument breaks a documented rule; nothing was done.
        InvalidArgument = MILEPOST_E_INVALID_ARGUMENT,
        /// No such store, file or run.
        NotFound = MILEPOST_E_NOT_FOUND,
        /// The time ran out first; nothing was done.
        Busy = MILEPOST_E_BUSY,
        /// May or may not survive; repeat the command to learn.
        OutcomeUnknown = MILEPOST_E_OUTCOME_UNKNOWN,
        /// A write on a tracker that was opened read-only.
        ReadOnly = MILEPOST_E_READ_ONLY,
        /// The object was closed.
        Closed = MILEPOST_E_CLOSED,
        /// This process already has the store open.
        AlreadyOpen = MILEPOST_E_ALREADY_OPEN,
        /// Another process writes to the store.
        Locked = MILEPOST_E_LOCKED,
        /// Opened by a parent process; open a new one.
        Forked = MILEPOST_E_FORKED,
        /// Close and open the tracker before it can go on.
        NeedsReopen = MILEPOST_E_NEEDS_REOPEN,
        /// The snapshot is older than it may be.
        SnapshotExpired = MILEPOST_E_SNAPSHOT_EXPIRED,
        /// The feed no longer holds that position.
        TooOld = MILEPOST_E_TOO_OLD,
        /// The position or cursor belongs to another store.
        OtherStore = MILEPOST_E_OTHER_STORE,
        /// Somebody stopped it.
        Cancelled = MILEPOST_E_CANCELLED,
        /// The disk is full.
        DiskFull = MILEPOST_E_DISK_FULL,
        /// The store reached `map_size_max`.
        MapFull = MILEPOST_E_MAP_FULL,
        /// Every reader's slot is taken.
        ReadersFull = MILEPOST_E_READERS_FULL,
        /// Two processes share a pid number (pid namespaces).
        PidClash = MILEPOST_E_PID_CLASH,
        /// The file system is a network's or lives in user space.
        UnsupportedFilesystem = MILEPOST_E_UNSUPPORTED_FILESYSTEM,
        /// The system does not let us.
        Permission = MILEPOST_E_PERMISSION,
        /// The directory holds something else.
        NotADatabase = MILEPOST_E_NOT_A_DATABASE,
        /// Written by an incompatible version, or the library is one.
        Version = MILEPOST_E_VERSION,
        /// Stored bytes fail their checks.
        Corrupt = MILEPOST_E_CORRUPT,
        /// The system failed to read or write.
        Io = MILEPOST_E_IO,
        /// Memory ran out.
        OutOfMemory = MILEPOST_E_OUT_OF_MEMORY,
        /// Address space ran out.
        OutOfAddressSpace = MILEPOST_E_OUT_OF_ADDRESS_SPACE,
        /// A broken invariant inside the library; please report it.
        Internal = MILEPOST_E_INTERNAL,
    } else Internal
}

impl ErrorCode {
    /// The stable name, e.g. `disk_full`.
    pub fn name(self) -> &'static str {
        static_name(unsafe { sys::milepost_error_name(self as i32) })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether a call that failed changed the store all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Applied {
    /// It did not.
    No = sys::MILEPOST_APPLIED_NO,
    /// It did.
    Yes = sys::MILEPOST_APPLIED_YES,
    /// It may have.
    Unknown = sys::MILEPOST_APPLIED_UNKNOWN,
}

/// What went wrong. Its `source` is what the system said, if that was the cause.
#[derive(Debug)]
#[non_exhaustive]
pub struct Error {
    /// Why.
    pub code: ErrorCode,
    /// `errno` or LMDB's number, 0 when there is none.
    pub system: i32,
    /// Whether the call changed the store all the same.
    pub applied: Applied,
    /// Whether the same call may simply be made again.
    pub retry_safe: bool,
    /// What it is about, what was wrong, what to do.
    pub message: String,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        let (system, applied, message) = (0, Applied::No, message.into());
        Error { code, system, applied, retry_safe: false, message, source: None }
    }

    pub(crate) fn from_raw(raw: &sys::milepost_error) -> Error {
        let bytes: Vec<u8> =
            raw.message.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
        Error {
            code: ErrorCode::from_raw(raw.code),
            system: raw.system,
            applied: match i32::from(raw.applied) {
                sys::MILEPOST_APPLIED_NO => Applied::No,
                sys::MILEPOST_APPLIED_YES => Applied::Yes,
                _ => Applied::Unknown,
            },
            retry_safe: raw.retry_safe != 0,
            message: String::from_utf8_lossy(&bytes).into_owned(),
            source: (raw.system > 0).then(|| io::Error::from_raw_os_error(raw.system)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}
