// SPDX-License-Identifier: Apache-2.0
//! What a call costs from Rust: nanoseconds of one get_json and of one relaxed step.
use milepost::{CreateCommand, Durability, OpenOptions, StepOptions, Tracker, Uuid};
use std::time::Instant;

const STEPS: u32 = 100_000;
const READS: u32 = 1_000_000;

fn ns(begin: Instant, count: u32) -> f64 {
    begin.elapsed().as_nanos() as f64 / f64::from(count)
}

fn main() -> milepost::Result<()> {
    let parent = std::env::var_os("MILEPOST_TEST_DIR").map(std::path::PathBuf::from);
    let folder = parent
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("milepost-cost-{}", std::process::id()));
    let mut options = OpenOptions::new(&folder);
    options.durability = Durability::Relaxed;
    let tracker = Tracker::open(options)?;
    let journey = Uuid::from(7);
    let mut ids = Vec::new();
    for _ in 0..STEPS {
        let created = tracker.create(&CreateCommand::new(journey, journey))?;
        ids.extend(created.run.map(|run| run.run_id));
    }
    let last = ids[ids.len() - 1];
    let begin = Instant::now();
    let mut bytes = 0;
    for _ in 0..READS {
        bytes += tracker.get_json(last)?.map_or(0, |json| json.len());
    }
    let read = ns(begin, READS);
    let begin = Instant::now();
    for id in &ids {
        assert!(tracker.start(*id, &StepOptions::default())?.applied());
    }
    println!("Rust   get_json {read:5.0} ns   relaxed step {:6.0} ns", ns(begin, STEPS));
    assert!(bytes > 0);
    tracker.close()?;
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}
