// SPDX-License-Identifier: Apache-2.0
//! A store in a folder of its own for one test.
#![allow(dead_code)]
use milepost::*;
use std::{
    ops::Deref,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub const JOURNEY: Uuid = Uuid::from_bytes(*b"\x3c\x90\xc3\xcc\x0d\x44\x4b\x50\x88\x88abcdef");
pub const PROFILE: Uuid = Uuid::from_bytes(*b"\x5c\x90\xc3\xcc\x0d\x44\x4b\x50\x88\x88abcdef");
pub const NONE: StepOptions<'static> = StepOptions {
    organization_id: Uuid::NIL,
    owner: "",
    fencing_token: None,
    lease: Duration::ZERO,
    only_if_expired: false,
    timeout: None,
};

/// 2023-11-07T05:31:56Z
pub fn begin() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_699_335_116)
}

pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("milepost-rust-{}-{number}", std::process::id());
        let parent = std::env::var_os("MILEPOST_TEST_DIR").map(PathBuf::from);
        Folder(parent.unwrap_or_else(std::env::temp_dir).join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Store {
    pub tracker: Tracker, // Closed before its folder goes.
    pub folder: Folder,
}

impl Deref for Store {
    type Target = Tracker;
    fn deref(&self) -> &Tracker {
        &self.tracker
    }
}

pub fn open() -> Store {
    open_with(|_| {})
}

pub fn open_with(change: impl FnOnce(&mut OpenOptions)) -> Store {
    let folder = Folder::new();
    let mut options = OpenOptions::new(&folder.0);
    options.durability = Durability::Relaxed;
    change(&mut options);
    Store { tracker: Tracker::open(options).unwrap(), folder }
}

pub fn create(tracker: &Tracker) -> Run {
    let outcome = tracker.create(&CreateCommand::new(JOURNEY, PROFILE)).unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Created);
    outcome.run.unwrap()
}

pub fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    let error = result.unwrap_err();
    assert!(!error.message.is_empty());
    error.code
}
