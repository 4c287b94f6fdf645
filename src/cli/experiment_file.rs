//! From the command line to a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::experiment::Experiment;
use crate::plan::Plan;
use crate::run::History;
use crate::store::{Key, Store, StoreError, write_atomically};

use super::args::{ExperimentArgs, StageArgs};
use super::failure::Failure;

/// Reads the experiment and plans it against the store.
///
/// # Errors
/// If the file cannot be read, or the experiment is wrong.
pub fn plan(args: &ExperimentArgs, store: &Store) -> Result<Plan, Failure> {
    let experiment = read(&args.file, &args.settings)?;
    let last = last_keys(store, &experiment.name);
    Ok(Plan::new(experiment, &args.only, last, store)?)
}

/// Plans an experiment as a run remembers it.
///
/// # Errors
/// If this version of the program reads it otherwise than that of the run.
pub fn plan_of_run(run: &str, text: &str, store: &Store) -> Result<Plan, Failure> {
    let experiment = Experiment::parse(&format!("the experiment of run {run}"), text, &[])?;
    let last = last_keys(store, &experiment.name);
    Ok(Plan::new(experiment, &[], last, store)?)
}

/// Plans the experiment that a stage is of: the file that was named, or that of the last run.
///
/// # Errors
/// Those of [`plan`], and if there is no last run.
pub fn plan_of_stage(args: &StageArgs, store: &Store) -> Result<Plan, Failure> {
    let (file, mut settings) = match &args.experiment {
        Some(file) => (file.clone(), Vec::new()),
        None => {
            let last = History::new(store.root()).all().pop();
            let last = last.ok_or_else(|| {
                Failure::Input("nothing has run yet; name the experiment with --experiment FILE".to_owned())
            })?;
            (last.record.asked.file.into(), last.record.asked.settings)
        }
    };
    settings.extend(args.settings.iter().cloned());
    plan(&ExperimentArgs { file, settings, only: Vec::new(), store: args.store.clone() }, store)
}

/// The name of the experiment in a file.
///
/// # Errors
/// If the file cannot be read, or is no experiment.
pub fn name(file: &Path) -> Result<String, Failure> {
    Ok(read(file, &[])?.name)
}

fn read(file: &Path, settings: &[String]) -> Result<Experiment, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|source| Failure::File { path: file.to_owned(), source })?;
    Ok(Experiment::parse(&file.display().to_string(), &text, settings)?)
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
pub fn remember_keys(plan: &Plan, store: &Store) -> Result<(), StoreError> {
    if plan.new_keys().next().is_none() {
        return Ok(());
    }
    let folder = run_folder(store, &plan.experiment.name);
    let mut keys = plan.last.clone();
    keys.extend(plan.new_keys().map(|(address, key)| (address.to_owned(), key)));
    write_atomically(&keys_file(&folder), &serde_json::to_vec(&keys)?)?;
    let mut simulated = last_simulated(store, &plan.experiment.name);
    simulated.extend(plan.simulated());
    write_atomically(&simulated_file(&folder), &serde_json::to_vec(&simulated)?)
}
