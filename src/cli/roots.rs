//! The experiments that a store is looked at for: those named, or those that ran last.

use std::path::PathBuf;

use crate::plan::Plan;
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

/// The experiments of the last runs, as the store remembers them.
fn last(runs: usize, store: &Store) -> Result<Vec<Plan>, Failure> {
    let inside = |folder: PathBuf| {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let mut plans = Vec::new();
    for experiment in inside(store.root().join("runs")) {
        let mut files: Vec<(u64, PathBuf)> = inside(experiment)
            .into_iter()
            .filter_map(|run| Some((run.file_name()?.to_str()?.parse().ok()?, run.join("experiment.toml"))))
            .filter(|(_, file)| file.is_file())
            .collect();
        files.sort();
        for (_, file) in files.into_iter().rev().take(runs) {
            plans.extend(self::plans(&[file], runs, store)?);
        }
    }
    if plans.is_empty() {
        return Err(Failure::Input("no run is remembered here; name the experiments".to_owned()));
    }
    Ok(plans)
}
