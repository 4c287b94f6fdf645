//! How far each stage instance is: what the plan knows, what other processes are at, and what failed.

use std::collections::HashMap;

use petgraph::graph::NodeIndex;
use serde::Serialize;

use crate::plan::{Plan, State};
use crate::run::{FailedStage, History, Live, Run, RunState, Running};
use crate::store::Key;

/// How far a stage instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its result is known.
    Known,
    /// It is simulated when something needs it.
    OnDemand,
    /// Some process is at it.
    Running,
    /// It failed when it was last tried, and nothing about it has changed.
    Failed,
    /// A run would run it.
    WillRun,
    /// A run would run it, unless what is upstream gives what it gave before.
    MayRun,
}

impl Standing {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Known, Self::OnDemand, Self::Running, Self::Failed, Self::WillRun, Self::MayRun];
    /// All of them, what matters most first.
    pub const BY_WEIGHT: [Self; 6] =
        [Self::Failed, Self::Running, Self::WillRun, Self::MayRun, Self::Known, Self::OnDemand];

    /// What to call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::OnDemand => "on demand",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::WillRun => "will run",
            Self::MayRun => "may run",
        }
    }
}

/// What is going on in a store, and what went wrong.
pub struct Standings {
    running: HashMap<Key, (Running, String)>,
    failed: HashMap<Key, (FailedStage, String)>,
    /// The runs that some process is at, by their names.
    pub live: Vec<String>,
}

impl Standings {
    /// Looks at the runs of an experiment, and at what is running in others: they may share results.
    pub fn read(history: &History, experiment: &str) -> Self {
        let mut failed = HashMap::new();
        for run in history.runs(experiment) {
            for stage in run.record.end.iter().flat_map(|end| &end.failed) {
                failed.insert(stage.key, (stage.clone(), run.record.id()));
            }
        }
        let mut running = HashMap::new();
        let mut live = Vec::new();
        for run in live_runs(history.all()) {
            live.push(run.run.record.id());
            for stage in run.running.into_values() {
                running.insert(stage.key, (stage, run.run.record.id()));
            }
        }
        Self { running, failed, live }
    }

    /// How far an instance is.
    pub fn of(&self, plan: &Plan, node: NodeIndex) -> Standing {
        match &plan.graph[node].state {
            State::Known(_) => Standing::Known,
            State::Expanded(_) | State::Simulated => Standing::OnDemand,
            State::Pending { key, .. } if self.running.contains_key(key) => Standing::Running,
            State::Pending { key, .. } if self.failed.contains_key(key) => Standing::Failed,
            State::Pending { .. } => Standing::WillRun,
            State::Waiting | State::Failed => Standing::MayRun,
        }
    }

    /// What an instance is at, and in which run.
    pub fn running(&self, plan: &Plan, node: NodeIndex) -> Option<&(Running, String)> {
        self.running.get(pending(plan, node)?)
    }

    /// How an instance failed, and in which run.
    pub fn failed(&self, plan: &Plan, node: NodeIndex) -> Option<&(FailedStage, String)> {
        self.failed.get(pending(plan, node)?)
    }
}

fn pending(plan: &Plan, node: NodeIndex) -> Option<&Key> {
    match &plan.graph[node].state {
        State::Pending { key, .. } => Some(key),
        _ => None,
    }
}

/// Those of the runs that some process is at.
pub fn live_runs(runs: Vec<Run>) -> Vec<Live> {
    runs.into_iter().filter(|run| run.state() == RunState::Running).map(Live::new).collect()
}

/// The instances that count for people: those of single checkpoints only where their results are kept,
/// and then in place of the stage that they are of.
pub fn counted_instances(plan: &Plan) -> impl Iterator<Item = NodeIndex> {
    plan.instances()
        .filter(|(_, instance)| match (&instance.item, &instance.state) {
            (Some(_), _) => instance.keep,
            (None, State::Expanded(_)) => !instance.keep,
            (None, _) => true,
        })
        .map(|(node, _)| node)
}
