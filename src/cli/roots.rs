//! The experiments that a store is looked at for: those named, or those that ran last.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::plan::Plan;
use crate::run::History;
use crate::store::Store;

use super::args::{ExperimentArgs, StoreArgs};
use super::experiment_file;
use super::failure::Failure;

/// Plans the experiments in `files`, or where none is named those of the last `runs` runs of every
/// experiment.
///
/// # Errors
/// If an experiment cannot be planned, or there is none.
pub fn plans(files: &[PathBuf], runs: usize, store: &Store) -> Result<Vec<Plan>, Failure> {
    if files.is_empty() {
        return last(runs, store);
    }
    let each = files.iter().map(|file| {
        let args = ExperimentArgs {
            file: file.clone(),
            settings: Vec::new(),
            only: Vec::new(),
            store: StoreArgs { store: store.root().to_owned() },
        };
        experiment_file::plan(&args, store)
    });
    each.collect()
}

/// The experiments of the last runs, as the store remembers them. A run of a part of an experiment does
/// not count as one of `runs`.
fn last(runs: usize, store: &Store) -> Result<Vec<Plan>, Failure> {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    let mut plans = Vec::new();
    for run in History::new(store.root()).all().into_iter().rev() {
        let left = left.entry(run.record.experiment.clone()).or_insert(runs);
        let Some(text) = run.parameters().filter(|_| *left > 0) else { continue };
        *left -= usize::from(run.record.asked.only.is_empty());
        plans.push(experiment_file::plan_of_run(&run.record.id(), &text, store)?);
    }
    if plans.is_empty() {
        return Err(Failure::Input("no run is remembered here; name the experiments".to_owned()));
    }
    Ok(plans)
}
