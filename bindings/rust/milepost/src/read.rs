// SPDX-License-Identifier: Apache-2.0
//! Reads. Those of one run never wait; those of many may have to wait until everything acknowledged
//! is published.
use crate::{
    call::{bytes_out, check, init, sized, text_in, text_out, timeout, Owned, RunJson, RunText},
    run::runs_of,
    time::micros,
    ErrorCode, Freshness, Order, Result, Run, Status, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{
    os::raw::c_char,
    ptr,
    time::{Duration, SystemTime},
};

/// Which runs: every member that is given must fit. The default is all runs of the nil
/// organization.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// Whose.
    pub organization_id: Uuid,
    /// Of one journey.
    pub journey_id: Option<Uuid>,
    /// Of one profile.
    pub profile_id: Option<Uuid>,
    /// In one of these; all of them by default. None at all is refused.
    pub statuses: &'a [Status],
    /// This instant is in.
    pub triggered_from: Option<SystemTime>,
    /// This one is not.
    pub triggered_to: Option<SystemTime>,
}

impl Default for Filter<'_> {
    fn default() -> Self {
        Filter {
            organization_id: Uuid::NIL,
            journey_id: None,
            profile_id: None,
            statuses: &Status::ALL,
            triggered_from: None,
            triggered_to: None,
        }
    }
}

impl Filter<'_> {
    pub(crate) fn raw(&self) -> sys::milepost_filter {
        let mut raw = init(sys::milepost_filter_init);
        raw.statuses = self.statuses.iter().fold(0, |bits, status| bits | 1 << *status as u32);
        raw.organization_id = self.organization_id.raw();
        if let Some(id) = self.journey_id {
            (raw.has_journey_id, raw.journey_id) = (1, id.raw());
        }
        if let Some(id) = self.profile_id {
            (raw.has_profile_id, raw.profile_id) = (1, id.raw());
        }
        if let Some(at) = self.triggered_from {
            (raw.has_triggered_from, raw.triggered_from) = (1, micros(at));
        }
        if let Some(at) = self.triggered_to {
            (raw.has_triggered_to, raw.triggered_to) = (1, micros(at));
        }
        raw
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct PageOptions<'a> {
    /// 1 to [`crate::LIST_LIMIT_MAX`].
    pub limit: u64,
    /// `next` of the page before; empty for the first.
    pub cursor: &'a str,
    /// By the instant of the trigger.
    pub order: Order,
    /// Of which moment; without meaning in a snapshot.
    pub freshness: Freshness,
    /// How long the call may wait; `None`: `wait_max`.
    pub timeout: Option<Duration>,
}

impl Default for PageOptions<'_> {
    fn default() -> Self {
        let (order, freshness) = (Order::NewestFirst, Freshness::Latest);
        PageOptions { limit: 100, cursor: "", order, freshness, timeout: None }
    }
}

impl PageOptions<'_> {
    pub(crate) fn raw(&self) -> sys::milepost_page_options {
        let mut raw = init(sys::milepost_page_options_init);
        raw.limit = self.limit;
        raw.cursor = text_in(self.cursor.as_bytes());
        raw.order = self.order as i32;
        raw.freshness = self.freshness as i32;
        raw.timeout_ms = timeout(self.timeout);
        raw
    }
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The runs.
    pub runs: Vec<Run>,
    /// The cursor of the next page; empty when this is the last one.
    pub next: String,
}

/// One page of a list as public responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonPage {
    /// A JSON array.
    pub json: Vec<u8>,
    /// How many runs are in it.
    pub count: usize,
    /// The cursor of the next page; empty when this is the last one.
    pub next: String,
}

/// Runs per status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counts {
    pub queued: u64,
    pub running: u64,
    pub completed: u64,
    pub failed: u64,
    pub exited: u64,
}

impl Counts {
    /// Of all statuses.
    pub fn total(&self) -> u64 {
        self.queued + self.running + self.completed + self.failed + self.exited
    }

    pub(crate) fn read(
        call: impl FnOnce(*mut sys::milepost_counts, *mut sys::milepost_error) -> i32,
    ) -> Result<Counts> {
        let mut raw = unsafe { sized::<sys::milepost_counts>() };
        check(|err| call(&mut raw, err))?;
        let sys::milepost_counts { queued, running, completed, failed, exited, .. } = raw;
        Ok(Counts { queued, running, completed, failed, exited })
    }
}

type Err = *mut sys::milepost_error;

/// A run that a call puts into a struct and a text buffer.
pub(crate) fn one_run(
    call: impl FnOnce(*mut sys::milepost_run, *mut c_char, usize, Err) -> i32,
) -> Result<Option<Run>> {
    let mut raw = unsafe { sized::<sys::milepost_run>() };
    let mut text = RunText::new();
    check(|err| call(&mut raw, text.as_mut_ptr(), sys::MILEPOST_RUN_TEXT_MAX, err))?;
    // SAFETY: its texts are in `text`.
    Ok(unsafe { Run::found(&raw) })
}

