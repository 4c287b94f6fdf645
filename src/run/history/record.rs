//! What is written down of a run.

use serde::{Deserialize, Serialize};

use crate::store::{Digest, Key};

/// The form of run records; one of another form is passed over.
pub const FORM: u32 = 2;

/// What a run was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The experiment file.
    pub file: String,
    /// Values that were replaced (`--set`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The stages that were asked for (`--only`); all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
}

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// The form of this record.
    pub form: u32,
    /// The experiment's name.
    pub experiment: String,
    /// Counts the runs of the experiment, from 1.
    pub number: u64,
    /// What it was asked for.
    #[serde(flatten)]
    pub asked: Asked,
    /// By which version of the program.
    pub program: String,
    /// The process.
    pub pid: u32,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// The digest of `experiment.toml`.
    pub parameters: Digest,
    /// Whether it is kept, and with it all that it gave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// How it ended, if it has and could say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Ended>,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// Stage instances that ran.
    pub ran: usize,
    /// Stage instances that were known.
    pub known: usize,
    /// Stage instances that failed.
    pub failed: Vec<FailedStage>,
    /// Stage instances that were skipped because others failed.
    pub skipped: usize,
    /// Stage instances that were left when it stopped.
    #[serde(default)]
    pub not_run: usize,
    /// What went wrong with the run itself, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The digest of `keys.json`.
    pub keys: Digest,
}

/// A stage instance that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStage {
    /// Which.
    pub stage: String,
    /// Its key.
    pub key: Key,
    /// Why.
    pub error: String,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Some process is at it.
    Running,
    /// Everything that was asked for is known.
    Done,
    /// A stage failed, or the run itself.
    Failed,
    /// It was interrupted.
    Interrupted,
    /// It ended without a word: it was killed, or the machine went down.
    Killed,
}

impl RunState {
    /// What to call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Killed => "killed",
        }
    }
}

impl RunRecord {
    /// Its name among all runs of a store: `quick/7`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.experiment, self.number)
    }
}
