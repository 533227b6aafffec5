// SPDX-License-Identifier: Apache-2.0
//! One moment of a store.
use crate::{
    call::{check, timeout},
    feed::{change_page, ChangePage},
    read::{json_page, many_runs, one_json, one_page, one_run, optional},
    Counts, Filter, Freshness, JsonPage, Page, PageOptions, Result, Run, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{cell::Cell, fmt, marker::PhantomData, time::Duration};

/// One moment of a store, from which all reads agree. It keeps old pages from being reused: drop it
/// soon. After `snapshot_age_max` its reads are [`crate::ErrorCode::SnapshotExpired`].
pub struct Snapshot {
    handle: sys::milepost_snapshot,
    one_thread_at_a_time: PhantomData<Cell<()>>,
}

impl Tracker {
    /// Takes a moment of the store.
    pub fn snapshot(&self, freshness: Freshness, wait: Option<Duration>) -> Result<Snapshot> {
        let mut handle = sys::milepost_snapshot { value: 0 };
        let (fresh, wait) = (freshness as i32, timeout(wait));
        check(|err| unsafe {
            sys::milepost_tracker_snapshot(self.handle, fresh, wait, &mut handle, err)
        })?;
        Ok(Snapshot { handle, one_thread_at_a_time: PhantomData })
    }
}

impl Snapshot {
    /// The last sequence this moment holds.
    pub fn sequence(&self) -> Result<u64> {
        let mut sequence = 0;
        check(|err| unsafe { sys::milepost_snapshot_sequence(self.handle, &mut sequence, err) })?;
        Ok(sequence)
    }

    /// As [`Tracker::get_in`].
    pub fn get(&self, organization: Uuid, run_id: Uuid) -> Result<Option<Run>> {
        let (id, org) = (run_id.raw(), organization.raw());
        one_run(|run, text, capacity, err| unsafe {
            sys::milepost_snapshot_get(self.handle, &id, &org, run, text, capacity, err)
        })
    }

    /// As [`Tracker::get_json_in`].
    pub fn get_json(&self, organization: Uuid, run_id: Uuid) -> Result<Option<Vec<u8>>> {
        let (id, org) = (run_id.raw(), organization.raw());
        one_json(
            |out, capacity, size, err| unsafe {
                sys::milepost_snapshot_get_json(self.handle, &id, &org, out, capacity, size, err)
            },
            <[u8]>::to_vec,
        )
    }

    /// As [`Tracker::get_many`].
    pub fn get_many(&self, organization: Uuid, run_ids: &[Uuid]) -> Result<Vec<Option<Run>>> {
        let ids: Vec<_> = run_ids.iter().map(|id| id.raw()).collect();
        let (first, count, org) = (ids.as_ptr(), ids.len(), organization.raw());
        let (runs, _) = many_runs(|runs, err| unsafe {
            sys::milepost_snapshot_get_many(self.handle, first, count, &org, runs, err)
        })?;
        Ok(runs)
    }

    /// As [`Tracker::list`].
    pub fn list(&self, filter: &Filter<'_>, page: &PageOptions<'_>) -> Result<Page> {
        let (filter, page) = (filter.raw(), page.raw());
        one_page(|runs, err| unsafe {
            sys::milepost_snapshot_list(self.handle, &filter, &page, runs, err)
        })
    }

    /// As [`Tracker::list_json`].
    pub fn list_json(&self, filter: &Filter<'_>, page: &PageOptions<'_>) -> Result<JsonPage> {
        let (filter, page) = (filter.raw(), page.raw());
        json_page(|json, err| unsafe {
            sys::milepost_snapshot_list_json(self.handle, &filter, &page, json, err)
        })
    }

    /// As [`Tracker::counts`].
    pub fn counts(&self, organization: Option<Uuid>, journey: Option<Uuid>) -> Result<Counts> {
        let (org, journey) = (organization.map(Uuid::raw), journey.map(Uuid::raw));
        Counts::read(|counts, err| unsafe {
            let (org, journey) = (optional(&org), optional(&journey));
            sys::milepost_snapshot_counts(self.handle, org, journey, counts, err)
        })
    }

    /// As [`Tracker::changes`].
    pub fn changes(&self, after: u64, limit: u64, store_id: Option<Uuid>) -> Result<ChangePage> {
        let store = store_id.map(Uuid::raw);
        change_page(|changes, err| unsafe {
            let store = optional(&store);
            sys::milepost_snapshot_changes(self.handle, after, limit, store, changes, err)
        })
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: freeing never fails.
        unsafe { sys::milepost_snapshot_free(self.handle) }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
