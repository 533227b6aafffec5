// SPDX-License-Identifier: Apache-2.0
//! Runs and outcomes as values.
use crate::{
    call::{check, sized, text_in, text_out, view, Owned, RunJson},
    time::{instant, micros},
    OutcomeKind, Result, Status, Uuid,
};
use milepost_sys as sys;
use std::{ptr, time::SystemTime};

/// A run as it was at one moment: a copy that belongs to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub run_id: Uuid,
    /// The journey that it is of.
    pub journey_id: Uuid,
    /// Who travels.
    pub profile_id: Uuid,
    /// Whose it is; nil for hosts that know of no organizations.
    pub organization_id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// When it was triggered.
    pub triggered_at: SystemTime,
    /// When it was started, if it was.
    pub started_at: Option<SystemTime>,
    /// When it ended, if it has.
    pub completed_at: Option<SystemTime>,
    /// For people; of a failed run only, which always has one.
    pub error: Option<String>,
    /// Who runs, or ran, it; empty if nobody gave a name.
    pub owner: String,
    /// Grows with each owner; 0 until started.
    pub fencing_token: u64,
    /// Of the last effect on the run.
    pub sequence: u64,
}

impl Run {
    /// The exact public response for the run.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut raw = unsafe { sized::<sys::milepost_run>() };
        raw.found = 1;
        raw.status = self.status as i32;
        raw.run_id = self.run_id.raw();
        raw.journey_id = self.journey_id.raw();
        raw.profile_id = self.profile_id.raw();
        raw.triggered_at = micros(self.triggered_at);
        if let Some(at) = self.completed_at {
            (raw.has_completed_at, raw.completed_at) = (1, micros(at));
        }
        if let Some(error) = &self.error {
            (raw.has_error, raw.error) = (1, text_in(error.as_bytes()));
        }
        let (mut json, mut size) = (RunJson::new(), 0);
        check(|err| unsafe {
            let capacity = sys::MILEPOST_RUN_JSON_MAX;
            sys::milepost_run_json(&raw, json.as_mut_ptr(), capacity, &mut size, err)
        })?;
        Ok(unsafe { json.filled(size) }.to_vec())
    }

    /// # Safety
    /// The texts are still there.
    pub(crate) unsafe fn from_raw(raw: &sys::milepost_run) -> Run {
        Run {
            run_id: raw.run_id.into(),
            journey_id: raw.journey_id.into(),
            profile_id: raw.profile_id.into(),
            organization_id: raw.organization_id.into(),
            status: Status::from_raw(raw.status),
            triggered_at: instant(raw.triggered_at),
            started_at: (raw.has_started_at != 0).then(|| instant(raw.started_at)),
            completed_at: (raw.has_completed_at != 0).then(|| instant(raw.completed_at)),
            error: (raw.has_error != 0).then(|| unsafe { text_out(raw.error) }),
            owner: unsafe { text_out(raw.owner) },
            fencing_token: raw.fencing_token,
            sequence: raw.sequence,
        }
    }

    /// # Safety
    /// As [`Run::from_raw`].
    pub(crate) unsafe fn found(raw: &sys::milepost_run) -> Option<Run> {
        (raw.found != 0).then(|| unsafe { Run::from_raw(raw) })
    }
}

/// The answer to one command. What the state machine refuses is an outcome, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a command may have been refused"]
pub struct Outcome {
    /// What became of it.
    pub kind: OutcomeKind,
    /// The run as it is now, unless there is none to show.
    pub run: Option<Run>,
}

impl Outcome {
    /// Whether this very call did it: created or applied.
    #[must_use]
    pub fn applied(&self) -> bool {
        matches!(self.kind, OutcomeKind::Created | OutcomeKind::Applied)
    }

    /// Whether it is so now: applied by this call, or by one before it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.applied() || self.kind == OutcomeKind::Unchanged
    }

    /// # Safety
    /// The texts are still there.
    pub(crate) unsafe fn from_raw(raw: &sys::milepost_outcome) -> Outcome {
        let run = unsafe { Run::found(&raw.run) };
        Outcome { kind: OutcomeKind::from_raw(raw.kind), run }
    }
}

/// The runs of a result, and the cursor of the next page.
pub(crate) fn runs_of(handle: sys::milepost_runs) -> Result<(Vec<Option<Run>>, String)> {
    let owned = Owned(handle, sys::milepost_runs_free);
    let (mut first, mut count, mut stride) = (ptr::null(), 0, 0);
    check(|err| unsafe {
        sys::milepost_runs_view(owned.0, &mut first, &mut count, &mut stride, err)
    })?;
    let runs = unsafe { view(first, count, stride) }.map(|raw| unsafe { Run::found(raw) });
    let mut next = text_in(&[]);
    let runs = runs.collect();
    check(|err| unsafe { sys::milepost_runs_next(owned.0, &mut next, err) })?;
    Ok((runs, unsafe { text_out(next) }))
}
