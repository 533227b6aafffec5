// SPDX-License-Identifier: Apache-2.0
//! What calls yield, laid out as C does.

use super::*;
use std::os::raw::c_char;

/// `MILEPOST_OK` or one of the negative codes.
pub type milepost_status = i32;

/// What went wrong. The caller's own: set `struct_size = sizeof x` once and use it again and
/// again. Every call that is given one sets all of it, on success to MILEPOST_OK and an empty
/// message. One with a wrong `struct_size` is left as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_error {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// The status that the call yields.
    pub code: i32,
    /// `errno` or LMDB's number, 0 when there is none.
    pub system: i32,
    /// enum milepost_applied.
    pub applied: u8,
    /// Whether the same call may simply be made again.
    pub retry_safe: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// What it is about, what was wrong, what to do. UTF-8 on one line, cut at a code point, ends
    /// with a NUL.
    pub message: [c_char; 1008],
}

/// 16 bytes in RFC 9562 order. Sixteen zero bytes are a valid id.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_id {
    /// Bytes.
    pub bytes: [u8; 16],
}

/// A text that is somebody else's: the caller's on the way in, a result's on the way out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_text {
    /// Data.
    pub data: *const c_char,
    /// Size.
    pub size: usize,
}

/// A run as it was at one moment. Its texts live in the result it was read from; a call that
/// reads one run puts them into the caller's text buffer. There MILEPOST_RUN_TEXT_MAX bytes
/// always suffice; a text that found no room has its size and `data` NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_run {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_run_status.
    pub status: i32,
    /// Run id.
    pub run_id: milepost_id,
    /// Journey id.
    pub journey_id: milepost_id,
    /// Profile id.
    pub profile_id: milepost_id,
    /// Organization id.
    pub organization_id: milepost_id,
    /// Triggered at.
    pub triggered_at: i64,
    /// Started at.
    pub started_at: i64,
    /// Completed at.
    pub completed_at: i64,
    /// Grows with each owner; 0 until started.
    pub fencing_token: u64,
    /// Of the last effect on the run.
    pub sequence: u64,
    /// Error.
    pub error: milepost_text,
    /// Owner.
    pub owner: milepost_text,
    /// 0: there is no such run, and every other member is zero.
    pub found: u8,
    /// Has started at.
    pub has_started_at: u8,
    /// Has completed at.
    pub has_completed_at: u8,
    /// Exactly while the status is failed.
    pub has_error: u8,
    /// Zero.
    pub reserved: [u8; 4],
}

/// The answer to one command. `run` stands last and grows in place.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_outcome {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_outcome_kind.
    pub kind: i32,
    /// Whether this very call did it: created or applied.
    pub applied: u8,
    /// Whether it is so now: applied, or unchanged.
    pub holds: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The run as it is now; not `found` where the answer carries none.
    pub run: milepost_run,
}

/// Runs per status.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_counts {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Queued.
    pub queued: u64,
    /// Running.
    pub running: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Exited.
    pub exited: u64,
}

/// One change. `run` stands last and grows in place; `found` is 1 in it, whatever is known.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_change {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_change_kind.
    pub kind: i32,
    /// Sequence.
    pub sequence: u64,
    /// The run as this change left it.
    pub run: milepost_run,
}

/// Where a page of changes stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_feed_position {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// `after` of the next page.
    pub next: u64,
    /// The last sequence of the moment the page is of; for a subscription: next.
    pub newest: u64,
    /// Store id.
    pub store_id: milepost_id,
}

/// What a step of a purge did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_purge_report {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// 0: nothing is left to remove.
    pub next_size: u32,
    /// Removed.
    pub removed: u64,
    /// The next step's cursor; ends with a NUL.
    pub next: [c_char; MILEPOST_CURSOR_SIZE_MAX + 1],
}

/// What was erased, and what remains of it where: see `milepost::ErasureReceipt`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_erasure {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Runs.
    pub runs: u64,
    /// Changes blanked.
    pub changes_blanked: u64,
    /// Sequence.
    pub sequence: u64,
    /// Every run of the profile made up to this sequence is gone.
    pub through: u64,
    /// Journal bytes.
    pub journal_bytes: u64,
    /// Free bytes.
    pub free_bytes: u64,
}

/// What a bulk step did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_bulk_report {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// 0: all are done.
    pub next_size: u32,
    /// Matched.
    pub matched: u64,
    /// Applied.
    pub applied: u64,
    /// Next.
    pub next: [c_char; MILEPOST_CURSOR_SIZE_MAX + 1],
}

/// How far an operation that goes in steps is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_progress {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// 1: this was the last step.
    pub done: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Of an export; rows that a verify or repair read.
    pub lines: u64,
    /// Of an export, or copied by a backup or restore.
    pub bytes: u64,
}

/// What an import has done so far; `problems` counts those of the last step only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_import_report {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Problems.
    pub problems: u32,
    /// Lines.
    pub lines: u64,
    /// Created.
    pub created: u64,
    /// Unchanged.
    pub unchanged: u64,
    /// Refused.
    pub refused: u64,
}

/// What a work found or did. Members that its kind does not name are zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_work_report {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// \[verify, repair\] How many milepost_work_finding knows.
    pub findings: u32,
    /// \[verify, repair\] All that were found; 0: the store is sound.
    pub findings_count: u64,
    /// \[verify; repair: saved; restore\]
    pub runs: u64,
    /// \[verify\] Of all tables.
    pub rows: u64,
    /// \[verify; repair: saved\] In the feed.
    pub changes: u64,
    /// \[verify\] Of the data file; a tracker at level records: 0.
    pub pages: u64,
    /// \[verify of a folder, repair\] Effects that only the journal held.
    pub journaled: u64,
    /// \[verify, backup, restore\] The last effect held.
    pub sequence: u64,
    /// \[repair\] Records that failed their checks and were left behind.
    pub lost: u64,
    /// \[backup, restore\] Of the copy.
    pub bytes: u64,
    /// \[restore\] The id of the new store.
    pub store_id: milepost_id,
}

/// One thing that is wrong with a store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_finding {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// A stable name, e.g. `record_checksum`.
    pub kind: milepost_text,
    /// Table, page or file.
    pub r#where: milepost_text,
    /// One sentence.
    pub text: milepost_text,
}
