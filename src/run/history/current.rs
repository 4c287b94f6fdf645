//! Writing down a run while it runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::{Plan, resolved};
use crate::store::{Digest, StoreError, create_folder, now_ms, replace, sync_folder};

use super::super::event::{Event, Outcome};
use super::super::events::{Sink, ndjson};
use super::super::logs::Logs;
use super::super::summary::Summary;
use super::past::{EVENTS, History, KEYS, LOCK, PARAMETERS, Run, numbers};
use super::record::{Asked, Ended, FORM, FailedStage, RunRecord};

/// Runs of an experiment that are kept.
const MOST_RUNS: usize = 100;
/// Runs of an experiment whose events are kept.
const MOST_EVENTS: usize = 20;

/// The run that this process is at.
pub struct CurrentRun {
    run: Run,
    folder: PathBuf,
    failed: Arc<Mutex<Vec<FailedStage>>>,
    /// Whether the disk is to have what is written down before the run goes on.
    sync: bool,
    _lock: File,
}

impl CurrentRun {
    /// Begins a run of an experiment, and gives it the next number. With `sync` it survives a loss of power from
    /// then on, as does what is written down when it ends.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn begin(history: &History, plan: &Plan, asked: Asked, sync: bool) -> Result<Self, StoreError> {
        let experiment = plan.experiment.name.as_str();
        let all = history.folder(experiment);
        create_folder(&all, sync)?;
        let (number, folder) = next(&all)?;
        if sync {
            sync_folder(&all)?;
        }
        let path = folder.join(LOCK);
        let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(StoreError::io("lock", &path))?;
        let parameters = resolved(plan);
        let record = RunRecord {
            form: FORM,
            experiment: experiment.to_owned(),
            number,
            asked,
            program: concat!("rnnwm ", env!("CARGO_PKG_VERSION")).to_owned(),
            pid: std::process::id(),
            started_ms: now_ms(),
            parameters: Digest::of(parameters.as_bytes()),
            pinned: false,
            end: None,
        };
        let current =
            Self { run: Run { folder, record }, folder: all, failed: Arc::default(), sync, _lock: lock };
        let same = current.before().filter(|run| run.parameters().as_ref() == Some(&parameters));
        current.share(PARAMETERS, parameters.as_bytes(), same.as_ref().map(|run| run.folder.as_path()))?;
        current.run.write(sync)?;
        Ok(current)
    }

    /// Its name among all runs of the store.
    pub fn id(&self) -> String {
        self.run.record.id()
    }

    /// The folder of the logs of its stages.
    pub fn logs(&self) -> PathBuf {
        self.run.logs()
    }

    /// What takes in the events of the run.
    ///
    /// # Errors
    /// If the event file cannot be made.
    pub fn sinks(&self) -> Result<Vec<Box<dyn Sink>>, StoreError> {
        let events = ndjson(&self.run.events())?;
        Ok(vec![events, Box::new(Logs::new(&self.logs())), Box::new(Failures(self.failed.clone()))])
    }

    /// Writes down how the run ended, and removes what is too old to be kept.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self, plan: &Plan, summary: &Summary) -> Result<(), StoreError> {
        let before = self.before();
        let keys = serde_json::to_vec(&plan.keys())?;
        let end = Ended {
            ran: summary.ran,
            known: summary.known,
            failed: std::mem::take(&mut self.failed.lock().unwrap_or_else(PoisonError::into_inner)),
            skipped: summary.skipped.len(),
            not_run: summary.not_run,
            error: summary.error.clone(),
            interrupted: summary.interrupted,
            duration_ms: summary.duration_ms,
            keys: Digest::of(&keys),
        };
        let same = before.filter(|run| run.read(KEYS, &end.keys).is_some());
        self.share(KEYS, &keys, same.as_ref().map(|run| run.folder.as_path()))?;
        self.run.record.end = Some(end);
        self.run.write(self.sync)?;
        // The lock goes with the process; a file that stays behind does no harm.
        let _ = fs::remove_file(self.run.folder.join(LOCK));
        prune(&self.folder);
        Ok(())
    }

    /// The run before this one.
    fn before(&self) -> Option<Run> {
        let number = self.run.record.number;
        let earlier = numbers(&self.folder).into_iter().rev().find(|other| *other < number)?;
        Run::open(&self.folder.join(earlier.to_string())).ok().flatten()
    }

    /// Writes a file; where an earlier run has the same, both share it.
    fn share(&self, name: &str, bytes: &[u8], same: Option<&Path>) -> Result<(), StoreError> {
        let path = self.run.folder.join(name);
        let shared = same.is_some_and(|folder| fs::hard_link(folder.join(name), &path).is_ok());
        match shared {
            true if self.sync => sync_folder(&self.run.folder),
            true => Ok(()),
            false => replace(&path, bytes, self.sync),
        }
    }
}

