//! `rnnwm exec`: runs one job from a file.

use std::path::PathBuf;

use clap::Args;

use crate::run::execute;
use crate::stages::{Job, Progress, Report};
use crate::store::Durability;

use super::args::StoreArgs;
use super::failure::Failure;
use super::interrupt;
use super::store::open_for_use;

/// Arguments of `rnnwm exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The job, a JSON file.
    job: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs a job, and prints the record of its result.
pub fn exec(args: &ExecArgs) -> Result<(), Failure> {
    let bytes =
        std::fs::read(&args.job).map_err(|source| Failure::File { path: args.job.clone(), source })?;
    let unreadable = |error| Failure::Input(format!("{} is no job: {error}", args.job.display()));
    let job: Job = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let key = job.key().map_err(unreadable)?;
    let cancel = interrupt::flag();
    let store = open_for_use(&args.store, Durability::Synced, &cancel)?;
    let executed = execute(&job, &key, false, &store, &StandardError, &cancel)?;
    store.flush()?;
    let shown = serde_json::to_string(&executed.record).map_err(unreadable)?;
    super::print(&format!("{shown}\n"));
    Ok(())
}

/// Says what a job says.
pub struct StandardError;

impl Report for StandardError {
    fn progress(&self, _progress: Progress) {}

    fn log(&self, line: String) {
        eprintln!("{line}");
    }
}
