// SPDX-License-Identifier: Apache-2.0
//! Replays the contract's cases (bindings/contract/README.md) through the crate milepost:
//! `milepost-contract CASES FOLDER`. Stores are made in the folder.
mod replay;
mod text;

use replay::Replay;
use serde_json::{Map, Value};
use std::{error::Error, path::Path, process::ExitCode};

/// What a case says of a member, with nothing short-hand left in it.
fn expected(replay: &Replay, name: &str, from: &Value) -> Value {
    match name {
        "json" | "text" | "owner" => Value::from(text::text(from)),
        "run" => Value::from(replay.id_text(from)),
        _ if from.get("list_of").is_some() => Value::from(text::list(from)),
        _ => from.clone(),
    }
}

/// The first step that went otherwise, and what was seen.
fn replay_case(file: &Value, case: &Value, folder: &Path) -> Result<(), String> {
    let mut replay = Replay::new(file, folder);
    for step in case["steps"].as_array().expect("steps") {
        let seen = replay.play(step);
        let none = Map::new();
        let expect = step.get("expect").and_then(Value::as_object).unwrap_or(&none);
        let same = seen.get("error").is_some() == expect.contains_key("error");
        let agrees = |(name, from): (&String, &Value)| {
            seen.get(name) == Some(&expected(&replay, name, from))
        };
        if !same || !expect.iter().all(agrees) {
            return Err(format!("  step {step}\n  seen {seen}"));
        }
    }
    Ok(())
}

fn run() -> Result<bool, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (cases, folder) = match &arguments[..] {
        [_, cases, folder] => (cases, Path::new(folder)),
        _ => return Err("usage: milepost-contract CASES FOLDER".into()),
    };
    let file: Value = serde_json::from_slice(&std::fs::read(cases)?)?;
    let (mut ran, mut failed, mut skipped) = (0, 0, 0);
    for case in file["cases"].as_array().ok_or("no cases")? {
        let name = case["name"].as_str().ok_or("no name")?;
        if text::needs_ill_formed_str(case) {
            println!("skipped, for a str is never ill-formed: {name}");
            skipped += 1;
            continue;
        }
        ran += 1;
        let store = folder.join(format!("case-{ran}"));
        if let Err(problem) = replay_case(&file, case, &store) {
            println!("FAILED: {name}\n{problem}");
            failed += 1;
        }
        std::fs::remove_dir_all(store)?;
    }
    println!("{ran} cases, {failed} failed, {skipped} skipped");
    Ok(failed == 0 && ran >= 30 && skipped <= 1)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("milepost-contract: {problem}");
            ExitCode::FAILURE
        }
    }
}
