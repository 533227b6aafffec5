// SPDX-License-Identifier: Apache-2.0
//! How to open a store.
use crate::{
    call::{init, milliseconds},
    log::LogFunction,
    time::micros,
    Durability, LogLevel,
};
use milepost_sys as sys;
use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How to open a store. [`OpenOptions::new`] has the library's defaults; change what you need.
///
/// ```
/// use milepost::{Durability, OpenOptions};
///
/// let mut options = OpenOptions::new("runs");
/// options.durability = Durability::Relaxed;
/// options.log(|level, text| eprintln!("{level:?}: {text}"));
/// ```
#[non_exhaustive]
pub struct OpenOptions {
    /// The store's folder, made with mode 0700 when absent.
    pub directory: PathBuf,
    /// Make the store when the directory holds none.
    pub create: bool,
    /// Read what another process publishes; any number of processes may.
    pub read_only: bool,
    /// What an acknowledgement means.
    pub durability: Durability,
    /// Open on a network or user-space file system, at your own risk.
    pub allow_unsupported_filesystem: bool,
    /// Slots for concurrent readers, over all processes.
    pub readers_max: u32,
    /// How long a call waits for its turn when it names no timeout.
    pub wait_max: Duration,
    /// The map's first size; it doubles by itself and costs no disk.
    pub map_size_start: u64,
    /// The map never grows past this.
    pub map_size_max: u64,
    /// Memory for young runs.
    pub recent_bytes_max: u64,
    /// How far other processes may lag behind.
    pub publish_interval: Duration,
    /// Size of one journal segment.
    pub journal_segment_bytes: u64,
    /// Size of all segments.
    pub journal_bytes_max: u64,
    /// Relaxed: the largest age of an effect not yet synced.
    pub relaxed_delay_max: Duration,
    /// Relaxed: the most bytes not yet synced.
    pub relaxed_bytes_max: u64,
    /// How many changes the feed keeps, at least; 0 keeps none.
    pub feed_retention: u64,
    /// How long an idempotency key answers, in whole seconds; zero: as long as its run is kept.
    pub idempotency_key_lifetime: Duration,
    /// The largest age of a snapshot.
    pub snapshot_age_max: Duration,
    /// For tests: a clock that shows this instant until [`crate::Tracker::set_clock`].
    pub clock: Option<SystemTime>,
    pub(crate) log: Option<Box<LogFunction>>,
}

impl OpenOptions {
    /// The library's defaults for a store in that directory.
    pub fn new(directory: impl AsRef<Path>) -> OpenOptions {
        let raw = init(sys::milepost_open_options_init);
        let ms = |n: i64| Duration::from_millis(n.unsigned_abs());
        OpenOptions {
            directory: directory.as_ref().to_owned(),
            create: raw.create != 0,
            read_only: raw.read_only != 0,
            durability: Durability::from_raw(raw.durability),
            allow_unsupported_filesystem: raw.allow_unsupported_filesystem != 0,
            readers_max: raw.readers_max,
            wait_max: ms(raw.wait_max_ms),
            map_size_start: raw.map_size_start,
            map_size_max: raw.map_size_max,
            recent_bytes_max: raw.recent_bytes_max,
            publish_interval: ms(raw.publish_interval_ms),
            journal_segment_bytes: raw.journal_segment_bytes,
            journal_bytes_max: raw.journal_bytes_max,
            relaxed_delay_max: ms(raw.relaxed_delay_max_ms),
            relaxed_bytes_max: raw.relaxed_bytes_max,
            feed_retention: raw.feed_retention,
            idempotency_key_lifetime: Duration::from_secs(
                raw.idempotency_key_lifetime_s.unsigned_abs(),
            ),
            snapshot_age_max: ms(raw.snapshot_age_max_ms),
            clock: None,
            log: None,
        }
    }

    /// Receives what an operator should know, from any thread, while the tracker is open. It must
    /// not call back into the crate; a panic in it is caught and dropped.
    pub fn log(&mut self, hook: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> &mut Self {
        self.log = Some(Box::new(hook));
        self
    }

    /// All but the directory and the hook.
    pub(crate) fn raw(&self) -> sys::milepost_open_options {
        let mut raw = init(sys::milepost_open_options_init);
        raw.create = self.create.into();
        raw.read_only = self.read_only.into();
        raw.durability = self.durability as i32;
        raw.allow_unsupported_filesystem = self.allow_unsupported_filesystem.into();
        raw.readers_max = self.readers_max;
        raw.wait_max_ms = milliseconds(self.wait_max);
        raw.map_size_start = self.map_size_start;
        raw.map_size_max = self.map_size_max;
        raw.recent_bytes_max = self.recent_bytes_max;
        raw.publish_interval_ms = milliseconds(self.publish_interval);
        raw.journal_segment_bytes = self.journal_segment_bytes;
        raw.journal_bytes_max = self.journal_bytes_max;
        raw.relaxed_delay_max_ms = milliseconds(self.relaxed_delay_max);
        raw.relaxed_bytes_max = self.relaxed_bytes_max;
        raw.feed_retention = self.feed_retention;
        let lifetime = self.idempotency_key_lifetime.as_secs();
        raw.idempotency_key_lifetime_s = i64::try_from(lifetime).unwrap_or(i64::MAX);
        raw.snapshot_age_max_ms = milliseconds(self.snapshot_age_max);
        if let Some(at) = self.clock {
            (raw.manual_clock, raw.clock) = (1, micros(at));
        }
        raw
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("directory", &self.directory)
            .field("read_only", &self.read_only)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
