//! Looking at runs: those that have ended, and those that some process is at.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::store::Key;

use super::record::{FORM, RunRecord, RunState};

pub(super) const RECORD: &str = "run.json";
pub(super) const EVENTS: &str = "events.ndjson";
pub(super) const PARAMETERS: &str = "experiment.toml";
pub(super) const KEYS: &str = "keys.json";
pub(super) const LOCK: &str = "lock";
const LOGS: &str = "logs";

/// The runs of all experiments of a store.
#[derive(Clone, Debug)]
pub struct History {
    runs: PathBuf,
}

/// A run as it is found.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where its files are.
    pub folder: PathBuf,
    /// What is written down of it.
    pub record: RunRecord,
}

impl History {
    /// The history in the store at `root`.
    pub fn new(root: &Path) -> Self {
        Self { runs: root.join("runs") }
    }

    /// The folder of what is remembered of an experiment.
    pub fn folder(&self, experiment: &str) -> PathBuf {
        self.runs.join(experiment)
    }

    /// The runs of an experiment, the oldest first.
    pub fn runs(&self, experiment: &str) -> Vec<Run> {
        let folder = self.folder(experiment);
        numbers(&folder)
            .into_iter()
            .filter_map(|number| Run::open(&folder.join(number.to_string())))
            .collect()
    }

    /// The runs of all experiments, the oldest first.
    pub fn all(&self) -> Vec<Run> {
        let entries = fs::read_dir(&self.runs).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut runs: Vec<Run> = names.flat_map(|experiment| self.runs(&experiment)).collect();
        runs.sort_by_key(|run| (run.record.started_ms, run.record.id()));
        runs
    }
}

/// The numbers of the runs in the folder of an experiment, ascending.
pub(super) fn numbers(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbers: Vec<u64> =
        entries.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).collect();
    numbers.sort_unstable();
    numbers
}

impl Run {
    pub(super) fn open(folder: &Path) -> Option<Self> {
        let record: RunRecord = serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()?;
        (record.form == FORM).then(|| Self { folder: folder.to_owned(), record })
    }

    /// How far it is.
    pub fn state(&self) -> RunState {
        match &self.record.end {
            Some(end) if end.interrupted => RunState::Interrupted,
            Some(end) if !end.failed.is_empty() || end.error.is_some() => RunState::Failed,
            Some(_) => RunState::Done,
            None if self.is_running() => RunState::Running,
            None => RunState::Killed,
        }
    }

    /// Whether some process is at it.
    pub fn is_running(&self) -> bool {
        let Ok(lock) = File::open(self.folder.join(LOCK)) else { return false };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Its event file; older runs no longer have one.
    pub fn events(&self) -> PathBuf {
        self.folder.join(EVENTS)
    }

    /// The folder of the logs of its stages.
    pub fn logs(&self) -> PathBuf {
        self.folder.join(LOGS)
    }

    /// The experiment that it ran, every default filled in, as TOML.
    pub fn parameters(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(PARAMETERS)).ok()
    }

    /// The keys of what was known at its end, by the name of the stage instance.
    pub fn keys(&self) -> Option<BTreeMap<String, Key>> {
        serde_json::from_slice(&fs::read(self.folder.join(KEYS)).ok()?).ok()
    }
}
