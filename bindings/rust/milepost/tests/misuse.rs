// SPDX-License-Identifier: Apache-2.0
//! What must be refused, and what must not crash.
mod common;
use common::*;
use milepost::*;
use std::{
    error::Error as _,
    sync::{
        atomic::{AtomicBool, AtomicU32, Ordering},
        Arc,
    },
    thread,
    time::{Duration, SystemTime},
};

#[test]
fn every_call_after_close_is_an_error() {
    let store = open();
    let id = create(&store).run_id;
    let moment = store.snapshot(Freshness::Latest, None).unwrap();
    let feed = store.subscribe(0, None).unwrap();
    store.close().unwrap();
    let closed = ErrorCode::Closed;
    assert_eq!(code(store.close()), closed);
    assert_eq!(code(store.create(&CreateCommand::default())), closed);
    assert_eq!(code(store.start(id, &NONE)), closed);
    assert_eq!(code(store.fail(id, "", &NONE)), closed);
    assert_eq!(code(store.heartbeat(id, Duration::from_secs(1), &NONE)), closed);
    assert_eq!(code(store.apply(&[], None)), closed);
    assert_eq!(code(store.get(id)), closed);
    assert_eq!(code(store.get_json(id)), closed);
    assert_eq!(code(store.get_many(Uuid::NIL, &[id])), closed);
    assert_eq!(code(store.wait(Uuid::NIL, id, None)), closed);
    assert_eq!(code(store.list(&Filter::default(), &PageOptions::default())), closed);
    assert_eq!(code(store.counts(None, None, Freshness::Latest)), closed);
    assert_eq!(code(store.changes(0, 1, None, Freshness::Latest)), closed);
    assert_eq!(code(store.stats()), closed);
    assert_eq!(code(store.expired(1)), closed);
    assert_eq!(code(store.subscribe(0, None)), closed);
    assert_eq!(code(store.flush(None)), closed);
    assert_eq!(code(moment.get(Uuid::NIL, id)), closed);
    assert_eq!(code(feed.next_page(1, None)), closed);
    let error = store.export_runs(Vec::new(), None, Freshness::Latest).unwrap_err();
    let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(inner.code, closed);
}

#[test]
fn hostile_texts_are_refused_or_mended() {
    let store = open();
    let invalid = ErrorCode::InvalidArgument;
    let run = create(&store).run_id;
    let huge = "\u{1f600}".repeat(1 << 20);
    let long = "o".repeat(OWNER_SIZE_MAX + 1);
    for owner in [&*huge, &*long, "a\0b"] {
        let outcome = store.start(run, &StepOptions { owner, ..NONE });
        if owner.len() > OWNER_SIZE_MAX {
            assert_eq!(code(outcome), invalid);
        } else {
            assert_eq!(outcome.unwrap().run.unwrap().owner, owner); // NUL is a character.
        }
    }
    let mended = store.fail(run, b"a\xffb\0c", &NONE).unwrap();
    assert_eq!(mended.run.unwrap().error.unwrap(), "a\u{fffd}b\0c");
    let cut = store.fail(create(&store).run_id, &huge, &NONE).unwrap().run.unwrap().error.unwrap();
    assert!(cut.len() <= ERROR_TEXT_SIZE_MAX && cut.ends_with('\u{2026}'));
    let page = PageOptions { cursor: &huge, ..PageOptions::default() };
    assert_eq!(code(store.list(&Filter::default(), &page)), invalid);
    let page = PageOptions { limit: 0, ..PageOptions::default() };
    assert_eq!(code(store.list(&Filter::default(), &page)), invalid);
    let commands = vec![Command::Exit(run, NONE); BATCH_COMMANDS_MAX + 1];
    assert_eq!(code(store.apply(&commands, None)), invalid);
    assert_eq!(code(store.get_many(Uuid::NIL, &vec![run; GET_MANY_MAX + 1])), invalid);
    let key = vec![0; IDEMPOTENCY_KEY_SIZE_MAX + 1];
    let keyed = CreateCommand { idempotency_key: &key, ..CreateCommand::default() };
    assert_eq!(code(store.create(&keyed)), invalid);
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 55);
    let late = CreateCommand { triggered_at: Some(far), ..CreateCommand::default() };
    assert_eq!(code(store.create(&late)), invalid);
    assert!("\u{1f600}".repeat(9).parse::<Uuid>().is_err());
}

