//! Runs one job: looks whether another has done it meanwhile, runs it, commits what it gave.

use std::sync::atomic::AtomicBool;

use crate::stages::{Context, Gives, Job, Report, StageError, StageKind, kind};
use crate::store::{Commit, Key, Record, Store, now_ms};

/// What running a job gave.
pub struct Executed {
    /// The record of the result.
    pub record: Record,
    /// Whether another process had it first.
    pub found: bool,
}

/// Runs a job and commits its result. `anew` runs it even where its result is known, because something that
/// it gave is lost, unless another process has made that again meanwhile.
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
    let kind = kind_of(job)?;
    let found = || store.lookup(key).filter(|record| !anew || is_whole(kind, record, store));
    if let Some(record) = found() {
        return Ok(Executed { record, found: true });
    }
    let context = Context { store, report, cancel };
    let _lock = context.lock(key)?;
    store.refresh()?;
    if let Some(record) = found() {
        return Ok(Executed { record, found: true });
    }
    let started_ms = now_ms();
    let outcome = kind.run(job, &context)?;
    let started_ms = outcome.took_ms.map_or(started_ms, |took_ms| now_ms().saturating_sub(took_ms));
    let record = store.commit(Commit {
        key: *key,
        action: job.action().map_err(StageError::Job)?,
        outputs: outcome.outputs,
        facts: outcome.facts,
        started_ms,
    })?;
    Ok(Executed { record, found: false })
}

/// Whether all that was given is in the store. The checkpoints of a model are no outputs of its record: only
/// running it again tells, which makes no more than what is lost.
fn is_whole(kind: &dyn StageKind, record: &Record, store: &Store) -> bool {
    kind.gives() != Gives::Model && record.outputs.values().all(|output| store.has(&output.digest))
}

fn kind_of(job: &Job) -> Result<&'static dyn StageKind, StageError> {
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
