// SPDX-License-Identifier: Apache-2.0
//! Verify, backup, restore and repair. They go in steps; whoever watches may end them.
use crate::{
    call::{check, sized, text_in, text_out, timeout, Owned},
    Error, ErrorCode, Result, Tracker, Uuid, VerifyLevel,
};
use milepost_sys as sys;
use std::{os::unix::ffi::OsStrExt, path::Path, time::Duration};

/// How far a work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// That a verify or repair read.
    pub rows: u64,
    /// That a backup or restore copied.
    pub bytes: u64,
}

/// One thing that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, e.g. `record_checksum`.
    pub kind: String,
    /// Table, page or file.
    pub place: String,
    /// One sentence.
    pub text: String,
}

/// What a work found or did. Members that its kind does not name are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkReport {
    /// Verify, repair: the first [`crate::FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Verify, repair: all that were found; 0: the store is sound.
    pub findings_count: u64,
    /// Verify; repair: saved; restore.
    pub runs: u64,
    /// Verify: of all tables.
    pub rows: u64,
    /// Verify; repair: saved.
    pub changes: u64,
    /// Verify at level pages: of the data file.
    pub pages: u64,
    /// Verify of a directory, repair: effects that only the journal held.
    pub journaled: u64,
    /// Verify, backup, restore: the last effect held.
    pub sequence: u64,
    /// Repair: records that failed their checks and were left behind.
    pub lost: u64,
    /// Backup, restore: of the copy.
    pub bytes: u64,
    /// Restore: of the new store.
    pub store_id: Uuid,
}

fn path(path: &Path) -> sys::milepost_text {
    text_in(path.as_os_str().as_bytes())
}

/// Steps a work to its end. `watch` is called after each step; false cancels.
fn work(
    begin: impl FnOnce(*mut sys::milepost_work, *mut sys::milepost_error) -> i32,
    mut watch: impl FnMut(Progress) -> bool,
) -> Result<WorkReport> {
    let mut handle = sys::milepost_work { value: 0 };
    check(|err| begin(&mut handle, err))?;
    let owned = Owned(handle, sys::milepost_work_free);
    let mut at = unsafe { sized::<sys::milepost_progress>() };
    while at.done == 0 {
        check(|err| unsafe { sys::milepost_work_step(owned.0, &mut at, err) })?;
        if !watch(Progress { rows: at.lines, bytes: at.bytes }) && at.done == 0 {
            return Err(Error::new(ErrorCode::Cancelled, "Whoever watched it ended the work."));
        }
    }
    report(&owned)
}

fn report(owned: &Owned<sys::milepost_work>) -> Result<WorkReport> {
    let mut raw = unsafe { sized::<sys::milepost_work_report>() };
    check(|err| unsafe { sys::milepost_work_get(owned.0, &mut raw, err) })?;
    let findings = (0..raw.findings as usize).map(|index| {
        let mut finding = unsafe { sized::<sys::milepost_finding>() };
        check(|err| unsafe { sys::milepost_work_finding(owned.0, index, &mut finding, err) })?;
        // SAFETY: valid until the work is freed.
        let (kind, place) = unsafe { (text_out(finding.kind), text_out(finding.r#where)) };
        Ok(Finding { kind, place, text: unsafe { text_out(finding.text) } })
    });
    Ok(WorkReport {
        findings: findings.collect::<Result<_>>()?,
        findings_count: raw.findings_count,
        runs: raw.runs,
        rows: raw.rows,
        changes: raw.changes,
        pages: raw.pages,
        journaled: raw.journaled,
        sequence: raw.sequence,
        lost: raw.lost,
        bytes: raw.bytes,
        store_id: raw.store_id.into(),
    })
}

impl Tracker {
    /// Looks at the store as it is at one moment while others go on. Findings are in the report; an
    /// error only says that there is none. `watch` is called after each step; false cancels.
    pub fn verify(
        &self,
        level: VerifyLevel,
        wait: Option<Duration>,
        watch: impl FnMut(Progress) -> bool,
    ) -> Result<WorkReport> {
        let begin = |work: *mut _, err: *mut _| unsafe {
            sys::milepost_tracker_verify(self.handle, level as i32, timeout(wait), work, err)
        };
        work(begin, watch)
    }

    /// Copies the store into a new folder, which must not exist and appears all at once: one
    /// moment, with everything acknowledged before. `compact` leaves free pages out.
    pub fn backup(
        &self,
        to: impl AsRef<Path>,
        compact: bool,
        wait: Option<Duration>,
        watch: impl FnMut(Progress) -> bool,
    ) -> Result<WorkReport> {
        let (to, compact, wait) = (path(to.as_ref()), u8::from(compact), timeout(wait));
        let begin = |work: *mut _, err: *mut _| unsafe {
            sys::milepost_tracker_backup(self.handle, to.data, to.size, compact, wait, work, err)
        };
        work(begin, watch)
    }
}

/// Verifies a store that no process has open for writing. Any file gets a report, and no file a
/// crash.
pub fn verify_directory(
    directory: impl AsRef<Path>,
    level: VerifyLevel,
    watch: impl FnMut(Progress) -> bool,
) -> Result<WorkReport> {
    let directory = path(directory.as_ref());
    let begin = |work: *mut _, err: *mut _| unsafe {
        sys::milepost_directory_verify(directory.data, directory.size, level as i32, work, err)
    };
    work(begin, watch)
}

/// Makes a new store at `to`, which must not exist, from every run at `from` whose record is whole.
/// `from` is only read; the new store has an id of its own.
pub fn repair_directory(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    watch: impl FnMut(Progress) -> bool,
) -> Result<WorkReport> {
    let (from, to) = (path(from.as_ref()), path(to.as_ref()));
    let begin = |work: *mut _, err: *mut _| unsafe {
        sys::milepost_directory_repair(from.data, from.size, to.data, to.size, work, err)
    };
    work(begin, watch)
}

/// Makes a store at `directory` from a backup, which is verified first: if it is damaged,
/// [`ErrorCode::Corrupt`], and nothing is touched. With `replace` a store that is there is moved to
/// `<directory>.replaced`, which must not exist.
pub fn restore_backup(
    backup: impl AsRef<Path>,
    directory: impl AsRef<Path>,
    replace: bool,
    watch: impl FnMut(Progress) -> bool,
) -> Result<WorkReport> {
    let (backup, to, replace) = (path(backup.as_ref()), path(directory.as_ref()), replace.into());
    let begin = |work: *mut _, err: *mut _| unsafe {
        let (data, size) = (to.data, to.size);
        sys::milepost_backup_restore(backup.data, backup.size, data, size, replace, work, err)
    };
    work(begin, watch)
}
