//! From the command line to a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::experiment::Experiment;
use crate::plan::Plan;
use crate::store::{Key, Store, write_atomically};

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

fn simulated_file(folder: &Path) -> PathBuf {
    folder.join("simulated.json")
}

/// What an experiment's instances that are simulated on demand were when it last ran, by address. What
/// cannot be read is forgotten.
pub fn last_simulated(store: &Store, experiment: &str) -> BTreeMap<String, serde_json::Value> {
    read_json(&simulated_file(&run_folder(store, experiment)))
}

fn read_json<T: serde::de::DeserializeOwned + Default>(path: &Path) -> T {
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The keys that an experiment's instances had when it last ran. What cannot be read is forgotten:
/// it only serves to say what has changed.
fn last_keys(store: &Store, experiment: &str) -> BTreeMap<String, Key> {
    read_json(&keys_file(&run_folder(store, experiment)))
}

/// Remembers the keys of a run, on top of those of earlier ones.
///
/// # Errors
/// If the disk refuses.
pub fn remember_keys(plan: &Plan, store: &Store) -> Result<(), Failure> {
    let before = last_keys(store, &plan.experiment.name);
    let mut keys = before.clone();
    keys.extend(plan.keys());
    if keys != before {
        let folder = run_folder(store, &plan.experiment.name);
        write_json(&keys_file(&folder), &keys)?;
        let mut simulated = last_simulated(store, &plan.experiment.name);
        simulated.extend(plan.simulated());
        write_json(&simulated_file(&folder), &simulated)?;
    }
    Ok(())
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(value).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(write_atomically(path, &bytes)?)
}
