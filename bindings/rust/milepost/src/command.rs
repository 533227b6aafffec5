// SPDX-License-Identifier: Apache-2.0
//! The commands for one run. Each is durable when its call returns, and seen by every later read in
//! this process.
use crate::{
    call::{check, init, milliseconds, sized, text_in, timeout, RunText},
    time::micros,
    Outcome, Result, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{
    os::raw::c_char,
    time::{Duration, SystemTime},
};

/// Makes a run, in status queued.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateCommand<'a> {
    /// The journey that it is of.
    pub journey_id: Uuid,
    /// Who travels.
    pub profile_id: Uuid,
    /// Whose it is.
    pub organization_id: Uuid,
    /// `None`: a fresh UUIDv7.
    pub run_id: Option<Uuid>,
    /// `None`: the tracker's clock.
    pub triggered_at: Option<SystemTime>,
    /// Any bytes; a repeat under the same key names the first run. Empty: none.
    pub idempotency_key: &'a [u8],
    /// How long the call waits for its turn; `None`: `wait_max`.
    pub timeout: Option<Duration>,
}

impl CreateCommand<'_> {
    /// A run of a journey for a profile, everything else by default.
    pub fn new(journey_id: Uuid, profile_id: Uuid) -> Self {
        CreateCommand { journey_id, profile_id, ..Default::default() }
    }

    pub(crate) fn raw(&self) -> sys::milepost_command {
        let mut raw = init(sys::milepost_command_init);
        raw.kind = sys::MILEPOST_COMMAND_CREATE;
        raw.journey_id = self.journey_id.raw();
        raw.profile_id = self.profile_id.raw();
        raw.organization_id = self.organization_id.raw();
        raw.idempotency_key = text_in(self.idempotency_key);
        if let Some(id) = self.run_id {
            (raw.has_run_id, raw.run_id) = (1, id.raw());
        }
        if let Some(at) = self.triggered_at {
            (raw.has_triggered_at, raw.triggered_at) = (1, micros(at));
        }
        raw
    }
}

/// What a step may carry beside the run's id; the default asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepOptions<'a> {
    /// Whose run it is.
    pub organization_id: Uuid,
    /// Who does it; empty: nobody.
    pub owner: &'a str,
    /// If given, must be the run's.
    pub fencing_token: Option<u64>,
    /// Of start and adopt: how long the owner may be silent; zero is for ever.
    pub lease: Duration,
    /// Of fail and adopt: conflict unless the lease has run out.
    pub only_if_expired: bool,
    /// How long the call waits for its turn; `None`: `wait_max`.
    pub timeout: Option<Duration>,
}

impl StepOptions<'_> {
    fn raw(&self) -> sys::milepost_step_options {
        let mut raw = init(sys::milepost_step_options_init);
        raw.organization_id = self.organization_id.raw();
        raw.owner = text_in(self.owner.as_bytes());
        if let Some(token) = self.fencing_token {
            (raw.has_fencing_token, raw.fencing_token) = (1, token);
        }
        raw.lease_ms = milliseconds(self.lease);
        raw.only_if_expired = self.only_if_expired.into();
        raw.timeout_ms = timeout(self.timeout);
        raw
    }

    pub(crate) fn command(&self, kind: i32, run_id: Uuid) -> sys::milepost_command {
        let mut raw = init(sys::milepost_command_init);
        raw.kind = kind;
        raw.run_id = run_id.raw();
        raw.organization_id = self.organization_id.raw();
        raw.owner = text_in(self.owner.as_bytes());
        if let Some(token) = self.fencing_token {
            (raw.has_fencing_token, raw.fencing_token) = (1, token);
        }
        raw.lease_ms = milliseconds(self.lease);
        raw.only_if_expired = self.only_if_expired.into();
        raw
    }
}

type Step = unsafe extern "C" fn(
    sys::milepost_tracker,
    *const sys::milepost_id,
    *const sys::milepost_step_options,
    *mut sys::milepost_outcome,
    *mut c_char,
    usize,
    *mut sys::milepost_error,
) -> i32;

impl Tracker {
    /// Makes a run. Repeated with the same id or idempotency key it answers unchanged.
    pub fn create(&self, command: &CreateCommand<'_>) -> Result<Outcome> {
        let (raw, wait) = (command.raw(), timeout(command.timeout));
        self.outcome(|outcome, text, capacity, err| unsafe {
            sys::milepost_tracker_create(self.handle, &raw, wait, outcome, text, capacity, err)
        })
    }

    /// queued to running. Of two callers racing exactly one is told applied.
    pub fn start(&self, run_id: Uuid, options: &StepOptions<'_>) -> Result<Outcome> {
        self.step(sys::milepost_tracker_start, run_id, options)
    }

    /// running to completed.
    pub fn complete(&self, run_id: Uuid, options: &StepOptions<'_>) -> Result<Outcome> {
        self.step(sys::milepost_tracker_complete, run_id, options)
    }

    /// queued or running to failed, with a text for people: a `&str`, or bytes whose ill-formed
    /// parts are replaced. What is longer than [`crate::ERROR_TEXT_SIZE_MAX`] is cut.
    pub fn fail(
        &self,
        run_id: Uuid,
        error: impl AsRef<[u8]>,
        options: &StepOptions<'_>,
    ) -> Result<Outcome> {
        let (id, raw, error) = (run_id.raw(), options.raw(), text_in(error.as_ref()));
        self.outcome(|outcome, text, capacity, err| unsafe {
            let (data, size) = (error.data, error.size);
            sys::milepost_tracker_fail(
                self.handle,
                &id,
                data,
                size,
                &raw,
                outcome,
                text,
                capacity,
                err,
            )
        })
    }

    /// queued or running to exited.
    pub fn exit(&self, run_id: Uuid, options: &StepOptions<'_>) -> Result<Outcome> {
        self.step(sys::milepost_tracker_exit, run_id, options)
    }

    /// running, under a new owner with a larger token: for runs whose owner died or fell silent.
    pub fn adopt(&self, run_id: Uuid, options: &StepOptions<'_>) -> Result<Outcome> {
        self.step(sys::milepost_tracker_adopt, run_id, options)
    }

    /// Begins the run's lease anew. Stores nothing.
    pub fn heartbeat(
        &self,
        run_id: Uuid,
        lease: Duration,
        options: &StepOptions<'_>,
    ) -> Result<Outcome> {
        let (id, raw, lease) = (run_id.raw(), options.raw(), milliseconds(lease));
        self.outcome(|outcome, text, capacity, err| unsafe {
            let tracker = self.handle;
            sys::milepost_tracker_heartbeat(tracker, &id, lease, &raw, outcome, text, capacity, err)
        })
    }

    fn step(&self, step: Step, run_id: Uuid, options: &StepOptions<'_>) -> Result<Outcome> {
        let (id, raw) = (run_id.raw(), options.raw());
        self.outcome(|outcome, text, capacity, err| unsafe {
            step(self.handle, &id, &raw, outcome, text, capacity, err)
        })
    }

    fn outcome(
        &self,
        call: impl FnOnce(
            *mut sys::milepost_outcome,
            *mut c_char,
            usize,
            *mut sys::milepost_error,
        ) -> i32,
    ) -> Result<Outcome> {
        let mut outcome = unsafe { sized::<sys::milepost_outcome>() };
        let mut text = RunText::new();
        check(|err| call(&mut outcome, text.as_mut_ptr(), sys::MILEPOST_RUN_TEXT_MAX, err))?;
        // SAFETY: its texts are in `text`.
        Ok(unsafe { Outcome::from_raw(&outcome) })
    }
}
