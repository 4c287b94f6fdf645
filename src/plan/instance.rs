//! A stage at one place of the sweep, or at one checkpoint there.

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::stages::{JobInput, Offer};
use crate::store::{Brief, Digest, Key, Outputs, Store};

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
    /// What the stage reads, names resolved, as canonical JSON.
    pub resolved: Arc<str>,
    /// What is known of its result.
    pub offer: Offer,
    /// The instance that gives the model which this is about.
    pub model: Option<NodeIndex>,
    /// For kinds whose results are simulated when needed, the digest of the result. [`super::Plan::job`]
    /// says how to simulate it.
    pub simulated: Option<Digest>,
    /// Whether a result that could be simulated is kept as well.
    pub keep: bool,
    /// For each input of the kind, the instances it takes in.
    pub inputs: Vec<Vec<NodeIndex>>,
    /// The files outside of the store that it reads, by the name of the input.
    pub files: BTreeMap<String, Vec<JobInput>>,
    /// How many of the inputs are known already, counted from the first.
    pub(super) taken_in: usize,
    /// Where the checkpoint comes from, if it is one.
    pub(super) origin: Option<Box<Origin>>,
    /// How far it is.
    pub state: State,
}

/// Where the checkpoint of an instance comes from.
#[derive(Debug)]
pub(super) struct Origin {
    /// The instance that runs for each checkpoint.
    pub parent: NodeIndex,
    /// The name of the input that the checkpoint is.
    pub input: &'static str,
    /// The checkpoint's weights.
    pub weights: Outputs,
}

/// How far an instance is.
#[derive(Debug)]
pub enum State {
    /// Its key depends on something that has not run.
    Waiting,
    /// Runs once for each of these, its checkpoints.
    Expanded(Vec<NodeIndex>),
    /// Simulated when something needs it.
    Simulated,
    /// It must run; [`super::Plan::job`] says what.
    Pending {
        /// Its key.
        key: Key,
        /// Why.
        reason: Reason,
        /// What it gave before, where that is known but lost. It will give the same again.
        before: Option<Box<Settled>>,
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
    pub outputs: Outputs,
    /// Whether it ran in this run.
    pub ran: bool,
    /// When it was made, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Settled {
    /// What a record says.
    pub fn new(key: Key, brief: Brief, ran: bool) -> Self {
        let Brief { outputs, started_ms, duration_ms } = brief;
        Self { key, outputs, ran, started_ms, duration_ms }
    }

    /// What its record says that planning needs to know, such as the chosen checkpoints.
    pub fn facts(&self, store: &Store) -> Json {
        store.lookup(&self.key).map(|record| record.facts).unwrap_or_default()
    }
}

impl Instance {
    /// Its result, if it is known; the objects may be lost all the same.
    pub fn settled(&self) -> Option<&Settled> {
        match &self.state {
            State::Known(settled) => Some(settled),
            State::Pending { before, .. } => before.as_deref(),
            _ => None,
        }
    }

    /// The weights of its checkpoint, if it is one.
    pub fn weights(&self) -> Option<&Outputs> {
        self.origin.as_ref().map(|origin| &origin.weights)
    }

    /// What the stage reads, names resolved.
    pub fn params(&self) -> Json {
        serde_json::from_str(&self.resolved).unwrap_or_default()
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