/// The JSON that a call puts into a buffer, handed to `take`.
pub(crate) fn one_json<T>(
    call: impl FnOnce(*mut c_char, usize, *mut usize, Err) -> i32,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<Option<T>> {
    let (mut json, mut size) = (RunJson::new(), 0);
    match check(|err| call(json.as_mut_ptr(), sys::MILEPOST_RUN_JSON_MAX, &mut size, err)) {
        // SAFETY: a call that succeeds has written them.
        Ok(()) => Ok(Some(take(unsafe { json.filled(size) }))),
        Err(e) if e.code == ErrorCode::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

pub(crate) fn many_runs(
    call: impl FnOnce(*mut sys::milepost_runs, Err) -> i32,
) -> Result<(Vec<Option<Run>>, String)> {
    let mut handle = sys::milepost_runs { value: 0 };
    check(|err| call(&mut handle, err))?;
    runs_of(handle)
}

pub(crate) fn one_page(call: impl FnOnce(*mut sys::milepost_runs, Err) -> i32) -> Result<Page> {
    let (runs, next) = many_runs(call)?;
    Ok(Page { runs: runs.into_iter().flatten().collect(), next })
}

pub(crate) fn json_page(
    call: impl FnOnce(*mut sys::milepost_json_page, Err) -> i32,
) -> Result<JsonPage> {
    let mut handle = sys::milepost_json_page { value: 0 };
    check(|err| call(&mut handle, err))?;
    let owned = Owned(handle, sys::milepost_json_page_free);
    let (mut json, mut count, mut next) = (text_in(&[]), 0, text_in(&[]));
    check(|err| unsafe {
        sys::milepost_json_page_get(owned.0, &mut json, &mut count, &mut next, err)
    })?;
    // SAFETY: the result is alive until the end of this function.
    Ok(unsafe { JsonPage { json: bytes_out(&json).to_vec(), count, next: text_out(next) } })
}

pub(crate) fn optional(id: &Option<sys::milepost_id>) -> *const sys::milepost_id {
    id.as_ref().map_or(ptr::null(), |id| id as *const _)
}

impl Tracker {
    /// A run of the nil organization.
    pub fn get(&self, run_id: Uuid) -> Result<Option<Run>> {
        self.get_in(Uuid::NIL, run_id)
    }

    /// A run of the given organization.
    pub fn get_in(&self, organization: Uuid, run_id: Uuid) -> Result<Option<Run>> {
        let (id, org) = (run_id.raw(), organization.raw());
        one_run(|run, text, capacity, err| unsafe {
            sys::milepost_tracker_get(self.handle, &id, &org, run, text, capacity, err)
        })
    }

    /// The exact public response for a run of the nil organization.
    pub fn get_json(&self, run_id: Uuid) -> Result<Option<Vec<u8>>> {
        self.get_json_in(Uuid::NIL, run_id)
    }

    /// The exact public response for a run of the given organization.
    pub fn get_json_in(&self, organization: Uuid, run_id: Uuid) -> Result<Option<Vec<u8>>> {
        self.with_json(organization, run_id, <[u8]>::to_vec)
    }

    /// Hands the exact public response to `take`, which may write it where it must go; nothing is
    /// allocated.
    pub fn with_json<T>(
        &self,
        organization: Uuid,
        run_id: Uuid,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        let (id, org) = (run_id.raw(), organization.raw());
        one_json(
            |out, capacity, size, err| unsafe {
                sys::milepost_tracker_get_json(self.handle, &id, &org, out, capacity, size, err)
            },
            take,
        )
    }

    /// Up to [`crate::GET_MANY_MAX`] runs as they were at one moment, in the order asked for.
    pub fn get_many(&self, organization: Uuid, run_ids: &[Uuid]) -> Result<Vec<Option<Run>>> {
        let (ids, org): (Vec<_>, _) =
            (run_ids.iter().map(|id| id.raw()).collect(), organization.raw());
        let (first, count) = (ids.as_ptr(), ids.len());
        let (runs, _) = many_runs(|runs, err| unsafe {
            sys::milepost_tracker_get_many(self.handle, first, count, &org, runs, err)
        })?;
        Ok(runs)
    }

    /// Waits until the run is final and yields it; [`ErrorCode::Busy`] when the time has run out,
    /// [`ErrorCode::NotFound`] also when the run is removed meanwhile.
    pub fn wait(&self, organization: Uuid, run_id: Uuid, wait: Option<Duration>) -> Result<Run> {
        let (id, org, wait) = (run_id.raw(), organization.raw(), timeout(wait));
        one_run(|run, text, capacity, err| unsafe {
            sys::milepost_tracker_wait(self.handle, &id, &org, wait, run, text, capacity, err)
        })?
        .ok_or_else(|| crate::Error::new(ErrorCode::NotFound, format!("{run_id}: no such run.")))
    }

    /// One page of the runs that a filter matches.
    pub fn list(&self, filter: &Filter<'_>, page: &PageOptions<'_>) -> Result<Page> {
        let (filter, page) = (filter.raw(), page.raw());
        one_page(|runs, err| unsafe {
            sys::milepost_tracker_list(self.handle, &filter, &page, runs, err)
        })
    }

    /// The same as one JSON array of public responses.
    pub fn list_json(&self, filter: &Filter<'_>, page: &PageOptions<'_>) -> Result<JsonPage> {
        let (filter, page) = (filter.raw(), page.raw());
        json_page(|json, err| unsafe {
            sys::milepost_tracker_list_json(self.handle, &filter, &page, json, err)
        })
    }

    /// Runs per status, exact. With neither id everybody's; with a journey only, the nil
    /// organization's.
    pub fn counts(
        &self,
        organization: Option<Uuid>,
        journey: Option<Uuid>,
        freshness: Freshness,
    ) -> Result<Counts> {
        let (org, journey) = (organization.map(Uuid::raw), journey.map(Uuid::raw));
        let (fresh, wait) = (freshness as i32, sys::MILEPOST_TIMEOUT_DEFAULT);
        Counts::read(|counts, err| unsafe {
            let (org, journey) = (optional(&org), optional(&journey));
            sys::milepost_tracker_counts(self.handle, org, journey, fresh, wait, counts, err)
        })
    }
}
