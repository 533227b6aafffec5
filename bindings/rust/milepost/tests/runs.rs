// SPDX-License-Identifier: Apache-2.0
//! What the crate does.
mod common;
use common::*;
use milepost::*;
use std::time::Duration;

#[test]
fn a_run_goes_from_queued_to_failed() {
    let store = open_with(|options| options.clock = Some(begin()));
    let run = create(&store);
    assert_eq!((run.status, run.triggered_at, run.started_at), (Status::Queued, begin(), None));
    let owner = StepOptions { owner: "worker-7", ..NONE };
    assert!(store.start(run.run_id, &owner).unwrap().applied());
    store.set_clock(begin() + Duration::from_millis(1500)).unwrap();
    let failed = store.fail(run.run_id, "mailbox <full>", &NONE).unwrap();
    let seen = failed.run.clone().unwrap();
    assert!(failed.applied());
    assert_eq!((seen.error.as_deref(), &*seen.owner), (Some("mailbox <full>"), "worker-7"));
    let want = format!(
        "{{\"runId\":\"{}\",\"journeyId\":\"{JOURNEY}\",\"profileId\":\"{PROFILE}\",\
         \"status\":\"failed\",\"triggeredAt\":\"2023-11-07T05:31:56Z\",\
         \"completedAt\":\"2023-11-07T05:31:57.500Z\",\"error\":\"mailbox <full>\"}}",
        run.run_id
    );
    assert_eq!(store.get_json(run.run_id).unwrap().unwrap(), want.as_bytes());
    let value = store.get(run.run_id).unwrap().unwrap();
    assert_eq!(value.to_json().unwrap(), want.as_bytes());
    let refused = store.complete(run.run_id, &NONE).unwrap();
    assert_eq!(refused.kind, OutcomeKind::Illegal);
    assert!(!refused.holds());
    assert_eq!(store.get(JOURNEY).unwrap(), None);
    assert_eq!(store.get_json_in(JOURNEY, run.run_id).unwrap(), None);
}

#[test]
fn a_batch_answers_each_command() {
    let store = open();
    let (id, other) =
        (Uuid::from(0x7000_8000_0000_0000_0001), Uuid::from(0x7000_8000_0000_0000_0002));
    let create = Command::Create(CreateCommand {
        run_id: Some(id),
        idempotency_key: b"order-4711",
        ..CreateCommand::new(JOURNEY, PROFILE)
    });
    let owner = StepOptions { owner: "w", ..NONE };
    let leased = StepOptions { lease: Duration::from_secs(60), ..owner };
    let import = ImportCommand {
        run_id: other,
        journey_id: JOURNEY,
        profile_id: PROFILE,
        organization_id: Uuid::NIL,
        status: Status::Failed,
        triggered_at: begin(),
        started_at: None,
        completed_at: Some(begin()),
        error: b"old",
    };
    let batch = [
        create,
        Command::Start(id, leased),
        create,
        Command::Heartbeat(id, leased),
        Command::Adopt(id, StepOptions { owner: "x", ..NONE }),
        Command::Fail(id, b"no", owner),
        Command::Exit(JOURNEY, NONE),
        Command::Complete(id, NONE),
        Command::Import(import),
    ];
    let outcomes = store.apply(&batch, None).unwrap();
    let kinds: Vec<_> = outcomes.iter().map(|outcome| outcome.kind.name()).collect();
    let want = "created applied unchanged applied applied conflict not_found applied created";
    assert_eq!(kinds.join(" "), want);
    assert_eq!(outcomes[6].run, None);
    assert_eq!(outcomes[8].run.as_ref().unwrap().error.as_deref(), Some("old"));
}

#[test]
fn lists_counts_and_snapshots_agree() {
    let store = open();
    let ids: Vec<_> = (0..5).map(|_| create(&store).run_id).collect();
    assert!(store.start(ids[0], &NONE).unwrap().applied());
    let moment = store.snapshot(Freshness::Latest, None).unwrap();
    assert!(store.start(ids[1], &NONE).unwrap().applied());
    let filter =
        Filter { journey_id: Some(JOURNEY), statuses: &[Status::Queued], ..Filter::default() };
    let (mut seen, mut page) = (0, Page::default());
    loop {
        let options = PageOptions { limit: 2, cursor: &page.next, ..PageOptions::default() };
        page = moment.list(&filter, &options).unwrap();
        seen += page.runs.len();
        if page.next.is_empty() {
            break;
        }
    }
    let counts = moment.counts(None, Some(JOURNEY)).unwrap();
    assert_eq!((seen, counts.queued, counts.running), (4, 4, 1));
    let now = store.counts(None, None, Freshness::Latest).unwrap();
    assert_eq!((now.queued, now.total()), (3, 5));
    let json = store.list_json(&filter, &PageOptions::default()).unwrap();
    assert_eq!(json.count, 3);
    assert!(json.json.starts_with(b"[{\"runId\":"));
    let many = store.get_many(Uuid::NIL, &[ids[4], Uuid::from(1), ids[0]]).unwrap();
    assert_eq!(many[0].as_ref().unwrap().run_id, ids[4]);
    assert_eq!(many[1], None);
    assert_eq!(many[2].as_ref().unwrap().status, Status::Running);
    assert_eq!(moment.get_many(Uuid::NIL, &ids).unwrap().len(), 5);
    assert_eq!(moment.get(Uuid::NIL, ids[1]).unwrap().unwrap().status, Status::Queued);
    assert!(moment.get_json(Uuid::NIL, ids[1]).unwrap().is_some());
    assert_eq!(moment.list_json(&filter, &PageOptions::default()).unwrap().count, 4);
    assert_eq!(moment.changes(0, 100, None).unwrap().newest, moment.sequence().unwrap());
}