/// Makes the folder of the next run. Several processes may do so at once.
fn next(all: &Path) -> Result<(u64, PathBuf), StoreError> {
    let mut number = numbers(all).last().map_or(1, |last| last + 1);
    loop {
        let folder = all.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => return Ok((number, folder)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(StoreError::io("create the folder", &folder)(error)),
        }
    }
}

/// Removes what is too old to be kept. What is pinned, what cannot be read, and what cannot be removed stays.
fn prune(all: &Path) {
    for (age, number) in numbers(all).into_iter().rev().enumerate().skip(MOST_EVENTS) {
        let folder = all.join(number.to_string());
        let events = folder.join(EVENTS);
        let is_old = age >= MOST_RUNS || events.exists();
        let stays = |run: Option<Run>| run.is_some_and(|run| run.record.pinned || run.is_running());
        if !is_old || Run::open(&folder).map_or(true, stays) {
            continue;
        }
        let _ = fs::remove_file(&events);
        if age >= MOST_RUNS {
            // Who is stopped on the way leaves a run, or what looks as if it had never begun.
            let _ = fs::remove_file(folder.join(KEYS));
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// A sink that keeps the failures.
struct Failures(Arc<Mutex<Vec<FailedStage>>>);

impl Sink for Failures {
    fn take(&mut self, event: &Event) {
        if let Event::StageFinished { stage, key, outcome: Outcome::Failed { error }, .. } = event {
            let failed = FailedStage { stage: stage.clone(), key: *key, error: error.clone() };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::record::RunState;
    use super::*;
    use crate::experiment::Experiment;
    use crate::store::{Durability, Store};

    #[test]
    fn old_runs_go_and_one_that_is_going_on_or_pinned_stays() {
        let root = tempfile::tempdir().expect("a folder");
        let history = History::new(root.path());
        let asked = || Asked { file: "a.toml".to_owned(), settings: Vec::new(), only: Vec::new() };
        let text = "[stages.train]\ntasks = [\"odr500\"]";
        let experiment = Experiment::parse("a.toml", text, &[]).expect("an experiment");
        let store = Store::open(root.path(), Durability::Unsynced).expect("a store");
        let plan = Plan::new(experiment, &[], BTreeMap::new(), &store).expect("a plan");
        let going_on = CurrentRun::begin(&history, &plan, asked(), false).expect("a run");
        going_on.sinks().expect("an event file");
        for _ in 0..MOST_RUNS + MOST_EVENTS {
            let run = CurrentRun::begin(&history, &plan, asked(), false).expect("a run");
            run.sinks().expect("an event file");
        }
        history.runs("a")[4].clone().pin(true).expect("it is pinned");
        prune(&history.folder("a"));
        let runs = history.runs("a");
        assert_eq!(runs.len(), MOST_RUNS + 2);
        assert_eq!(runs.iter().filter(|run| run.events().exists()).count(), MOST_EVENTS + 2);
        assert_eq!((runs[0].record.number, runs[0].state()), (1, RunState::Running));
        assert_eq!((runs[1].record.number, runs[1].record.pinned), (5, true));
        assert_eq!(runs[2].state(), RunState::Killed);
    }
}
