//! Looking at runs: those that have ended, and those that some process is at.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::{Digest, Key, StoreError, replace, seal, unseal};

use super::record::{FORM, RunRecord, RunState};

pub(super) const RECORD: &str = "run";
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

/// What a run needs cannot be told, since what is written down of it cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("what is written down in {} cannot be read", .0.display())]
pub struct Unreadable(pub PathBuf);

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
            .filter_map(|number| Run::open(&folder.join(number.to_string())).ok().flatten())
            .collect()
    }

    /// The runs of all experiments, those of each together and the oldest first, if all of them can be read.
    ///
    /// # Errors
    /// If one cannot.
    pub fn readable(&self) -> Result<Vec<Run>, Unreadable> {
        let mut runs = Vec::new();
        for folder in listed(&self.runs)?.into_iter().filter(|path| path.is_dir()) {
            listed(&folder)?;
            for number in numbers(&folder) {
                runs.extend(Run::open(&folder.join(number.to_string()))?);
            }
        }
        Ok(runs)
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

/// What is in a folder, sorted; nothing where there is none.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let entries = entries.map_err(|_| Unreadable(folder.to_owned()))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
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
    /// The run in a folder; `None` where it was stopped before it began, or is just beginning.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, Unreadable> {
        let unreadable = || Unreadable(folder.to_owned());
        let bytes = match fs::read(folder.join(RECORD)) {
            Ok(bytes) => bytes,
            // The record is written before anything else but the parameters.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let began = [EVENTS, KEYS].iter().any(|name| folder.join(name).exists());
                return if began { Err(unreadable()) } else { Ok(None) };
            }
            Err(_) => return Err(unreadable()),
        };
        let record = unseal(&bytes).and_then(|json| serde_json::from_slice(json).ok());
        let record: RunRecord = record.ok_or_else(unreadable)?;
        if record.form != FORM || !folder.ends_with(record.id()) {
            return Err(unreadable());
        }
        Ok(Some(Self { folder: folder.to_owned(), record }))
    }

    /// Writes its record down; with `sync` the disk has it when this returns.
    pub(super) fn write(&self, sync: bool) -> Result<(), StoreError> {
        replace(&self.folder.join(RECORD), &seal(&serde_json::to_vec(&self.record)?), sync)
    }

    /// Pins it, so that it and what it gave are kept, or lets it go again.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn pin(&mut self, pinned: bool) -> Result<(), StoreError> {
        self.record.pinned = pinned;
        self.write(true)
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

    /// The experiment that it ran, every default filled in, as TOML, if that is what was written.
    pub fn parameters(&self) -> Option<String> {
        String::from_utf8(self.read(PARAMETERS, &self.record.parameters)?).ok()
    }

    /// The keys of what was known at its end, by the name of the stage instance, if that is what was
    /// written.
    pub fn keys(&self) -> Option<BTreeMap<String, Key>> {
        serde_json::from_slice(&self.read(KEYS, &self.record.end.as_ref()?.keys)?).ok()
    }

    /// A file of the run, if it is what was written.
    pub(super) fn read(&self, name: &str, digest: &Digest) -> Option<Vec<u8>> {
        fs::read(self.folder.join(name)).ok().filter(|bytes| Digest::of(bytes) == *digest)
    }
}
