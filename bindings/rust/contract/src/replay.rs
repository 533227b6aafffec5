// SPDX-License-Identifier: Apache-2.0
//! Does the steps of one case; each yields what was seen.
use crate::text::{bytes, list, text};
use milepost::*;
use serde_json::{json, Value};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Barrier, Mutex},
    thread,
    time::{Duration, SystemTime},
};

/// What a step has to say where the crate's own types refuse an argument: a negative duration.
enum Refused {
    ByTypes,
    ByLibrary(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::ByLibrary(error)
    }
}

type Seen = std::result::Result<Value, Refused>;

pub struct Replay<'a> {
    file: &'a Value,
    folder: PathBuf,
    clock: SystemTime,
    names: Mutex<HashMap<String, String>>,
    tracker: Tracker,
}

fn options(folder: &Path, clock: SystemTime) -> OpenOptions {
    let mut options = OpenOptions::new(folder);
    options.clock = Some(clock);
    options
}

fn instant(step: &Value, name: &str) -> Result<Option<SystemTime>> {
    step.get(name).map(|from| parse_instant(&text(from))).transpose()
}

fn milliseconds(step: &Value, name: &str) -> std::result::Result<Duration, Refused> {
    match step.get(name).map(|given| given.as_u64()) {
        None => Ok(Duration::ZERO),
        Some(Some(ms)) => Ok(Duration::from_millis(ms)),
        Some(None) => Err(Refused::ByTypes),
    }
}

fn limit(step: &Value, otherwise: u64) -> u64 {
    step["limit"].as_u64().unwrap_or(otherwise)
}

fn flag(step: &Value, name: &str) -> bool {
    step[name] == json!(true)
}

fn see_run(mut seen: Value, run: &Run) -> Seen {
    seen["run"] = json!(run.run_id.to_string());
    seen["json"] = json!(String::from_utf8(run.to_json()?).expect("UTF-8"));
    seen["owner"] = json!(run.owner);
    seen["token"] = json!(run.fencing_token);
    seen["version"] = json!(run.run_id.as_bytes()[6] >> 4);
    Ok(seen)
}

fn ids(runs: &[Run]) -> Value {
    runs.iter().map(|run| run.run_id.to_string()).collect()
}

/// The texts that a command borrows.
struct Texts {
    owner: String,
    error: Vec<u8>,
    key: Vec<u8>,
}

impl Texts {
    fn of(step: &Value) -> Texts {
        let (error, key) = (bytes(&step["error"]), bytes(&step["key"]));
        Texts { owner: text(&step["owner"]), error, key }
    }
}

