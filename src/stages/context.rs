//! What a running stage sees of the world: its inputs, the store, whom to tell how far it is, and
//! whether to stop.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use crate::figures::FigureError;
use crate::store::{Digest, Held, Key, KnownFiles, Store, StoreError};

use super::job::{Job, JobInput, Source};

/// What a stage gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Bytes by name.
    pub outputs: Vec<(String, Vec<u8>)>,
    /// What planning needs to know of it.
    pub facts: Json,
    /// How long it took to make, in milliseconds, where parts of it had been made before.
    pub took_ms: Option<u64>,
}

/// Why a stage did not finish.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The store refused, or has lost an input.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run is being stopped.
    #[error("interrupted")]
    Interrupted,
    /// The job is none of this kind's.
    #[error("this job cannot be read: {0}")]
    Job(serde_json::Error),
    /// A figure cannot be drawn.
    #[error("cannot draw the figure: {0}")]
    Figure(#[from] FigureError),
    /// The stage itself failed.
    #[error("{0}")]
    Failed(String),
}

impl StageError {
    /// Turns any error into a failure of the stage, with what was being done.
    pub fn because<E: std::fmt::Display>(doing: &str) -> impl FnOnce(E) -> Self {
        let doing = doing.to_owned();
        move |error| Self::Failed(format!("{doing}: {error}"))
    }
}

/// How far a stage is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// To do at the most.
    pub total: u64,
    /// What is counted, such as `trials`.
    pub unit: &'static str,
    /// Done in this run; less than `done` where earlier work was found.
    pub fresh: u64,
    /// The lowest performance of any task, for training.
    pub lowest_performance: Option<f64>,
}

/// Whom a stage tells what it does. A stage never prints.
pub trait Report: Sync {
    /// How far it is.
    fn progress(&self, progress: Progress);
    /// A line for its log.
    fn log(&self, line: String);
    /// Whether it waits for others from now on, or works.
    fn waits(&self, _waits: bool) {}
}

/// What a running stage sees of the world.
pub struct Context<'a> {
    /// The store.
    pub store: &'a Store,
    /// Whom to tell.
    pub report: &'a dyn Report,
    /// Set when the run is to stop.
    pub cancel: &'a AtomicBool,
}

impl Context<'_> {
    /// Gives up when the run is to stop.
    ///
    /// # Errors
    /// [`StageError::Interrupted`] then.
    pub fn check(&self) -> Result<(), StageError> {
        if self.cancel.load(Ordering::Relaxed) { Err(StageError::Interrupted) } else { Ok(()) }
    }

    /// Waits until nobody else computes `key`, and keeps others from it while the lock lives. This wait is
    /// no part of the time that the stage takes.
    ///
    /// # Errors
    /// If the run is to stop meanwhile, or the disk refuses.
    pub fn lock(&self, key: &Key) -> Result<Held<'_>, StageError> {
        if let Some(held) = self.store.try_lock(key)? {
            return Ok(held);
        }
        self.report.waits(true);
        let held = self.store.lock(key, self.cancel);
        self.report.waits(false);
        Ok(held?)
    }

    /// The bytes of one part of an input, verified.
    ///
    /// # Errors
    /// If the input has no such part, or the store has lost it.
    pub fn read(&self, input: &JobInput, part: &str) -> Result<Vec<u8>, StageError> {
        let digest = part_of(input, part)?;
        Ok(self.store.read(&digest)?)
    }

    /// An input that is a file outside of the store: where it is, and its bytes, which are those that it had
    /// when the job was made.
    ///
    /// # Errors
    /// If it cannot be read, or holds something else by now.
    pub fn read_file<'i>(&self, input: &'i JobInput) -> Result<(&'i Path, Vec<u8>), StageError> {
        let Source::File { path, digest } = &input.source else {
            return Err(StageError::Failed("an input is no file".to_owned()));
        };
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(StageError::because(&format!("cannot read `{shown}`")))?;
        if Digest::of(&bytes) == *digest {
            return Ok((path, bytes));
        }
        KnownFiles::forget(self.store.root(), path);
        Err(StageError::Failed(format!("`{shown}` was changed after this run was planned; run it again")))
    }

    /// One part of an input, from JSON.
    ///
    /// # Errors
    /// Those of [`Context::read`], and if it is not what is expected.
    pub fn read_json<T: serde::de::DeserializeOwned>(
        &self,
        input: &JobInput,
        part: &str,
    ) -> Result<T, StageError> {
        let bytes = self.read(input, part)?;
        serde_json::from_slice(&bytes)
            .map_err(StageError::because(&format!("cannot read the input `{part}`")))
    }
}

fn part_of(input: &JobInput, part: &str) -> Result<Digest, StageError> {
    match &input.source {
        Source::Stored(parts) => parts.get(part).copied(),
        Source::Recipe(_) | Source::File { .. } => None,
    }
    .ok_or_else(|| StageError::Failed(format!("an input has no part `{part}`")))
}

/// The inputs of a job by name.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    job: &'a Job,
}

impl<'a> Inputs<'a> {
    /// The inputs of `job`.
    pub fn new(job: &'a Job) -> Self {
        Self { job }
    }

    /// The key of the job.
    ///
    /// # Errors
    /// Those of [`Job::key`].
    pub fn key(&self) -> Result<Key, StageError> {
        self.job.key().map_err(StageError::Job)
    }

    /// All that came in under this name.
    pub fn all(&self, name: &str) -> &'a [JobInput] {
        self.job.inputs.get(name).map_or(&[], Vec::as_slice)
    }

    /// The one thing that came in under this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn one(&self, name: &str) -> Result<&'a JobInput, StageError> {
        self.all(name).first().ok_or_else(|| StageError::Failed(format!("the input `{name}` is missing")))
    }
}