#[test]
fn the_feed_tells_every_change() {
    let store = open();
    let feed = store.subscribe(0, None).unwrap();
    let run = create(&store);
    assert!(store.exit(run.run_id, &NONE).unwrap().applied());
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let page = feed.next_page(100, None).unwrap();
        kinds.extend(page.changes.iter().map(|change| change.kind));
    }
    assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Exited]);
    let page = store.changes(0, 1, None, Freshness::Latest).unwrap();
    assert_eq!((page.changes.len(), page.next), (1, 1));
    assert_eq!(page.newest, feed.position().unwrap());
    assert_eq!(page.store_id, store.store_id().unwrap());
    feed.stop().unwrap();
    assert_eq!(code(feed.next_page(1, None)), ErrorCode::Cancelled);
}

#[test]
fn upkeep() {
    let store = open_with(|options| options.clock = Some(begin()));
    let (first, second, third) = (create(&store), create(&store), create(&store));
    let lease = StepOptions { owner: "w", lease: Duration::from_secs(1), ..NONE };
    assert!(store.start(first.run_id, &lease).unwrap().applied());
    assert!(store.exit(second.run_id, &NONE).unwrap().applied());
    store.set_clock(begin() + Duration::from_secs(3600)).unwrap();
    let expired = store.expired(10).unwrap();
    assert_eq!(expired.len(), 1);
    let token = Some(expired[0].fencing_token);
    let overdue = StepOptions { only_if_expired: true, fencing_token: token, ..NONE };
    assert!(store.fail(first.run_id, "silent", &overdue).unwrap().applied());
    let mut bulk = BulkOptions { action: BulkAction::Fail, error: b"ended", ..Default::default() };
    bulk.dry_run = true;
    let dry = store.bulk(&Filter::default(), &bulk).unwrap();
    assert_eq!((dry.matched, dry.applied), (1, 0));
    assert_eq!(dry.sample[0].run_id, third.run_id);
    bulk.dry_run = false;
    let done = store.bulk(&Filter::default(), &bulk).unwrap();
    assert_eq!((done.applied, &*done.next), (1, ""));
    let minute = PurgeOptions::new(begin() + Duration::from_secs(60));
    assert_eq!(store.purge(&minute).unwrap().removed, 1);
    let erased = store.erase_profile(Uuid::NIL, PROFILE, None).unwrap();
    assert_eq!(erased.runs, 2);
    assert!(erased.changes_blanked > 0);
    assert!(store.orphans(&PageOptions::default()).unwrap().runs.is_empty());
    let stats = store.stats().unwrap();
    assert_eq!(stats.runs.total(), 0);
    assert!(!stats.trees.is_empty() && stats.prometheus.contains("# TYPE"));
    store.flush(None).unwrap();
    assert_eq!(store.unpublished().unwrap(), 0);
}

#[test]
fn what_is_exported_can_be_imported() {
    let (from, to) = (open(), open());
    for _ in 0..3 {
        create(&from);
    }
    let mut lines = Vec::new();
    assert_eq!(from.export_runs(&mut lines, None, Freshness::Latest).unwrap(), 3);
    let copied = lines.clone();
    lines.extend(b"{no json}\n");
    let mut problems = Vec::new();
    let report = to.import_runs(&*lines, |problem| problems.push(problem), None).unwrap();
    assert_eq!(report, ImportReport { lines: 4, created: 3, unchanged: 0, refused: 1 });
    assert_eq!((problems.len(), problems[0].line), (1, 4));
    let mut again = Vec::new();
    to.export_runs(&mut again, None, Freshness::Latest).unwrap();
    assert_eq!(again, copied);
}

#[test]
fn texts_of_statuses_ids_and_instants() {
    for status in Status::ALL {
        assert_eq!(status.name().parse::<Status>().unwrap(), status);
    }
    assert_eq!(code("Queued".parse::<Status>()), ErrorCode::InvalidArgument);
    for bad in ["", "2023-02-30T00:00Z", "2023-11-07T05:31:56+01:00"] {
        assert_eq!(code(parse_instant(bad)), ErrorCode::InvalidArgument);
    }
    let before = parse_instant("1400-01-01T00:00:00.000001Z").unwrap();
    assert_eq!(format_instant(before).unwrap(), "1400-01-01T00:00:00.000001Z");
    assert_eq!(ErrorCode::DiskFull.to_string(), "disk_full");
    assert!(!version().is_empty());
}