impl<'a> Replay<'a> {
    pub fn new(file: &'a Value, folder: &Path) -> Replay<'a> {
        let clock = parse_instant(&text(&file["clock"])).expect("the file's clock");
        let tracker = Tracker::open(options(folder, clock)).expect("a fresh store");
        Replay { file, folder: folder.to_owned(), clock, names: Mutex::default(), tracker }
    }

    pub fn play(&mut self, step: &Value) -> Value {
        let seen = match step["do"].as_str().expect("do") {
            "clock" => self.set_clock(step),
            "reopen" => self.reopen(step),
            _ => self.run(step),
        };
        Self::told(seen)
    }

    fn told(seen: Seen) -> Value {
        match seen {
            Ok(seen) => seen,
            Err(Refused::ByTypes) => json!({"error": ErrorCode::InvalidArgument.name()}),
            Err(Refused::ByLibrary(error)) => json!({"error": error.code.name()}),
        }
    }

    fn set_clock(&mut self, step: &Value) -> Seen {
        self.clock = instant(step, "at")?.expect("at");
        self.tracker.set_clock(self.clock)?;
        Ok(json!({}))
    }

    fn reopen(&mut self, step: &Value) -> Seen {
        match self.tracker.close() {
            Err(error) if error.code != ErrorCode::Closed => return Err(error.into()),
            _ => {}
        }
        let mut options = options(&self.folder, self.clock);
        options.read_only = flag(step, "read_only");
        self.tracker = Tracker::open(options)?;
        Ok(json!({}))
    }

    fn run(&self, step: &Value) -> Seen {
        match step["do"].as_str().expect("do") {
            "id" => Ok(json!({"text": text(&step["text"]).parse::<Uuid>()?.to_string()})),
            "instant" => {
                let at = parse_instant(&text(&step["text"]))?;
                Ok(json!({"text": format_instant(at)?}))
            }
            "open_again" => {
                Tracker::open(options(&self.folder, self.clock))?;
                Ok(json!({}))
            }
            "close" => {
                self.tracker.close()?;
                Ok(json!({}))
            }
            "apply" => self.apply(step),
            "race" => self.race(step),
            "list" => self.list(step),
            "list_json" => self.list_json(step),
            "expired" | "orphans" | "purge" => self.upkeep(step),
            "get" | "get_json" | "get_many" | "wait" | "counts" | "changes" => self.read(step),
            _ => self.single(step),
        }
    }

    /// The text of an id or cursor, or of one that an earlier step saved.
    pub fn id_text(&self, from: &Value) -> String {
        let written = text(from);
        match written.strip_prefix('$') {
            Some(name) => self.names.lock().expect("names")[name].clone(),
            None => written,
        }
    }

    fn save(&self, step: &Value, text: &str) {
        if let Some(name) = step["as"].as_str() {
            self.names.lock().expect("names").insert(name.to_owned(), text.to_owned());
        }
    }

    fn id(&self, step: &Value, name: &str) -> Result<Option<Uuid>> {
        step.get(name).map(|from| self.id_text(from).parse()).transpose()
    }

    fn id_or_default(&self, step: &Value, name: &str) -> Result<Uuid> {
        let given = if step.get(name).is_some() { step } else { self.file };
        Ok(self.id(given, name)?.expect("the file has it"))
    }

    fn organization(&self, step: &Value) -> Result<Uuid> {
        Ok(self.id(step, "organization")?.unwrap_or(Uuid::NIL))
    }

    fn create<'t>(
        &self,
        step: &Value,
        texts: &'t Texts,
    ) -> std::result::Result<CreateCommand<'t>, Refused> {
        Ok(CreateCommand {
            journey_id: self.id_or_default(step, "journey")?,
            profile_id: self.id_or_default(step, "profile")?,
            organization_id: self.organization(step)?,
            run_id: self.id(step, "run")?,
            triggered_at: instant(step, "triggered_at")?,
            idempotency_key: &texts.key,
            timeout: None,
        })
    }

    fn command<'t>(
        &self,
        step: &Value,
        texts: &'t Texts,
    ) -> std::result::Result<Command<'t>, Refused> {
        if step["do"] == "create" {
            return Ok(Command::Create(self.create(step, texts)?));
        }
        let id = self.id(step, "run")?.expect("run");
        let organization_id = self.organization(step)?;
        let options = StepOptions {
            organization_id,
            owner: &texts.owner,
            fencing_token: step["token"].as_u64(),
            lease: milliseconds(step, "lease_ms")?,
            only_if_expired: flag(step, "only_if_expired"),
            timeout: None,
        };
        Ok(match step["do"].as_str().expect("do") {
            "start" => Command::Start(id, options),
            "complete" => Command::Complete(id, options),
            "fail" => Command::Fail(id, &texts.error, options),
            "exit" => Command::Exit(id, options),
            "adopt" => Command::Adopt(id, options),
            "heartbeat" => Command::Heartbeat(id, options),
            "import" => Command::Import(ImportCommand {
                run_id: id,
                journey_id: self.id_or_default(step, "journey")?,
                profile_id: self.id_or_default(step, "profile")?,
                organization_id,
                status: text(&step["status"]).parse()?,
                triggered_at: instant(step, "triggered_at")?.expect("triggered_at"),
                started_at: instant(step, "started_at")?,
                completed_at: instant(step, "completed_at")?,
                error: &texts.error,
            }),
            other => panic!("no such command: {other}"),
        })
    }

    fn single(&self, step: &Value) -> Seen {
        let (texts, to) = (Texts::of(step), &self.tracker);
        let outcome = match self.command(step, &texts)? {
            Command::Create(create) => to.create(&create)?,
            Command::Start(id, options) => to.start(id, &options)?,
            Command::Complete(id, options) => to.complete(id, &options)?,
            Command::Fail(id, error, options) => to.fail(id, error, &options)?,
            Command::Exit(id, options) => to.exit(id, &options)?,
            Command::Adopt(id, options) => to.adopt(id, &options)?,
            Command::Heartbeat(id, options) => {
                let rest = StepOptions { lease: Duration::ZERO, ..options };
                to.heartbeat(id, options.lease, &rest)?
            }
            Command::Import(_) => panic!("import is a command of apply only"),
        };
        let seen = json!({"outcome": outcome.kind.name(), "has_run": outcome.run.is_some()});
        match &outcome.run {
            None => Ok(seen),
            Some(run) => {
                self.save(step, &run.run_id.to_string());
                see_run(seen, run)
            }
        }
    }

    fn apply(&self, step: &Value) -> Seen {
        let steps = list(&step["commands"]);
        let texts: Vec<_> = steps.iter().map(Texts::of).collect();
        let commands = steps
            .iter()
            .zip(&texts)
            .map(|(step, texts)| self.command(step, texts))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let outcomes = self.tracker.apply(&commands, None)?;
        let kinds: Value = outcomes.iter().map(|outcome| outcome.kind.name()).collect();
        Ok(json!({ "outcomes": kinds }))
    }

    fn race(&self, step: &Value) -> Seen {
        let threads = step["threads"].as_u64().expect("threads");
        let begin = Barrier::new(threads as usize);
        let mut counted = HashMap::<String, u64>::new();
        thread::scope(|scope| {
            let racers: Vec<_> = (0..threads)
                .map(|number| {
                    let mut mine = step["step"].clone();
                    if flag(step, "number_owner") {
                        mine["owner"] = json!(format!("{}{number}", text(&mine["owner"])));
                    }
                    let begin = &begin;
                    scope.spawn(move || {
                        begin.wait();
                        Self::told(self.run(&mine))
                    })
                })
                .collect();
            for racer in racers {
                let seen = racer.join().expect("no racer panics");
                let kind = seen.get("error").unwrap_or(&seen["outcome"]);
                *counted.entry(text(kind)).or_default() += 1;
            }
        });
        Ok(json!({ "outcomes": counted }))
    }

    /// Calls `with` with what a step of list or list_json asks for.
    fn list_with<T>(
        &self,
        step: &Value,
        with: impl FnOnce(&Filter<'_>, &PageOptions<'_>) -> Result<T>,
    ) -> Result<T> {
        let statuses = match step["statuses"].as_array() {
            Some(names) => names.iter().map(|name| text(name).parse()).collect::<Result<_>>()?,
            None => Status::ALL.to_vec(),
        };
        let filter = Filter {
            organization_id: self.organization(step)?,
            journey_id: self.id(step, "journey")?,
            profile_id: self.id(step, "profile")?,
            statuses: &statuses,
            triggered_from: instant(step, "from")?,
            triggered_to: instant(step, "to")?,
        };
        let oldest = step["order"] == "oldest_first";
        let cursor = self.id_text(&step["cursor"]);
        let page = PageOptions {
            limit: limit(step, 100),
            cursor: &cursor,
            order: if oldest { Order::OldestFirst } else { Order::NewestFirst },
            ..PageOptions::default()
        };
        with(&filter, &page)
    }

    fn list(&self, step: &Value) -> Seen {
        let pages = self.list_with(step, |filter, options| {
            let mut pages = vec![self.tracker.list(filter, options)?];
            while !pages[pages.len() - 1].next.is_empty() && step.get("as").is_none() {
                let options = PageOptions { cursor: &pages[pages.len() - 1].next, ..*options };
                pages.push(self.tracker.list(filter, &options)?);
            }
            Ok(pages)
        })?;
        self.save(step, &pages[0].next);
        let all: Value = pages.iter().map(|page| ids(&page.runs)).collect();
        let more = !pages[0].next.is_empty();
        Ok(json!({"runs": ids(&pages[0].runs), "more": more, "pages": all}))
    }

    fn list_json(&self, step: &Value) -> Seen {
        let page = self.list_with(step, |filter, page| self.tracker.list_json(filter, page))?;
        self.save(step, &page.next);
        let json = String::from_utf8(page.json).expect("UTF-8");
        Ok(json!({"json": json, "count": page.count, "more": !page.next.is_empty()}))
    }

    fn read(&self, step: &Value) -> Seen {
        let (whose, id) = (self.organization(step)?, self.id(step, "run")?);
        let run = || id.expect("run");
        match step["do"].as_str().expect("do") {
            "get" => match self.tracker.get_in(whose, run())? {
                Some(run) => see_run(json!({"found": true}), &run),
                None => Ok(json!({"found": false})),
            },
            "get_json" => Ok(match self.tracker.get_json_in(whose, run())? {
                Some(json) => json!({"json": String::from_utf8(json).expect("UTF-8")}),
                None => json!({"error": "not_found"}), // How this crate says it.
            }),
            "wait" => {
                let timeout = milliseconds(step, "timeout_ms")?;
                see_run(json!({}), &self.tracker.wait(whose, run(), Some(timeout))?)
            }
            "get_many" => {
                let ids = list(&step["runs"]);
                let ids = ids.iter().map(|one| self.id_text(one).parse());
                let runs = self.tracker.get_many(whose, &ids.collect::<Result<Vec<_>>>()?)?;
                let found: Value = runs.iter().map(Option::is_some).collect();
                Ok(json!({ "found": found }))
            }
            "counts" => {
                let (whose, journey) = (self.id(step, "organization")?, self.id(step, "journey")?);
                let n = self.tracker.counts(whose, journey, Freshness::Latest)?;
                Ok(json!({"counts": [n.queued, n.running, n.completed, n.failed, n.exited]}))
            }
            _ => {
                let (after, limit) = (step["after"].as_u64().expect("after"), limit(step, 1000));
                let page = self.tracker.changes(after, limit, None, Freshness::Latest)?;
                let pair = |change: &Change| json!([change.kind.name(), ids_of(change)]);
                let changes: Value = page.changes.iter().map(pair).collect();
                Ok(json!({"changes": changes, "next": page.next}))
            }
        }
    }

    fn upkeep(&self, step: &Value) -> Seen {
        let limit = limit(step, 100);
        match step["do"].as_str().expect("do") {
            "expired" => Ok(json!({"runs": ids(&self.tracker.expired(limit)?)})),
            "orphans" => {
                let options = PageOptions { limit, ..PageOptions::default() };
                let page = self.tracker.orphans(&options)?;
                Ok(json!({"runs": ids(&page.runs), "more": !page.next.is_empty()}))
            }
            _ => {
                let before = instant(step, "before")?.expect("before");
                let dry_run = flag(step, "dry_run");
                let options = PurgeOptions { limit, dry_run, ..PurgeOptions::new(before) };
                let report = self.tracker.purge(&options)?;
                Ok(json!({"removed": report.removed, "more": !report.next.is_empty()}))
            }
        }
    }
}

fn ids_of(change: &Change) -> String {
    change.run.run_id.to_string()
}
