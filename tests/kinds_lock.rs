//! `kinds.lock`: for each stage kind its version, and what its example in `tests/kinds.toml` gives. A kind that
//! gives other bytes for the same job, under the same version, would pass old results for new ones.
//!
//! `UPDATE_KINDS_LOCK=1 cargo test --release --test kinds_lock` writes the file, and refuses as well
//! where a version has to be raised.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::Project;
use rnnwm::stages::{kind, kinds};
use rnnwm::store::{Digest, Durability, Key, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

const UPDATE: &str = "UPDATE_KINDS_LOCK=1 cargo test --release --test kinds_lock";

/// What is locked of a kind, or of the drawing of its figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Locked {
    /// Raised when the same jobs give other outputs.
    version: u64,
    /// The digest of the example's jobs: parameters and inputs, without versions.
    jobs: String,
    /// The digest of what they give.
    outputs: String,
}

type Lock = BTreeMap<String, Locked>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A job of the example, as its record has it: what it read, and what it gave.
struct Ran {
    kind: String,
    version: u64,
    job: Json,
    outputs: BTreeMap<String, String>,
}

impl Ran {
    fn new(key: &str, store: &Store) -> Self {
        let key: Key = key.parse().expect("a key");
        let record = store.lookup(&key).expect("what ran has a record");
        let mut job = record.action;
        let mut version = take_number(&mut job, "version");
        let mut kind = common::text(&job["kind"]);
        let mut outputs: BTreeMap<String, String> =
            record.outputs.into_iter().map(|(name, output)| (name, output.digest.to_string())).collect();
        if kind == "figure" {
            // A drawing is locked under its statistic. The PNG follows from the SVG.
            kind = format!("{}.figure", common::text(&job["params"]["of"]));
            version = take_number(&mut job["params"], "drawing");
            outputs.retain(|name, _| name.ends_with(".svg"));
        }
        Self { kind, version, job, outputs }
    }
}

fn take_number(table: &mut Json, key: &str) -> u64 {
    let taken = table.as_object_mut().and_then(|table| table.remove(key));
    taken.and_then(|number| number.as_u64()).expect("a number")
}

fn digest(parts: &[String]) -> String {
    Digest::of(parts.join("\n").as_bytes()).to_string()
}

/// Runs the example and locks what it gave.
fn locked() -> Lock {
    let example = fs::read_to_string(root().join("tests/kinds.toml")).expect("the example is there");
    let project = Project::new(&example);
    let run = project.run().ok();
    let store = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
    let finished = run.events.iter().filter(|event| event["event"] == "stage_finished");
    let mut of_kind: BTreeMap<(String, u64), Vec<(String, String)>> = BTreeMap::new();
    for event in finished {
        let ran = Ran::new(&common::text(&event["key"]), &store);
        let outputs = serde_json::to_string(&ran.outputs).expect("text");
        of_kind.entry((ran.kind, ran.version)).or_default().push((ran.job.to_string(), outputs));
    }
    let lock = of_kind.into_iter().map(|((kind, version), mut jobs)| {
        jobs.sort();
        let (jobs, outputs): (Vec<String>, Vec<String>) = jobs.into_iter().unzip();
        (kind, Locked { version, jobs: digest(&jobs), outputs: digest(&outputs) })
    });
    lock.collect()
}

/// What is wrong with `now`, seen from what was locked.
fn complaints(before: &Lock, now: &Lock, updating: bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, now) in now {
        let constant = if name.ends_with(".figure") { "the version of its DRAWING" } else { "its VERSION" };
        match before.get(name) {
            None if !updating => {
                complaints.push(format!("`{name}` is new: write it down with\n    {UPDATE}"));
            }
            Some(before)
                if before.version == now.version
                    && before.jobs == now.jobs
                    && before.outputs != now.outputs =>
            {
                complaints.push(format!(
                    "`{name}` gives something else for the same jobs: raise {constant} in src/stages/, then\n    \
                     {UPDATE}\n(if version {} was never released, remove [{name}] from kinds.lock instead)",
                    now.version
                ));
            }
            Some(before) if before != now && !updating => complaints.push(format!(
                "the version or the example of `{name}` has changed: write it down with\n    {UPDATE}"
            )),
            _ => {}
        }
    }
    for name in before.keys().filter(|name| !updating && !now.contains_key(*name)) {
        complaints.push(format!("`{name}` is no more: write it down with\n    {UPDATE}"));
    }
    complaints
}

#[test]
fn no_kind_gives_something_else_under_the_same_version() {
    let path = root().join("kinds.lock");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let before: Lock = toml::from_str(&text).expect("kinds.lock can be read");
    let now = locked();
    let updating = std::env::var_os("UPDATE_KINDS_LOCK").is_some();
    let complaints = complaints(&before, &now, updating);
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n\n"));
    if updating {
        let head = format!("# What every stage kind gives, by version. Written by\n#     {UPDATE}\n\n");
        let body = toml::to_string(&now).expect("TOML");
        fs::write(path, head + &body).expect("kinds.lock can be written");
    }
}

#[test]
fn every_kind_and_every_drawing_has_an_example() {
    let example = fs::read_to_string(root().join("tests/kinds.toml")).expect("the example is there");
    let table: toml::Table = toml::from_str(&example).expect("TOML");
    let stages = table["stages"].as_table().expect("stages");
    let used = |name: &str| {
        stages.iter().any(|(stage, body)| {
            body.get("kind").and_then(toml::Value::as_str).unwrap_or(stage) == name
                && body.get("figure") != Some(&toml::Value::Boolean(false))
        })
    };
    let missing: Vec<&str> = kinds().iter().map(|kind| kind.name()).filter(|name| !used(name)).collect();
    assert!(
        missing.is_empty(),
        "add a stage of kind {} to tests/kinds.toml, then {UPDATE}",
        missing.join(", ")
    );
    assert!(kind("figure").is_some());
}

#[test]
fn outputs_may_move_with_a_version_or_with_the_jobs_and_not_alone() {
    let locked = |version, jobs: &str, outputs: &str| {
        let locked = Locked { version, jobs: jobs.to_owned(), outputs: outputs.to_owned() };
        Lock::from([("psth".to_owned(), locked)])
    };
    let before = locked(1, "a", "x");
    for updating in [false, true] {
        assert!(complaints(&before, &before, updating).is_empty());
        assert_eq!(complaints(&before, &locked(1, "a", "y"), updating).len(), 1);
    }
    let fine = [locked(2, "a", "y"), locked(1, "b", "y"), locked(2, "a", "x"), Lock::new()];
    for now in fine {
        assert_eq!(complaints(&before, &now, false).len(), 1);
        assert!(complaints(&before, &now, true).is_empty());
    }
    assert_eq!(complaints(&Lock::new(), &before, false).len(), 1);
}
