// SPDX-License-Identifier: Apache-2.0
//! The enumerations, with the C header's numbers.
use crate::{Error, Result};
use milepost_sys as sys;
use std::{ffi::CStr, fmt, str::FromStr};

/// An enumeration whose numbers are the header's. `from_raw` of a number that this crate does not
/// know yields the last one listed.
macro_rules! kinds {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $item:ident = $value:ident,)* }
     else $other:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum $name { $($(#[$what])* $item = sys::$value,)* }

        impl $name {
            #[allow(dead_code)]
            pub(crate) fn from_raw(number: i32) -> $name {
                match number {
                    $(sys::$value => $name::$item,)*
                    _ => $name::$other,
                }
            }
        }
    };
}
pub(crate) use kinds;

kinds! {
    /// Where a run stands.
    Status {
        /// Made, and nobody has it yet.
        Queued = MILEPOST_RUN_QUEUED,
        /// Somebody works on it.
        Running = MILEPOST_RUN_RUNNING,
        /// Ended well. Final.
        Completed = MILEPOST_RUN_COMPLETED,
        /// Ended with an error. Final.
        Failed = MILEPOST_RUN_FAILED,
        /// Left the journey. Final.
        Exited = MILEPOST_RUN_EXITED,
    } else Exited
}

kinds! {
    /// What became of a command.
    OutcomeKind {
        /// This call made the run.
        Created = MILEPOST_OUTCOME_CREATED,
        /// This call moved the run, or renewed its lease.
        Applied = MILEPOST_OUTCOME_APPLIED,
        /// It had already happened.
        Unchanged = MILEPOST_OUTCOME_UNCHANGED,
        /// The run's status does not allow it.
        Illegal = MILEPOST_OUTCOME_ILLEGAL,
        /// Somebody else did, or owns, it.
        Conflict = MILEPOST_OUTCOME_CONFLICT,
        /// No such run in that organization.
        NotFound = MILEPOST_OUTCOME_NOT_FOUND,
    } else Illegal
}

kinds! {
    /// What happened to a run.
    ChangeKind {
        /// It was made.
        Created = MILEPOST_CHANGE_CREATED,
        /// It was started.
        Started = MILEPOST_CHANGE_STARTED,
        /// It completed.
        Completed = MILEPOST_CHANGE_COMPLETED,
        /// It failed.
        Failed = MILEPOST_CHANGE_FAILED,
        /// It exited.
        Exited = MILEPOST_CHANGE_EXITED,
        /// It has a new owner.
        Adopted = MILEPOST_CHANGE_ADOPTED,
        /// It was imported.
        Imported = MILEPOST_CHANGE_IMPORTED,
        /// Removed by retention; only the run's id is known.
        Purged = MILEPOST_CHANGE_PURGED,
        /// Removed with its profile; only the run's id is known.
        Erased = MILEPOST_CHANGE_ERASED,
        /// Only profile and organization are known.
        ProfileErased = MILEPOST_CHANGE_PROFILE_ERASED,
        /// Happened to a run of a profile erased since.
        Blanked = MILEPOST_CHANGE_BLANKED,
    } else Blanked
}

kinds! {
    /// What an acknowledgement means.
    Durability {
        /// It survives a crash of the process, of the machine, a cut of power.
        Durable = MILEPOST_DURABLE,
        /// A power cut may take a bounded last stretch.
        Relaxed = MILEPOST_RELAXED,
    } else Durable
}

kinds! {
    /// Order of a list, by the instant of the trigger.
    Order {
        /// The newest first.
        NewestFirst = MILEPOST_NEWEST_FIRST,
        /// The oldest first.
        OldestFirst = MILEPOST_OLDEST_FIRST,
    } else NewestFirst
}

kinds! {
    /// Which moment a read of many runs is of.
    Freshness {
        /// Everything acknowledged before the call.
        Latest = MILEPOST_LATEST,
        /// What is published already; never waits.
        Published = MILEPOST_PUBLISHED,
    } else Latest
}

kinds! {
    /// What a bulk step does to the runs that match.
    BulkAction {
        /// It fails them.
        Fail = MILEPOST_BULK_FAIL,
        /// It exits them.
        Exit = MILEPOST_BULK_EXIT,
    } else Exit
}

kinds! {
    /// How deep a verify looks.
    VerifyLevel {
        /// Records, index rows, counters, keys, changes; the journal.
        Records = MILEPOST_VERIFY_RECORDS,
        /// Before that every page: for files that are not trusted.
        Pages = MILEPOST_VERIFY_PAGES,
    } else Pages
}

kinds! {
    /// How grave a log line is.
    LogLevel {
        /// For those who develop Milepost.
        Debug = MILEPOST_LOG_DEBUG,
        /// In the ordinary course.
        Info = MILEPOST_LOG_INFO,
        /// Look at it some day.
        Warning = MILEPOST_LOG_WARNING,
        /// Look at it now.
        Error = MILEPOST_LOG_ERROR,
    } else Error
}

impl Status {
    /// Every status, in the order of their numbers.
    pub const ALL: [Status; 5] =
        [Status::Queued, Status::Running, Status::Completed, Status::Failed, Status::Exited];

    /// The name in the public response, e.g. `queued`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Exited => "exited",
        }
    }

    /// Whether a run in this status never changes again.
    pub fn is_final(self) -> bool {
        !matches!(self, Status::Queued | Status::Running)
    }
}

impl FromStr for Status {
    type Err = Error;

    /// The status of that name, exact and case-sensitive.
    fn from_str(text: &str) -> Result<Status> {
        let mut status = 0;
        crate::call::check(|err| unsafe {
            sys::milepost_run_status_parse(text.as_ptr().cast(), text.len(), &mut status, err)
        })?;
        Ok(Status::from_raw(status))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that the library has for ever.
pub(crate) fn static_name(text: *const std::os::raw::c_char) -> &'static str {
    // SAFETY: the library's names end with a NUL, are ASCII and live for ever.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("unknown")
}

impl OutcomeKind {
    /// The stable name, e.g. `unchanged`.
    pub fn name(self) -> &'static str {
        static_name(unsafe { sys::milepost_outcome_name(self as i32) })
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl ChangeKind {
    /// The stable name, e.g. `started`.
    pub fn name(self) -> &'static str {
        static_name(unsafe { sys::milepost_change_name(self as i32) })
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
