// SPDX-License-Identifier: Apache-2.0
//! Upkeep: orphans, leases that ran out, retention, erasure and bulk steps.
use crate::{
    call::{check, init, sized, text_in, timeout},
    read::{one_page, Filter, Page, PageOptions},
    run::runs_of,
    time::micros,
    BulkAction, Result, Run, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{
    os::raw::c_char,
    time::{Duration, SystemTime},
};

/// What one step of retention removes.
#[derive(Clone, Copy, Debug)]
pub struct PurgeOptions<'a> {
    /// Runs that finished at this instant or later stay.
    pub completed_before: SystemTime,
    /// `None`: of every organization.
    pub organization_id: Option<Uuid>,
    /// 1 to [`crate::REMOVE_LIMIT_MAX`].
    pub limit: u64,
    /// `next` of the step before; empty for the first.
    pub cursor: &'a str,
    /// Only counts.
    pub dry_run: bool,
    /// How long the call waits for its turn; `None`: `wait_max`.
    pub timeout: Option<Duration>,
}

impl PurgeOptions<'_> {
    /// The first step for what finished before that instant.
    pub fn new(completed_before: SystemTime) -> Self {
        let (organization_id, limit, cursor) = (None, 1000, "");
        let (dry_run, timeout) = (false, None);
        PurgeOptions { completed_before, organization_id, limit, cursor, dry_run, timeout }
    }
}

/// What a step of a purge did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Runs removed.
    pub removed: u64,
    /// The next step's cursor; empty: nothing is left to remove.
    pub next: String,
}

/// What was erased, and what remains of it where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Runs removed.
    pub runs: u64,
    /// Changes of the feed that no longer tell of them.
    pub changes_blanked: u64,
    /// Of the erasure.
    pub sequence: u64,
    /// Every run of the profile made up to this sequence is gone.
    pub through: u64,
    /// Bytes of journal that may still hold them until recycled.
    pub journal_bytes: u64,
    /// Bytes of free pages that may still hold them until reused.
    pub free_bytes: u64,
}

/// What one bulk step does.
#[derive(Clone, Copy, Debug)]
pub struct BulkOptions<'a> {
    /// Fail or exit.
    pub action: BulkAction,
    /// For fail: the reason.
    pub error: &'a [u8],
    /// 1 to [`crate::REMOVE_LIMIT_MAX`].
    pub limit: u64,
    /// `next` of the step before; empty for the first.
    pub cursor: &'a str,
    /// Counts what matches and shows a few, changes nothing.
    pub dry_run: bool,
    /// How long the call waits for its turn; `None`: `wait_max`.
    pub timeout: Option<Duration>,
}

impl Default for BulkOptions<'_> {
    fn default() -> Self {
        let (action, error, limit, cursor) = (BulkAction::Exit, b"".as_slice(), 1000, "");
        BulkOptions { action, error, limit, cursor, dry_run: false, timeout: None }
    }
}

/// What a bulk step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkReport {
    /// Runs that match.
    pub matched: u64,
    /// Runs that were failed or exited.
    pub applied: u64,
    /// The next step's cursor; empty: all are done.
    pub next: String,
    /// The first few, of a dry run.
    pub sample: Vec<Run>,
}

