//! Runs one job: looks whether another has done it meanwhile, runs it, commits what it gave.

use std::sync::atomic::AtomicBool;

use crate::stages::{Context, Job, Report, StageError, kind};
use crate::store::{Commit, Key, Record, Store, now_ms};

/// What running a job gave.
pub struct Executed {
    /// The record of the result.
    pub record: Record,
    /// Whether another process had it first.
    pub found: bool,
}

/// Runs a job and commits its result. `anew` runs it even where its result is known, because an
/// output of it is lost.
///
/// # Errors
/// If the stage fails or is interrupted, or the store refuses.
pub fn execute(
    job: &Job,
    key: &Key,
    anew: bool,
    store: &Store,
    report: &dyn Report,
    cancel: &AtomicBool,
) -> Result<Executed, StageError> {
    if let Some(record) = store.lookup(key).filter(|_| !anew) {
        return Ok(Executed { record, found: true });
    }
    let _lock = store.lock(key, cancel)?;
    store.refresh()?;
    if let Some(record) = store.lookup(key).filter(|_| !anew) {
        return Ok(Executed { record, found: true });
    }
    let kind = kind_of(job)?;
    let started_ms = now_ms();
    let context = Context { store, report, cancel };
    let outcome = kind.run(job, &context)?;
    let record = store.commit(Commit {
        key: *key,
        action: job.action().map_err(StageError::Job)?,
        outputs: outcome.outputs,
        facts: outcome.facts,
        started_ms,
    })?;
    Ok(Executed { record, found: false })
}

fn kind_of(job: &Job) -> Result<&'static dyn crate::stages::StageKind, StageError> {
    let kind = kind(&job.kind).ok_or_else(|| StageError::Failed(format!("no stage kind `{}`", job.kind)))?;
    if kind.version() == job.version {
        return Ok(kind);
    }
    Err(StageError::Failed(format!(
        "this job is of version {} of `{}`, and this program has version {}",
        job.version,
        job.kind,
        kind.version()
    )))
}
