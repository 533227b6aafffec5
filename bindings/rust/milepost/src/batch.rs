// SPDX-License-Identifier: Apache-2.0
//! Many commands as one durable commit.
use crate::{
    call::{check, init, text_in, timeout, view, Owned},
    time::micros,
    CreateCommand, Outcome, Result, Status, StepOptions, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{
    ptr,
    time::{Duration, SystemTime},
};

/// Makes a run in any status, with its own instants.
#[derive(Clone, Copy, Debug)]
pub struct ImportCommand<'a> {
    /// Its id.
    pub run_id: Uuid,
    /// The journey that it is of.
    pub journey_id: Uuid,
    /// Who travels.
    pub profile_id: Uuid,
    /// Whose it is.
    pub organization_id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// When it was triggered.
    pub triggered_at: SystemTime,
    /// When it was started, if it was.
    pub started_at: Option<SystemTime>,
    /// When it ended, if it has.
    pub completed_at: Option<SystemTime>,
    /// Of a failed run.
    pub error: &'a [u8],
}

/// One command of a batch. The timeouts inside have no meaning there.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    /// [`Tracker::create`]
    Create(CreateCommand<'a>),
    /// [`Tracker::start`]
    Start(Uuid, StepOptions<'a>),
    /// [`Tracker::complete`]
    Complete(Uuid, StepOptions<'a>),
    /// [`Tracker::fail`] with its error text.
    Fail(Uuid, &'a [u8], StepOptions<'a>),
    /// [`Tracker::exit`]
    Exit(Uuid, StepOptions<'a>),
    /// [`Tracker::adopt`]
    Adopt(Uuid, StepOptions<'a>),
    /// [`Tracker::heartbeat`]; the lease is that of the options.
    Heartbeat(Uuid, StepOptions<'a>),
    /// A run from elsewhere.
    Import(ImportCommand<'a>),
}

impl Command<'_> {
    fn raw(&self) -> sys::milepost_command {
        match self {
            Command::Create(create) => create.raw(),
            Command::Start(id, options) => options.command(sys::MILEPOST_COMMAND_START, *id),
            Command::Complete(id, options) => options.command(sys::MILEPOST_COMMAND_COMPLETE, *id),
            Command::Fail(id, error, options) => {
                let mut raw = options.command(sys::MILEPOST_COMMAND_FAIL, *id);
                raw.error = text_in(error);
                raw
            }
            Command::Exit(id, options) => options.command(sys::MILEPOST_COMMAND_EXIT, *id),
            Command::Adopt(id, options) => options.command(sys::MILEPOST_COMMAND_ADOPT, *id),
            Command::Heartbeat(id, options) => {
                options.command(sys::MILEPOST_COMMAND_HEARTBEAT, *id)
            }
            Command::Import(import) => import.raw(),
        }
    }
}

impl ImportCommand<'_> {
    fn raw(&self) -> sys::milepost_command {
        let mut raw = init(sys::milepost_command_init);
        raw.kind = sys::MILEPOST_COMMAND_IMPORT;
        raw.run_id = self.run_id.raw();
        raw.journey_id = self.journey_id.raw();
        raw.profile_id = self.profile_id.raw();
        raw.organization_id = self.organization_id.raw();
        raw.status = self.status as i32;
        raw.triggered_at = micros(self.triggered_at);
        if let Some(at) = self.started_at {
            (raw.has_started_at, raw.started_at) = (1, micros(at));
        }
        if let Some(at) = self.completed_at {
            (raw.has_completed_at, raw.completed_at) = (1, micros(at));
        }
        raw.error = text_in(self.error);
        raw
    }
}

impl Tracker {
    /// Applies up to [`crate::BATCH_COMMANDS_MAX`] commands in order, as one durable commit, all or
    /// none on a crash. One outcome each; a refused command changes nothing and spoils nothing.
    pub fn apply(&self, commands: &[Command<'_>], wait: Option<Duration>) -> Result<Vec<Outcome>> {
        let raw: Vec<_> = commands.iter().map(Command::raw).collect();
        let mut handle = sys::milepost_outcomes { value: 0 };
        check(|err| unsafe {
            let (first, count) = (raw.as_ptr(), raw.len());
            sys::milepost_tracker_apply(self.handle, first, count, timeout(wait), &mut handle, err)
        })?;
        let owned = Owned(handle, sys::milepost_outcomes_free);
        let (mut first, mut count, mut stride) = (ptr::null(), 0, 0);
        check(|err| unsafe {
            sys::milepost_outcomes_view(owned.0, &mut first, &mut count, &mut stride, err)
        })?;
        // SAFETY: the result is alive until the end of this function.
        Ok(unsafe { view(first, count, stride) }
            .map(|raw| unsafe { Outcome::from_raw(raw) })
            .collect())
    }
}
