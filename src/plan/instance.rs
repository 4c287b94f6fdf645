//! A stage at one place of the sweep, or at one checkpoint there.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::stages::{Job, JobInput, Offer};
use crate::store::{Digest, Key, Record};

use super::reason::Reason;

/// A checkpoint that a stage runs for, as its selection describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Trials trained.
    pub trials: u64,
    /// The stages of training that it stands for.
    pub stages: Vec<String>,
    /// Its performance in the task of the selection.
    pub performance: f64,
}

/// A stage instance.
#[derive(Debug)]
pub struct Instance {
    /// Position of the stage in the stage table.
    pub stage: usize,
    /// Its name with its place: `psth[seed=1]`.
    pub address: String,
    /// Axis and position of its value.
    pub place: BTreeMap<usize, usize>,
    /// The checkpoint, if it is one of a stage that runs for each.
    pub item: Option<Item>,
    /// Parameters as written, defaults filled in.
    pub params: Json,
    /// Parameters with names resolved.
    pub resolved: Json,
    /// What is known of its result.
    pub offer: Offer,
    /// The instance that gives the model which this is about.
    pub model: Option<NodeIndex>,
    /// How to simulate it, for kinds whose results are simulated when needed.
    pub recipe: Option<Box<Job>>,
    /// Whether a result that could be simulated is kept as well.
    pub keep: bool,
    /// For each input of the kind, the instances it takes in.
    pub inputs: Vec<Vec<NodeIndex>>,
    /// The files outside of the store that it reads, by the name of the input.
    pub files: BTreeMap<String, Vec<JobInput>>,
    /// How far it is.
    pub state: State,
}

/// How far an instance is.
#[derive(Debug)]
pub enum State {
    /// Its key depends on something that has not run.
    Waiting,
    /// Runs once for each of these, its checkpoints.
    Expanded(Vec<NodeIndex>),
    /// Simulated when something needs it; its `recipe` says how.
    Simulated,
    /// It must run.
    Pending {
        /// What to run.
        job: Box<Job>,
        /// Its key.
        key: Key,
        /// Why.
        reason: Reason,
        /// What it gave before, where that is known but lost. It will give the same again.
        before: Option<Settled>,
    },
    /// Its result is known.
    Known(Settled),
    /// It failed, or something upstream did.
    Failed,
}

/// A known result.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The key.
    pub key: Key,
    /// Digests of the outputs, by name.
    pub outputs: BTreeMap<String, Digest>,
    /// What planning needs to know.
    pub facts: Json,
    /// Whether it ran in this run.
    pub ran: bool,
    /// When it was made, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Settled {
    /// What a record says.
    pub fn new(key: Key, record: Record, ran: bool) -> Self {
        Self {
            key,
            outputs: record.outputs.into_iter().map(|(name, output)| (name, output.digest)).collect(),
            facts: record.facts,
            ran,
            started_ms: record.started_ms,
            duration_ms: record.duration_ms,
        }
    }
}

impl Instance {
    /// Its result, if it is known; the objects may be lost all the same.
    pub fn settled(&self) -> Option<&Settled> {
        match &self.state {
            State::Known(settled) | State::Pending { before: Some(settled), .. } => Some(settled),
            _ => None,
        }
    }

    /// Its name as files have it.
    pub fn file_name(&self) -> String {
        file_name(&self.address)
    }
}

/// An address as the name of a file: `psth[seed=1,delay_ms=500]` is `psth.seed=1.delay_ms=500`. What has
/// a meaning in paths becomes `-`.
pub fn file_name(address: &str) -> String {
    address.replace(['[', ','], ".").replace(']', "").replace(['/', '\\', ':'], "-")
}
