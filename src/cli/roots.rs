//! The experiments that a store is looked at for: those named, or those that ran last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::run::{History, Run, Unreadable};
use crate::store::{Key, Store};

use super::args::{ExperimentArgs, StoreArgs};
use super::experiment_file;
use super::failure::Failure;

/// Plans the experiments in `files`, or where none is named those of the last `runs` runs of every
/// experiment.
///
/// # Errors
/// If an experiment cannot be planned, a run cannot be read, or there is none.
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
    for run in readable(store)?.into_iter().rev() {
        let left = left.entry(run.record.experiment.clone()).or_insert(runs);
        if *left > 0 {
            *left -= usize::from(run.record.asked.only.is_empty());
            plans.push(plan_of(&run, store)?);
        }
    }
    if plans.is_empty() {
        return Err(Failure::Input("no run is remembered here; name the experiments".to_owned()));
    }
    Ok(plans)
}

/// The keys of what pinned runs gave.
///
/// # Errors
/// If a run cannot be read.
pub fn pinned(store: &Store) -> Result<Vec<Key>, Failure> {
    let mut keys = Vec::new();
    for run in readable(store)?.into_iter().filter(|run| run.record.pinned) {
        keys.extend(run.keys().ok_or_else(|| unreadable(&run.folder))?.into_values());
    }
    Ok(keys)
}

fn readable(store: &Store) -> Result<Vec<Run>, Failure> {
    History::new(store.root()).readable().map_err(|Unreadable(path)| unreadable(&path))
}

fn unreadable(path: &Path) -> Failure {
    let because = Unreadable(path.to_owned());
    Failure::Input(format!("{because}, so what is still needed cannot be told; remove it to do without it"))
}

fn plan_of(run: &Run, store: &Store) -> Result<Plan, Failure> {
    let text = run.parameters().ok_or_else(|| unreadable(&run.folder))?;
    let id = run.record.id();
    experiment_file::plan_of_run(&id, &text, store).map_err(|failure| {
        failure.say();
        Failure::Input(format!(
            "the experiment of run {id} can no longer be planned, so what it needs cannot be told; run it again, name \
             experiments instead, or remove {} to do without it",
            run.folder.display()
        ))
    })
}
