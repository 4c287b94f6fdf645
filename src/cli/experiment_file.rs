//! From the command line to a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::experiment::Experiment;
use crate::plan::Plan;
use crate::store::{Key, Store, StoreError, write_atomically};

use super::args::ExperimentArgs;
use super::failure::Failure;

/// Reads the experiment and plans it against the store.
///
/// # Errors
/// If the file cannot be read, or the experiment is wrong.
pub fn plan(args: &ExperimentArgs, store: &Store) -> Result<Plan, Failure> {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|source| Failure::File { path: args.file.clone(), source })?;
    let name = args.file.display().to_string();
    let experiment = Experiment::parse(&name, &text, &args.settings)?;
    let last = last_keys(store, &experiment.name);
    Ok(Plan::new(experiment, &args.only, last, store)?)
}

/// The folder of what is remembered of an experiment's runs.
pub fn run_folder(store: &Store, experiment: &str) -> PathBuf {
    store.root().join("runs").join(experiment)
}

fn keys_file(folder: &Path) -> PathBuf {
    folder.join("keys.json")
}

/// The keys that an experiment's instances had when it last ran. What cannot be read is forgotten:
/// it only serves to say what has changed.
fn last_keys(store: &Store, experiment: &str) -> BTreeMap<String, Key> {
    std::fs::read(keys_file(&run_folder(store, experiment)))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Remembers the keys of a run, on top of those of earlier ones.
///
/// # Errors
/// If the disk refuses.
pub fn remember_keys(plan: &Plan, store: &Store) -> Result<(), StoreError> {
    let before = last_keys(store, &plan.experiment.name);
    let mut keys = before.clone();
    keys.extend(plan.keys());
    if keys != before {
        let bytes = serde_json::to_vec(&keys)?;
        write_atomically(&keys_file(&run_folder(store, &plan.experiment.name)), &bytes)?;
    }
    Ok(())
}
