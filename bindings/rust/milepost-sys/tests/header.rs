// SPDX-License-Identifier: Apache-2.0
//! Numbers and sizes equal those that a C compiler makes of the header: the file that
//! MILEPOST_HEADER_FACTS names has them (ci.sh header makes it).
use milepost_sys::*;
use std::{collections::HashMap, env, fs, mem::size_of};

macro_rules! numbers {
    ($($name:ident,)*) => { HashMap::from([$((stringify!($name), $name as i64),)*]) };
}
macro_rules! sizes {
    ($($name:ident,)*) => { HashMap::from([$((stringify!($name), size_of::<$name>() as i64),)*]) };
}

fn numbers() -> HashMap<&'static str, i64> {
    numbers![
        MILEPOST_OK,
        MILEPOST_E_INVALID_ARGUMENT,
        MILEPOST_E_NOT_FOUND,
        MILEPOST_E_BUSY,
        MILEPOST_E_OUTCOME_UNKNOWN,
        MILEPOST_E_READ_ONLY,
        MILEPOST_E_CLOSED,
        MILEPOST_E_ALREADY_OPEN,
        MILEPOST_E_LOCKED,
        MILEPOST_E_FORKED,
        MILEPOST_E_NEEDS_REOPEN,
        MILEPOST_E_SNAPSHOT_EXPIRED,
        MILEPOST_E_TOO_OLD,
        MILEPOST_E_OTHER_STORE,
        MILEPOST_E_CANCELLED,
        MILEPOST_E_DISK_FULL,
        MILEPOST_E_MAP_FULL,
        MILEPOST_E_READERS_FULL,
        MILEPOST_E_PID_CLASH,
        MILEPOST_E_UNSUPPORTED_FILESYSTEM,
        MILEPOST_E_PERMISSION,
        MILEPOST_E_NOT_A_DATABASE,
        MILEPOST_E_VERSION,
        MILEPOST_E_CORRUPT,
        MILEPOST_E_IO,
        MILEPOST_E_OUT_OF_MEMORY,
        MILEPOST_E_OUT_OF_ADDRESS_SPACE,
        MILEPOST_E_INTERNAL,
        MILEPOST_APPLIED_NO,
        MILEPOST_APPLIED_YES,
        MILEPOST_APPLIED_UNKNOWN,
        MILEPOST_RUN_QUEUED,
        MILEPOST_VERIFY_RECORDS,
        MILEPOST_VERIFY_PAGES,
        MILEPOST_FINDINGS_MAX,
        MILEPOST_RUN_RUNNING,
        MILEPOST_RUN_COMPLETED,
        MILEPOST_RUN_FAILED,
        MILEPOST_RUN_EXITED,
        MILEPOST_OUTCOME_CREATED,
        MILEPOST_OUTCOME_APPLIED,
        MILEPOST_OUTCOME_UNCHANGED,
        MILEPOST_OUTCOME_ILLEGAL,
        MILEPOST_OUTCOME_CONFLICT,
        MILEPOST_OUTCOME_NOT_FOUND,
        MILEPOST_COMMAND_CREATE,
        MILEPOST_COMMAND_START,
        MILEPOST_COMMAND_COMPLETE,
        MILEPOST_COMMAND_FAIL,
        MILEPOST_COMMAND_EXIT,
        MILEPOST_COMMAND_ADOPT,
        MILEPOST_COMMAND_HEARTBEAT,
        MILEPOST_COMMAND_IMPORT,
        MILEPOST_NEWEST_FIRST,
        MILEPOST_OLDEST_FIRST,
        MILEPOST_LATEST,
        MILEPOST_PUBLISHED,
        MILEPOST_CHANGE_CREATED,
        MILEPOST_CHANGE_STARTED,
        MILEPOST_CHANGE_COMPLETED,
        MILEPOST_CHANGE_FAILED,
        MILEPOST_CHANGE_EXITED,
        MILEPOST_CHANGE_ADOPTED,
        MILEPOST_CHANGE_IMPORTED,
        MILEPOST_CHANGE_PURGED,
        MILEPOST_CHANGE_ERASED,
        MILEPOST_CHANGE_PROFILE_ERASED,
        MILEPOST_CHANGE_BLANKED,
        MILEPOST_BULK_FAIL,
        MILEPOST_BULK_EXIT,
        MILEPOST_DURABLE,
        MILEPOST_RELAXED,
        MILEPOST_LOG_DEBUG,
        MILEPOST_LOG_INFO,
        MILEPOST_LOG_WARNING,
        MILEPOST_LOG_ERROR,
        MILEPOST_ABI_VERSION,
        MILEPOST_TEXT_SIZE_MAX,
        MILEPOST_ID_TEXT_SIZE,
        MILEPOST_INSTANT_TEXT_SIZE_MAX,
        MILEPOST_ERROR_TEXT_SIZE_MAX,
        MILEPOST_OWNER_SIZE_MAX,
        MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX,
        MILEPOST_RUN_TEXT_MAX,
        MILEPOST_RUN_JSON_MAX,
        MILEPOST_CURSOR_SIZE_MAX,
        MILEPOST_BATCH_COMMANDS_MAX,
        MILEPOST_GET_MANY_MAX,
        MILEPOST_LIST_LIMIT_MAX,
        MILEPOST_CHANGES_LIMIT_MAX,
        MILEPOST_REMOVE_LIMIT_MAX,
        MILEPOST_IMPORT_STEP_MAX,
    ]
}

fn sizes() -> HashMap<&'static str, i64> {
    sizes![
        milepost_error,
        milepost_id,
        milepost_text,
        milepost_run,
        milepost_work,
        milepost_work_report,
        milepost_finding,
        milepost_outcome,
        milepost_command,
        milepost_step_options,
        milepost_filter,
        milepost_page_options,
        milepost_counts,
        milepost_change,
        milepost_feed_position,
        milepost_purge_options,
        milepost_purge_report,
        milepost_erasure,
        milepost_bulk_options,
        milepost_bulk_report,
        milepost_progress,
        milepost_import_report,
        milepost_stats_values,
        milepost_tree_stats,
        milepost_open_options,
        milepost_tracker,
        milepost_snapshot,
        milepost_subscription,
        milepost_export,
        milepost_import,
        milepost_runs,
        milepost_outcomes,
        milepost_changes,
        milepost_json_page,
        milepost_stats,
    ]
}

#[test]
fn numbers_and_sizes_are_the_headers() {
    let path = env::var_os("MILEPOST_HEADER_FACTS");
    let facts = match path.map(fs::read_to_string) {
        Some(Ok(facts)) => facts,
        _ => return println!("not run: MILEPOST_HEADER_FACTS names no file"),
    };
    let mut ours = numbers();
    ours.extend(sizes());
    for fact in facts.lines() {
        let words: Vec<_> = fact.split(' ').collect();
        let (name, value) = (words[1], words[2].parse::<i64>().expect("a number"));
        if name.starts_with("MILEPOST_VERSION_") {
            continue;
        }
        assert_eq!(ours.remove(name), Some(value), "{name} in the header and here");
    }
    assert!(ours.is_empty(), "the header does not have {:?}", ours.keys());
}
