//! Running known stages again, to see that they give the same bytes.

use std::fmt;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::plan::{Plan, State};
use crate::random::Stream;
use crate::stages::{Job, Progress, Report, StageError};
use crate::store::{Durability, Key, Record, Store, StoreError, records};

use super::execute::execute;

/// A stage that was run again.
#[derive(Debug, Serialize)]
pub struct Rebuilt {
    /// Which.
    pub stage: String,
    /// Its key.
    pub key: Key,
    /// How many outputs were compared, those of the segments of a training included.
    pub compared: usize,
    /// What differs.
    pub differs: Vec<String>,
    /// Why it could not be run again, if it could not.
    pub failed: Option<String>,
}

impl Rebuilt {
    /// Whether it ran and gave the same bytes.
    pub fn is_same(&self) -> bool {
        self.differs.is_empty() && self.failed.is_none()
    }
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, compared, differs, failed, .. } = self;
        match failed {
            Some(error) => writeln!(f, "not run again: {stage}: {error}"),
            None if differs.is_empty() => writeln!(f, "the same: {stage}, {compared} outputs"),
            None => writeln!(f, "DIFFERS: {stage}: {}", differs.join(", ")),
        }
    }
}

/// Runs `count` known stages of the plans again, drawn at random, in a store of their own, and compares
/// what they give with what `store` has.
///
/// # Errors
/// If the other store cannot be written, or the run is interrupted.
pub fn rebuild(
    plans: &[Plan],
    count: usize,
    seed: u64,
    store: &Store,
    cancel: &AtomicBool,
) -> Result<Vec<Rebuilt>, StageError> {
    let mut known: Vec<(String, Key, Job)> = plans.iter().flat_map(jobs).collect();
    known.sort_by_key(|(_, key, _)| *key);
    known.dedup_by_key(|(_, key, _)| *key);
    let stream = Stream::new(seed, "stages to run again");
    let mut rebuilt = Vec::new();
    for number in 0..count.min(known.len()) {
        let at = stream.below(known.len(), [number as u32, 0, 0, 0]);
        let (stage, key, job) = known.swap_remove(at);
        rebuilt.push(again(stage, key, &job, store, cancel)?);
    }
    Ok(rebuilt)
}

/// What is known of a plan, and how to run it.
fn jobs(plan: &Plan) -> Vec<(String, Key, Job)> {
    plan.instances()
        .filter_map(|(node, instance)| match &instance.state {
            State::Known(settled) => Some((instance.address.clone(), settled.key, plan.job(node)?)),
            _ => None,
        })
        .collect()
}

fn again(
    stage: String,
    key: Key,
    job: &Job,
    store: &Store,
    cancel: &AtomicBool,
) -> Result<Rebuilt, StageError> {
    let folder = tempfile::tempdir().map_err(StageError::because("cannot make a folder for a store"))?;
    let scratch = Store::open(folder.path(), Durability::Unsynced)?;
    let mut rebuilt = Rebuilt { stage, key, compared: 0, differs: Vec::new(), failed: None };
    let ran = supply(job, store, &scratch)
        .map_err(StageError::from)
        .and_then(|()| execute(job, &key, false, &scratch, &Silent, cancel));
    match ran {
        Err(StageError::Interrupted | StageError::Store(StoreError::Interrupted)) => {
            return Err(StageError::Interrupted);
        }
        Err(error) => rebuilt.failed = Some(error.to_string()),
        Ok(_) => {
            for (key, record) in records(folder.path())? {
                rebuilt.compare(&record, store.lookup(&key));
            }
        }
    }
    Ok(rebuilt)
}

/// Gives a store what a job takes in.
fn supply(job: &Job, from: &Store, to: &Store) -> Result<(), StoreError> {
    job.needs().iter().try_for_each(|digest| to.add(&from.read(digest)?))
}

impl Rebuilt {
    fn compare(&mut self, again: &Record, before: Option<Record>) {
        // A segment that the store no longer has is nothing to compare with.
        let Some(before) = before else { return };
        let trials =
            again.action.get("trials").map_or(String::new(), |trials| format!(" at {trials} trials"));
        if again.facts != before.facts {
            self.differs.push(format!("facts{trials}"));
        }
        for (name, output) in &again.outputs {
            self.compared += 1;
            if before.outputs.get(name).map(|before| before.digest) != Some(output.digest) {
                self.differs.push(format!("{name}{trials}"));
            }
        }
    }
}

/// Tells nobody.
struct Silent;

impl Report for Silent {
    fn progress(&self, _progress: Progress) {}

    fn log(&self, _line: String) {}
}
