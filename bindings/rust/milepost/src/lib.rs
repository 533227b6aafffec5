// SPDX-License-Identifier: Apache-2.0
//! Milepost tracks runs inside your own process: it records every run of a journey from queued
//! through running to completed, failed or exited, loses nothing it acknowledged, and answers "how
//! is run X?" with the exact public JSON.
//!
//! ```
//! use milepost::{CreateCommand, OpenOptions, StepOptions, Tracker, Uuid};
//!
//! # fn main() -> milepost::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("milepost-doc-{}", std::process::id()));
//! # let directory = folder.as_path();
//! let tracker = Tracker::open(OpenOptions::new(directory))?;
//! let journey: Uuid = "3c90c3cc-0d44-4b50-8888-8dd25736052a".parse()?;
//! let created = tracker.create(&CreateCommand::new(journey, journey))?;
//! let run_id = created.run.expect("a create carries the run").run_id;
//!
//! let owner = StepOptions { owner: "worker-7", ..StepOptions::default() };
//! if tracker.start(run_id, &owner)?.applied() {
//!     assert!(tracker.fail(run_id, "mailbox full", &owner)?.applied());
//! } // else somebody else has it
//! let body = tracker.get_json(run_id)?.expect("it is there"); // the exact public response
//! assert!(body.ends_with(br#""error":"mailbox full"}"#));
//! # tracker.close()?;
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! What the state machine answers (unchanged, illegal, conflict, not found) is an [`Outcome`] with
//! the run in it; an [`Error`] means that something is wrong.
//!
//! # Threads
//!
//! A [`Tracker`] is `Send` and `Sync`: share it by reference or in an `Arc`. A [`Snapshot`] may
//! move between threads, but belongs to one at a time:
//!
//! ```compile_fail
//! fn shared_by_threads<T: Sync>() {}
//! shared_by_threads::<milepost::Snapshot>();
//! ```
//!
//! Calls that wait for a commit block their thread. In an asynchronous host make them where
//! blocking is allowed, such as `spawn_blocking`; reads of one run never wait.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod batch;
mod call;
mod command;
mod error;
mod feed;
mod kinds;
mod log;
mod options;
mod read;
mod run;
mod snapshot;
mod stats;
mod time;
mod tracker;
mod transfer;
mod upkeep;
mod uuid;
mod work;

pub use batch::{Command, ImportCommand};
pub use command::{CreateCommand, StepOptions};
pub use error::{Applied, Error, ErrorCode, Result};
pub use feed::{Change, ChangePage, Subscription, FROM_NOW};
pub use kinds::{
    BulkAction, ChangeKind, Durability, Freshness, LogLevel, Order, OutcomeKind, Status,
    VerifyLevel,
};
pub use options::OpenOptions;
pub use read::{Counts, Filter, JsonPage, Page, PageOptions};
pub use run::{Outcome, Run};
pub use snapshot::Snapshot;
pub use stats::{Latency, Stats, TreeStats};
pub use time::{format_instant, parse_instant};
pub use tracker::{version, Tracker};
pub use transfer::{ImportProblem, ImportReport};
pub use upkeep::{BulkOptions, BulkReport, Erasure, PurgeOptions, PurgeReport};
pub use uuid::Uuid;
pub use work::{repair_directory, restore_backup, verify_directory, Finding, Progress, WorkReport};

/// Bytes of a failed run's error text; a longer one is cut.
pub const ERROR_TEXT_SIZE_MAX: usize = milepost_sys::MILEPOST_ERROR_TEXT_SIZE_MAX;
/// Bytes of an owner.
pub const OWNER_SIZE_MAX: usize = milepost_sys::MILEPOST_OWNER_SIZE_MAX;
/// Bytes of an idempotency key.
pub const IDEMPOTENCY_KEY_SIZE_MAX: usize = milepost_sys::MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX;
/// Commands of one [`Tracker::apply`].
pub const BATCH_COMMANDS_MAX: usize = milepost_sys::MILEPOST_BATCH_COMMANDS_MAX;
/// Ids of one [`Tracker::get_many`].
pub const GET_MANY_MAX: usize = milepost_sys::MILEPOST_GET_MANY_MAX;
/// Runs of one page of a list.
pub const LIST_LIMIT_MAX: usize = milepost_sys::MILEPOST_LIST_LIMIT_MAX;
/// Changes of one page of the feed.
pub const CHANGES_LIMIT_MAX: usize = milepost_sys::MILEPOST_CHANGES_LIMIT_MAX;
/// Runs that one step of a purge or of a bulk call takes.
pub const REMOVE_LIMIT_MAX: usize = milepost_sys::MILEPOST_REMOVE_LIMIT_MAX;
/// Findings that one report keeps; all are counted.
pub const FINDINGS_MAX: usize = milepost_sys::MILEPOST_FINDINGS_MAX;
