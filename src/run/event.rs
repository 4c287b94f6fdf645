//! What happens in a run, as one stream of typed events. `docs/events.md` tells readers of event files
//! what they can rely on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::store::{Key, now_ms};

/// The version of the event stream's form. Raised when an event or a field is removed, renamed, or
/// changes its type or meaning; not when one is added.
pub const FORM: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The form of the stream.
        form: u32,
        /// The experiment's name.
        experiment: String,
        /// Stage instances that are known already.
        known: usize,
        /// Stage instances that must run.
        pending: usize,
        /// Stages that depend on what others give.
        waiting: usize,
    },
    /// A stage instance begins.
    StageStarted {
        /// Which.
        stage: String,
        /// Its key, in hexadecimal digits.
        #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
        key: Key,
        /// Why it must run.
        reason: String,
    },
    /// A stage instance tells how far it is.
    StageProgress {
        /// Which.
        stage: String,
        /// Done so far.
        done: u64,
        /// To do at the most.
        total: u64,
        /// What is counted.
        unit: String,
        /// Done in this run.
        fresh: u64,
        /// The lowest performance of any task, for training.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lowest_performance: Option<f64>,
    },
    /// A stage instance says something for its log.
    StageLog {
        /// Which.
        stage: String,
        /// What.
        line: String,
    },
    /// A stage instance has ended.
    StageFinished {
        /// Which.
        stage: String,
        /// Its key, in hexadecimal digits.
        #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
        key: Key,
        /// How it ended.
        #[serde(flatten)]
        outcome: Outcome,
        /// How long it took, in milliseconds.
        duration_ms: u64,
        /// What was counted, done in this run; for training, trials.
        fresh: u64,
    },
    /// A stage instance cannot run, because one that it depends on failed.
    StageSkipped {
        /// Which.
        stage: String,
        /// The one that failed.
        because: String,
    },
    /// The run has ended.
    RunFinished {
        /// Stage instances that ran.
        ran: usize,
        /// Stage instances that were known.
        known: usize,
        /// Stage instances that failed.
        failed: usize,
        /// Stage instances that were skipped.
        skipped: usize,
        /// Stage instances that were left when it stopped.
        not_run: usize,
        /// Whether it was interrupted.
        interrupted: bool,
        /// What went wrong with the run itself, if anything did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
}

/// How a stage instance ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran, and its result is in the store.
    Done,
    /// Another process had its result when it was about to run.
    Found,
    /// It failed.
    Failed {
        /// Why.
        error: String,
    },
    /// It failed, and is tried again.
    Retried {
        /// Why it failed.
        error: String,
    },
    /// It was interrupted.
    Interrupted,
}

/// An event with its time, as it is written to files: one line of an event file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stamped<E = Event> {
    /// When it happened, in milliseconds since 1970.
    pub time_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: E,
}

impl<E> Stamped<E> {
    /// The event, now.
    pub fn now(event: E) -> Self {
        Self { time_ms: now_ms(), event }
    }
}

/// The JSON Schema of one line of an event file.
pub fn event_schema() -> Json {
    schemars::schema_for!(Stamped<Event>).to_value()
}
