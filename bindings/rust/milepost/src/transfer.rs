// SPDX-License-Identifier: Apache-2.0
//! Export and import as streams of JSON Lines.
use crate::{
    call::{bytes_out, check, sized, text_in, text_out, timeout, Owned},
    read::optional,
    Freshness, Result, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{
    io::{self, Read, Write},
    time::Duration,
};

const STEP_BYTES: u64 = 1 << 20;

/// What an import has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Lines read.
    pub lines: u64,
    /// Runs made.
    pub created: u64,
    /// Runs that were there.
    pub unchanged: u64,
    /// Lines refused.
    pub refused: u64,
}

/// A line that an import refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// Its number, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

fn io_error(error: crate::Error) -> io::Error {
    io::Error::new(io::ErrorKind::Other, error)
}

impl Tracker {
    /// Writes every run of an organization (`None`: of all) as a line of JSON, in order of run ids,
    /// and yields how many. Each run is as it was at some moment of the export; no snapshot is held
    /// while `to` writes. An [`crate::Error`] comes inside the `io::Error`.
    pub fn export_runs(
        &self,
        mut to: impl Write,
        organization: Option<Uuid>,
        freshness: Freshness,
    ) -> io::Result<u64> {
        let (org, fresh) = (organization.map(Uuid::raw), freshness as i32);
        let mut operation = sys::milepost_export { value: 0 };
        check(|err| unsafe {
            let org = optional(&org);
            sys::milepost_tracker_export_runs(self.handle, org, fresh, &mut operation, err)
        })
        .map_err(io_error)?;
        let operation = Owned(operation, sys::milepost_export_free);
        let mut progress = unsafe { sized::<sys::milepost_progress>() };
        while progress.done == 0 {
            let mut lines = text_in(&[]);
            check(|err| unsafe {
                sys::milepost_export_step(operation.0, &mut lines, &mut progress, err)
            })
            .map_err(io_error)?;
            // SAFETY: valid until the next step.
            to.write_all(unsafe { bytes_out(&lines) })?;
        }
        Ok(progress.lines)
    }

    /// Imports lines such as an export writes, and tells `problem` of those that are refused.
    /// Importing a line again changes nothing: after an error the whole import may be repeated.
    pub fn import_runs(
        &self,
        mut from: impl Read,
        mut problem: impl FnMut(ImportProblem),
        wait: Option<Duration>,
    ) -> io::Result<ImportReport> {
        let mut operation = sys::milepost_import { value: 0 };
        check(|err| unsafe { sys::milepost_tracker_import_runs(self.handle, &mut operation, err) })
            .map_err(io_error)?;
        let operation = Owned(operation, sys::milepost_import_free);
        let mut raw = unsafe { sized::<sys::milepost_import_report>() };
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let size = from.by_ref().take(STEP_BYTES).read_to_end(&mut buffer)?;
            let last = u8::from((size as u64) < STEP_BYTES);
            let data = text_in(&buffer).data;
            check(|err| unsafe {
                let wait = timeout(wait);
                sys::milepost_import_step(operation.0, data, size, last, wait, &mut raw, err)
            })
            .map_err(io_error)?;
            for index in 0..raw.problems as usize {
                problem(import_problem(&operation, index).map_err(io_error)?);
            }
            if last != 0 {
                let sys::milepost_import_report { lines, created, unchanged, refused, .. } = raw;
                return Ok(ImportReport { lines, created, unchanged, refused });
            }
        }
    }
}

fn import_problem(operation: &Owned<sys::milepost_import>, index: usize) -> Result<ImportProblem> {
    let (mut line, mut reason) = (0, text_in(&[]));
    check(|err| unsafe {
        sys::milepost_import_problem(operation.0, index, &mut line, &mut reason, err)
    })?;
    // SAFETY: valid until the next step.
    Ok(ImportProblem { line, reason: unsafe { text_out(reason) } })
}
