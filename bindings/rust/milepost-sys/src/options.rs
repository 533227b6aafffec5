// SPDX-License-Identifier: Apache-2.0
//! What calls take, laid out as C does.

use super::*;
use std::os::raw::{c_char, c_void};

/// See [`milepost_open_options`]: `user`, the level, the text and its size.
pub type milepost_log_function =
    unsafe extern "C" fn(user: *mut c_void, level: i32, text: *const c_char, size: usize);
/// One command: see the `Command` structs in `milepost/command.hpp`. In brackets the kinds
/// that a member has a meaning for; for others it must be as milepost_command_init leaves it,
/// zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_command {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_command_kind.
    pub kind: i32,
    /// \[all; for create with `has_run_id`\]
    pub run_id: milepost_id,
    /// \[create, import\]
    pub journey_id: milepost_id,
    /// \[create, import\]
    pub profile_id: milepost_id,
    /// Organization id.
    pub organization_id: milepost_id,
    /// \[create, import\] Default of create: the tracker's clock.
    pub triggered_at: i64,
    /// \[import\]
    pub started_at: i64,
    /// \[import\]
    pub completed_at: i64,
    /// \[complete, fail, exit, adopt, heartbeat\]
    pub fencing_token: u64,
    /// \[start, adopt: 0 is none; heartbeat\]
    pub lease_ms: i64,
    /// \[start, complete, fail, exit, adopt, heartbeat\] UTF-8.
    pub owner: milepost_text,
    /// \[create\] Any bytes.
    pub idempotency_key: milepost_text,
    /// \[fail, import\] Ill-formed UTF-8 is replaced.
    pub error: milepost_text,
    /// \[import\] enum milepost_run_status.
    pub status: i32,
    /// \[create\] Default: a fresh UUIDv7.
    pub has_run_id: u8,
    /// \[create; import has it always\]
    pub has_triggered_at: u8,
    /// \[import\]
    pub has_started_at: u8,
    /// \[import\]
    pub has_completed_at: u8,
    /// \[as fencing_token\]
    pub has_fencing_token: u8,
    /// \[fail, adopt\] `conflict` unless the lease has run out.
    pub only_if_expired: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// What the calls for one step take beside the run's id. For the meaning of a member, and the
/// verbs that it has one for, see milepost_command.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_step_options {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Has fencing token.
    pub has_fencing_token: u8,
    /// Only if expired.
    pub only_if_expired: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Organization id.
    pub organization_id: milepost_id,
    /// Owner.
    pub owner: milepost_text,
    /// Fencing token.
    pub fencing_token: u64,
    /// Lease ms.
    pub lease_ms: i64,
    /// Timeout ms.
    pub timeout_ms: i64,
}

/// Which runs. Every member that is given must fit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_filter {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// One bit for each status, `1 << MILEPOST_RUN_...`; init: all, 31.
    pub statuses: u32,
    /// Organization id.
    pub organization_id: milepost_id,
    /// Journey id.
    pub journey_id: milepost_id,
    /// Profile id.
    pub profile_id: milepost_id,
    /// This instant is in.
    pub triggered_from: i64,
    /// This one is not.
    pub triggered_to: i64,
    /// Has journey id.
    pub has_journey_id: u8,
    /// Has profile id.
    pub has_profile_id: u8,
    /// Has triggered from.
    pub has_triggered_from: u8,
    /// Has triggered to.
    pub has_triggered_to: u8,
    /// Zero.
    pub reserved: [u8; 4],
}

/// One page of a list.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_page_options {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_order; without meaning for orphans.
    pub order: i32,
    /// enum milepost_freshness; without meaning for orphans.
    pub freshness: i32,
    /// Zero.
    pub reserved: u32,
    /// 1 to MILEPOST_LIST_LIMIT_MAX; init: 100.
    pub limit: u64,
    /// `next` of the page before, same question; empty for the first.
    pub cursor: milepost_text,
    /// Timeout ms.
    pub timeout_ms: i64,
}

/// One step of retention: removes finished runs.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_purge_options {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// Default: of every organization.
    pub has_organization_id: u8,
    /// Only counts.
    pub dry_run: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Organization id.
    pub organization_id: milepost_id,
    /// Runs that finished at this instant or later stay.
    pub completed_before: i64,
    /// 1 to MILEPOST_REMOVE_LIMIT_MAX; init: 1,000.
    pub limit: u64,
    /// `next` of the step before; empty for the first.
    pub cursor: milepost_text,
    /// Timeout ms.
    pub timeout_ms: i64,
}

/// One step of failing or exiting all runs a filter matches.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_bulk_options {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_bulk_action; init: exit.
    pub action: i32,
    /// For fail: the reason.
    pub error: milepost_text,
    /// 1 to MILEPOST_REMOVE_LIMIT_MAX; init: 1,000.
    pub limit: u64,
    /// Cursor.
    pub cursor: milepost_text,
    /// Timeout ms.
    pub timeout_ms: i64,
    /// Counts what matches and shows a few, changes nothing.
    pub dry_run: u8,
    /// Zero.
    pub reserved: [u8; 7],
}

/// How to open a store: see `milepost::OpenOptions` for each member's meaning, default and
/// limits.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct milepost_open_options {
    /// The size of the struct, set by who makes it.
    pub struct_size: u32,
    /// enum milepost_durability
    pub durability: i32,
    /// Required. A path: any bytes but NUL.
    pub directory: milepost_text,
    /// init: 1
    pub create: u8,
    /// Read only.
    pub read_only: u8,
    /// Allow unsupported filesystem.
    pub allow_unsupported_filesystem: u8,
    /// For tests: see milepost_tracker_set_clock.
    pub manual_clock: u8,
    /// Readers max.
    pub readers_max: u32,
    /// Wait max ms.
    pub wait_max_ms: i64,
    /// Map size start.
    pub map_size_start: u64,
    /// Map size max.
    pub map_size_max: u64,
    /// Recent bytes max.
    pub recent_bytes_max: u64,
    /// Publish interval ms.
    pub publish_interval_ms: i64,
    /// Journal segment bytes.
    pub journal_segment_bytes: u64,
    /// Journal bytes max.
    pub journal_bytes_max: u64,
    /// Relaxed delay max ms.
    pub relaxed_delay_max_ms: i64,
    /// Relaxed bytes max.
    pub relaxed_bytes_max: u64,
    /// Feed retention.
    pub feed_retention: u64,
    /// Idempotency key lifetime s.
    pub idempotency_key_lifetime_s: i64,
    /// Snapshot age max ms.
    pub snapshot_age_max_ms: i64,
    /// With `manual_clock`: the instant it shows at first.
    pub clock: i64,
    /// Or NULL.
    pub log: Option<milepost_log_function>,
    /// Handed to `log`.
    pub log_user: *mut c_void,
}