#[test]
fn errors_say_what_was_wrong() {
    let folder = Folder::new();
    let mut options = OpenOptions::new(&folder.0);
    options.create = false;
    let error = Tracker::open(options).unwrap_err();
    assert_eq!((error.code, error.applied), (ErrorCode::NotFound, Applied::No));
    assert!(error.to_string().starts_with("not_found: "));
    assert_eq!(code(Tracker::open(OpenOptions::new(""))), ErrorCode::InvalidArgument);
    std::fs::write(&folder.0, "a file").unwrap();
    let error = Tracker::open(OpenOptions::new(&folder.0)).unwrap_err();
    assert_eq!(error.source().is_some(), error.system > 0);
    std::fs::remove_file(&folder.0).unwrap();
    let store = open();
    assert_eq!(code(Tracker::open(OpenOptions::new(&store.folder.0))), ErrorCode::AlreadyOpen);
    let id = create(&store).run_id;
    let wait = store.wait(Uuid::NIL, id, Some(Duration::from_millis(2)));
    assert_eq!(code(wait), ErrorCode::Busy);
}

#[test]
fn one_of_many_racers_wins() {
    let store = open_with(|options| options.durability = Durability::Durable);
    for _ in 0..20 {
        let (id, wins) = (create(&store).run_id, AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let outcome = store.start(id, &NONE).unwrap();
                    assert!(outcome.applied() || outcome.kind == OutcomeKind::Conflict);
                    wins.fetch_add(outcome.applied().into(), Ordering::Relaxed);
                    assert!(store.get_json(id).unwrap().is_some());
                });
            }
        });
        assert_eq!(wins.into_inner(), 1);
    }
}

#[test]
fn a_wait_is_ended_by_the_commit_or_by_closing() {
    let store = Arc::new(open());
    for close in [false, true] {
        let id = create(&store).run_id;
        let waiting = Arc::clone(&store);
        let waiter = thread::spawn(move || waiting.wait(Uuid::NIL, id, None));
        if close {
            store.close().unwrap();
            assert_eq!(code(waiter.join().unwrap()), ErrorCode::Closed);
        } else {
            assert!(store.exit(id, &NONE).unwrap().applied());
            assert_eq!(waiter.join().unwrap().unwrap().status, Status::Exited);
        }
    }
}

#[test]
fn the_log_hook_is_called_and_may_panic() {
    let (called, folder) = (Arc::new(AtomicBool::new(false)), Folder::new());
    let (seen, other) = (Arc::clone(&called), Folder::new().0.clone());
    let mut options = OpenOptions::new(&folder.0);
    options.log(move |_, text| {
        assert!(!text.is_empty());
        let inside = Tracker::open(OpenOptions::new(&other));
        assert_eq!(code(inside), ErrorCode::InvalidArgument);
        seen.store(true, Ordering::SeqCst);
        panic!("a hook's own fault, expected");
    });
    let tracker = Tracker::open(options).unwrap();
    create(&tracker);
    drop(tracker);
    assert!(called.load(Ordering::SeqCst));
}

#[test]
fn values_cross_threads() {
    fn sent<T: Send>() {}
    fn shared<T: Sync>() {}
    sent::<Snapshot>();
    sent::<Subscription>();
    sent::<OpenOptions>();
    shared::<Subscription>();
    shared::<Tracker>();
    sent::<Error>();
    shared::<Error>();
    let store = open();
    let id = create(&store).run_id;
    let moment = store.snapshot(Freshness::Latest, None).unwrap();
    let seen = thread::spawn(move || moment.get(Uuid::NIL, id).unwrap()).join().unwrap();
    assert_eq!(seen.unwrap().run_id, id);
}
