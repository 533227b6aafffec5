// SPDX-License-Identifier: Apache-2.0
//! Verify, backup, restore and repair.
mod common;
use common::*;
use milepost::*;
use std::fs;

#[test]
fn a_backup_is_verified_and_restored() {
    let (store, copied, restored) = (open(), Folder::new(), Folder::new());
    let run = create(&store);
    let mut steps = 0;
    let seen = store.verify(VerifyLevel::Pages, None, |_| {
        steps += 1;
        true
    });
    let seen = seen.unwrap();
    assert_eq!((seen.findings_count, seen.runs), (0, 1));
    assert!(seen.pages > 0 && steps > 0);
    let made = store.backup(&copied.0, true, None, |_| true).unwrap();
    assert!(made.bytes > 0 && made.sequence == 1);
    let again = store.backup(&copied.0, true, None, |_| true);
    assert_eq!(code(again), ErrorCode::InvalidArgument);
    let sound = verify_directory(&copied.0, VerifyLevel::Pages, |_| true).unwrap();
    assert_eq!((sound.findings_count, sound.runs), (0, 1));
    let back = restore_backup(&copied.0, &restored.0, false, |_| true).unwrap();
    let other = Tracker::open(OpenOptions::new(&restored.0)).unwrap();
    assert_eq!(other.store_id().unwrap(), back.store_id);
    assert_eq!(other.get(run.run_id).unwrap().unwrap().status, Status::Queued);
}

#[test]
fn a_damaged_backup_is_told() {
    let (store, copied, restored) = (open(), Folder::new(), Folder::new());
    create(&store);
    store.backup(&copied.0, true, None, |_| true).unwrap();
    for file in fs::read_dir(&copied.0).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().skip(8192).step_by(512).for_each(|byte| *byte ^= 0xff);
        fs::write(&path, bytes).unwrap();
    }
    let report = verify_directory(&copied.0, VerifyLevel::Pages, |_| true).unwrap();
    assert!(report.findings_count > 0 && !report.findings[0].text.is_empty());
    let refused = restore_backup(&copied.0, &restored.0, false, |_| true);
    assert_eq!(code(refused), ErrorCode::Corrupt);
    let absent = repair_directory(&restored.0, &copied.0, |_| true);
    assert!(absent.is_err());
}

#[test]
fn a_work_that_is_cancelled_leaves_nothing() {
    let (store, copied) = (open(), Folder::new());
    create(&store);
    let result = store.backup(&copied.0, false, None, |_| false);
    if let Err(error) = &result {
        assert_eq!(error.code, ErrorCode::Cancelled);
    } // else its first step was its last
    assert_eq!(copied.0.exists(), result.is_ok());
}

#[test]
fn orphans_fail_in_steps() {
    let folder = Folder::new();
    let first = Tracker::open(OpenOptions::new(&folder.0)).unwrap();
    let id = create(&first).run_id;
    assert!(first.start(id, &NONE).unwrap().applied());
    first.close().unwrap();
    let second = Tracker::open(OpenOptions::new(&folder.0)).unwrap();
    assert_eq!(second.fail_orphans("its process is gone", 10, None).unwrap(), (1, false));
    let run = second.get(id).unwrap().unwrap();
    assert_eq!(run.error.as_deref(), Some("its process is gone"));
}
