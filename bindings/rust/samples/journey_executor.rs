// SPDX-License-Identifier: Apache-2.0
//! A small host: makes runs in one batch, asks the store what there is to do, and lets workers race
//! for it. Run it again, also after kill -9, on the same directory: nothing is made or done twice.
//!
//!     journey_executor DIRECTORY [RUNS] [WORKERS]
use milepost::*;
use std::sync::{mpsc, Mutex};

/// Follows from the number of the trigger, so that a trigger makes one run however often.
fn run_id(number: usize) -> Uuid {
    Uuid::from(0x0000_0000_0000_8000_8000_0000_0000_0000 | number as u128)
}

/// The make-believe journey: its end follows from the run's id.
fn execute(tracker: &Tracker, run: &Run, owner: &str) -> Result<()> {
    let mut options = StepOptions { owner, ..StepOptions::default() };
    let mine = if run.status == Status::Running {
        options.fencing_token = Some(run.fencing_token); // An orphan: its owner died.
        tracker.adopt(run.run_id, &options)?
    } else {
        tracker.start(run.run_id, &options)?
    };
    if !mine.applied() {
        return Ok(()); // Somebody else has it.
    }
    options.fencing_token = mine.run.map(|run| run.fencing_token);
    let ended = match u128::from(run.run_id) as u32 % 10 {
        0..=6 => tracker.complete(run.run_id, &options)?,
        7 | 8 => tracker.fail(run.run_id, "mailbox full", &options)?,
        _ => tracker.exit(run.run_id, &options)?,
    };
    assert!(ended.holds());
    Ok(())
}

/// Hands out the orphans, then the queued runs, until there are none left.
fn lists(tracker: &Tracker, work: mpsc::SyncSender<Run>) -> Result<()> {
    let queued = Filter { statuses: &[Status::Queued], ..Filter::default() };
    for orphans in [true, false] {
        let mut page = Page::default();
        loop {
            let order = Order::OldestFirst;
            let options =
                PageOptions { limit: 500, order, cursor: &page.next, ..Default::default() };
            page = if orphans {
                tracker.orphans(&options)?
            } else {
                tracker.list(&queued, &options)?
            };
            page.runs.drain(..).for_each(|run| work.send(run).expect("the workers are there"));
            if page.next.is_empty() {
                break;
            }
        }
    }
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at, default| arguments.get(at).map_or(Ok(default), |text: &String| text.parse());
    let (runs, workers) = (number(2, 1000)?, number(3, 8)?);
    let directory = arguments.get(1).ok_or("usage: journey_executor DIRECTORY [RUNS] [WORKERS]")?;
    let tracker = Tracker::open(OpenOptions::new(directory))?;
    let journey: Uuid = "3c90c3cc-0d44-4b50-8888-8dd25736052a".parse()?;
    let create = |id| CreateCommand { run_id: Some(id), ..CreateCommand::new(journey, id) };
    let batch: Vec<_> = (0..runs).map(|i| Command::Create(create(run_id(i)))).collect();
    tracker.apply(&batch, None)?;
    let (sender, receiver) = mpsc::sync_channel(workers);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (tracker, receiver) = (&tracker, &receiver);
            scope.spawn(move || {
                let next = || receiver.lock().expect("no worker panics").recv();
                while let Ok(run) = next() {
                    execute(tracker, &run, &format!("worker-{worker}")).expect("the store works");
                }
            });
        }
        lists(&tracker, sender)
    })?;
    let counts = tracker.counts(None, None, Freshness::Latest)?;
    let (completed, failed, exited) = (counts.completed, counts.failed, counts.exited);
    println!("completed={completed} failed={failed} exited={exited}");
    if let Some(json) = tracker.get_json(run_id(7))? {
        println!("{}", String::from_utf8(json)?);
    }
    Ok(tracker.close()?)
}