fn cursor(text: &[c_char], size: u32) -> String {
    let bytes: Vec<u8> = text.iter().take(size as usize).map(|&c| c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Tracker {
    /// One page of the runs that are running under a process that is gone: adopt or fail them.
    /// Order and freshness have no meaning.
    pub fn orphans(&self, page: &PageOptions<'_>) -> Result<Page> {
        let page = page.raw();
        one_page(|runs, err| unsafe {
            sys::milepost_tracker_orphans(self.handle, &page, runs, err)
        })
    }

    /// One step of failing all orphans with one reason, at most `limit` of them. Yields how many it
    /// failed, and whether to call again.
    pub fn fail_orphans(
        &self,
        error: impl AsRef<[u8]>,
        limit: u64,
        wait: Option<Duration>,
    ) -> Result<(u64, bool)> {
        let (text, wait) = (text_in(error.as_ref()), timeout(wait));
        let (mut failed, mut more) = (0, 0);
        check(|err| unsafe {
            let (data, size, tracker) = (text.data, text.size, self.handle);
            sys::milepost_tracker_fail_orphans(
                tracker,
                data,
                size,
                limit,
                wait,
                &mut failed,
                &mut more,
                err,
            )
        })?;
        Ok((failed, more != 0))
    }

    /// Running runs whose lease has run out, longest overdue first: adopt or fail them with
    /// `only_if_expired`.
    pub fn expired(&self, limit: u64) -> Result<Vec<Run>> {
        let page = one_page(|runs, err| unsafe {
            sys::milepost_tracker_expired(self.handle, limit, runs, err)
        })?;
        Ok(page.runs)
    }

    /// One step of retention: removes finished runs, and never one that is not finished.
    pub fn purge(&self, options: &PurgeOptions<'_>) -> Result<PurgeReport> {
        let mut raw = init(sys::milepost_purge_options_init);
        if let Some(id) = options.organization_id {
            (raw.has_organization_id, raw.organization_id) = (1, id.raw());
        }
        raw.dry_run = options.dry_run.into();
        raw.completed_before = micros(options.completed_before);
        raw.limit = options.limit;
        raw.cursor = text_in(options.cursor.as_bytes());
        raw.timeout_ms = timeout(options.timeout);
        let mut report = unsafe { sized::<sys::milepost_purge_report>() };
        check(|err| unsafe { sys::milepost_tracker_purge(self.handle, &raw, &mut report, err) })?;
        let next = cursor(&report.next, report.next_size);
        Ok(PurgeReport { removed: report.removed, next })
    }

    /// Erases every run of a profile, finished or not, and blanks what the change feed says of
    /// them.
    pub fn erase_profile(
        &self,
        organization: Uuid,
        profile: Uuid,
        wait: Option<Duration>,
    ) -> Result<Erasure> {
        let (org, profile, wait) = (organization.raw(), profile.raw(), timeout(wait));
        let mut raw = unsafe { sized::<sys::milepost_erasure>() };
        check(|err| unsafe {
            sys::milepost_tracker_erase_profile(self.handle, &profile, &org, wait, &mut raw, err)
        })?;
        Ok(Erasure {
            runs: raw.runs,
            changes_blanked: raw.changes_blanked,
            sequence: raw.sequence,
            through: raw.through,
            journal_bytes: raw.journal_bytes,
            free_bytes: raw.free_bytes,
        })
    }

    /// One step of failing or exiting all runs that a filter matches. Runs made after the first
    /// step are left alone.
    pub fn bulk(&self, filter: &Filter<'_>, options: &BulkOptions<'_>) -> Result<BulkReport> {
        let filter = filter.raw();
        let mut raw = init(sys::milepost_bulk_options_init);
        raw.action = options.action as i32;
        raw.error = text_in(options.error);
        raw.limit = options.limit;
        raw.cursor = text_in(options.cursor.as_bytes());
        raw.dry_run = options.dry_run.into();
        raw.timeout_ms = timeout(options.timeout);
        let mut report = unsafe { sized::<sys::milepost_bulk_report>() };
        let mut sample = sys::milepost_runs { value: 0 };
        check(|err| unsafe {
            sys::milepost_tracker_bulk(self.handle, &filter, &raw, &mut report, &mut sample, err)
        })?;
        let sample = match sample.value {
            0 => Vec::new(),
            _ => runs_of(sample)?.0.into_iter().flatten().collect(),
        };
        let next = cursor(&report.next, report.next_size);
        Ok(BulkReport { matched: report.matched, applied: report.applied, next, sample })
    }
}
