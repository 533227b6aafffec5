// SPDX-License-Identifier: Apache-2.0
//! Opening and closing a store.
use crate::{
    call::{check, text_in, timeout},
    kinds::static_name,
    log::{call_hook, LogHook},
    time::micros,
    Error, ErrorCode, OpenOptions, Result, Uuid,
};
use milepost_sys as sys;
use std::{
    fmt,
    os::unix::ffi::OsStrExt,
    time::{Duration, SystemTime},
};

/// The version of the library that is loaded, e.g. `0.1.0`.
pub fn version() -> &'static str {
    static_name(unsafe { sys::milepost_version() })
}

/// A store, opened. Any number of threads may use it at the same time. One process writes to a
/// store, and opens it once. Dropping it closes it.
pub struct Tracker {
    pub(crate) handle: sys::milepost_tracker,
    _log: Option<LogHook>,
}

impl Tracker {
    /// Opens a store, making it if need be, and recovers what a crash left behind.
    pub fn open(mut options: OpenOptions) -> Result<Tracker> {
        let loaded = unsafe { sys::milepost_abi_version() };
        if loaded != sys::MILEPOST_ABI_VERSION {
            return Err(Error::new(
                ErrorCode::Version,
                format!(
                    "libmilepost-c has ABI {loaded}, this crate was made for {}. Install matching \
                     versions.",
                    sys::MILEPOST_ABI_VERSION
                ),
            ));
        }
        let mut raw = options.raw();
        raw.directory = text_in(options.directory.as_os_str().as_bytes());
        let log = options.log.take().map(LogHook::new);
        if let Some(hook) = &log {
            raw.log = Some(call_hook);
            raw.log_user = hook.user();
        }
        let mut handle = sys::milepost_tracker { value: 0 };
        check(|err| unsafe { sys::milepost_tracker_open(&raw, &mut handle, err) })?;
        Ok(Tracker { handle, _log: log })
    }

    /// Publishes, and releases every resource and the writer's lock. Calls that run on other
    /// threads are woken and end; later ones are [`ErrorCode::Closed`], a second close among them.
    /// Dropping does the same and forgets what it is told.
    pub fn close(&self) -> Result<()> {
        check(|err| unsafe { sys::milepost_tracker_close(self.handle, err) })
    }

    /// Makes everything acknowledged so far visible to other processes. `None` waits for
    /// `wait_max`.
    pub fn flush(&self, wait: Option<Duration>) -> Result<()> {
        check(|err| unsafe { sys::milepost_tracker_flush(self.handle, timeout(wait), err) })
    }

    /// The id of the store; a restored backup has another.
    pub fn store_id(&self) -> Result<Uuid> {
        let mut id = Uuid::NIL.raw();
        check(|err| unsafe { sys::milepost_tracker_store_id(self.handle, &mut id, err) })?;
        Ok(id.into())
    }

    /// Effects that other processes cannot see yet. Read-only: how far what it sees is behind the
    /// writer.
    pub fn unpublished(&self) -> Result<u64> {
        let mut effects = 0;
        check(|err| unsafe { sys::milepost_tracker_unpublished(self.handle, &mut effects, err) })?;
        Ok(effects)
    }

    /// For tests: sets the clock of a tracker that was opened with [`OpenOptions::clock`].
    pub fn set_clock(&self, now: SystemTime) -> Result<()> {
        check(|err| unsafe { sys::milepost_tracker_set_clock(self.handle, micros(now), err) })
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        // SAFETY: closing what is closed is an error code.
        unsafe { sys::milepost_tracker_close(self.handle, std::ptr::null_mut()) };
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").finish_non_exhaustive()
    }
}
