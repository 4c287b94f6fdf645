//! The plan: every instance with what is known of it. Keys are derived from the top down with
//! records alone; no artifact is opened.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use serde_json::Value as Json;

use crate::experiment::{Experiment, Place, Problem, Problems};
use crate::store::{Digest, Key, KnownFiles, Store, StoreError};

use super::build::{Built, Graph, build};
use super::expand::Facts;
use super::instance::{Instance, State};
use super::only::Wanted;
use super::selector::Selector;
use super::stages::{StageNode, StageTable};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The experiment is wrong.
    #[error(transparent)]
    Experiment(#[from] Problems),
    /// A key could not be computed.
    #[error("cannot compute a key: {0}")]
    Key(#[from] serde_json::Error),
    /// What has run could not be made durable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An experiment's instances and what is known of them.
pub struct Plan {
    /// What was written.
    pub experiment: Experiment,
    /// Its stages.
    pub table: StageTable,
    /// Its instances.
    pub graph: Graph,
    /// For each stage, the parameters of its first instance with defaults filled in.
    pub(super) defaults: HashMap<usize, Json>,
    /// Who gives an object; made when it is first asked for.
    pub(super) producers: Option<HashMap<Digest, NodeIndex>>,
    /// What has been read of the facts of models and selections.
    pub(super) facts: HashMap<NodeIndex, Arc<Facts>>,
    /// Whether all stages of the experiment are planned, and not only some.
    whole: bool,
    /// The keys that the instances of this experiment had when it last ran, by address.
    pub last: BTreeMap<String, Key>,
}

impl Plan {
    /// Plans an experiment, or the part of it that `only` asks for and what that needs.
    ///
    /// # Errors
    /// All that is wrong with the experiment.
    pub fn new(
        experiment: Experiment,
        only: &[String],
        last: BTreeMap<String, Key>,
        store: &Store,
    ) -> Result<Self, PlanError> {
        let mut problems = experiment.problems.clone();
        let table = StageTable::new(&experiment, &mut problems);
        let wanted = Wanted::new(&experiment, &table, only, &mut problems);
        let files = KnownFiles::open(store.root());
        let Built { graph, defaults } = build(&experiment, &table, &wanted, &files, &mut problems);
        files.save();
        if !problems.is_empty() {
            return Err(Problems::new(problems, &experiment.sources).into());
        }
        let mut plan = Self {
            experiment,
            table,
            graph,
            defaults,
            producers: None,
            facts: HashMap::new(),
            whole: only.is_empty(),
            last,
        };
        // Stages were added inputs first, and so were their instances.
        let order: Vec<NodeIndex> = plan.graph.node_indices().collect();
        for node in order {
            plan.derive(node, store)?;
        }
        Ok(plan)
    }

    /// The stage of an instance.
    pub fn stage(&self, node: NodeIndex) -> &StageNode {
        &self.table.stages[self.graph[node].stage]
    }

    /// Whether all stages of the experiment are planned, and not only some.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// All instances, inputs first.
    pub fn instances(&self) -> impl Iterator<Item = (NodeIndex, &Instance)> {
        self.graph.node_indices().map(|node| (node, &self.graph[node]))
    }

    /// The instances that a selector means, such as `train[seed=1]` or `fig_*`, inputs first; those of single
    /// checkpoints only where it names `checkpoint`.
    ///
    /// # Errors
    /// If it means none.
    pub fn select(&self, selector: &str) -> Result<Vec<NodeIndex>, Problem> {
        let selector = Selector::parse(selector)?;
        let places: HashMap<usize, Option<HashSet<Place>>> =
            selector.find(&self.experiment, &self.table)?.into_iter().collect();
        let is_meant = |instance: &Instance| {
            let trials = instance.item.as_ref().map(|item| item.trials);
            let places = places.get(&instance.stage).map(Option::as_ref);
            selector.has_checkpoint(trials)
                && places.is_some_and(|places| places.is_none_or(|places| places.contains(&instance.place)))
        };
        let meant = self.instances().filter(|(_, instance)| is_meant(instance));
        let meant: Vec<NodeIndex> = meant.map(|(node, _)| node).collect();
        if meant.is_empty() {
            let help = "no such checkpoints are known; `rnnwm plan` shows what is";
            return Err(selector.nothing().help(help));
        }
        Ok(meant)
    }

    /// What an instance takes in, and what takes it in.
    pub(super) fn neighbours(&self, node: NodeIndex, direction: Direction) -> Vec<NodeIndex> {
        let mut nodes: Vec<NodeIndex> = self.graph.neighbors_directed(node, direction).collect();
        nodes.sort_unstable();
        nodes
    }

    /// For each stage, how many stages there are on the longest way from it to the end.
    pub fn ways(&self) -> Vec<usize> {
        let mut ways = vec![0; self.table.stages.len()];
        for (position, stage) in self.table.stages.iter().enumerate().rev() {
            for upstream in stage.inputs.iter().flat_map(|(_, stages)| stages) {
                ways[*upstream] = ways[*upstream].max(ways[position] + 1);
            }
        }
        ways
    }

    /// The instances that must run, inputs first.
    pub fn pending(&self) -> Vec<NodeIndex> {
        self.instances()
            .filter(|(_, instance)| matches!(instance.state, State::Pending { .. }))
            .map(|(node, _)| node)
            .collect()
    }

    /// The upstream instance that an instance waits for.
    pub fn waits_for(&self, node: NodeIndex) -> Option<&Instance> {
        let mut at = node;
        loop {
            let upstream = self.neighbours(at, Direction::Incoming);
            let open = upstream.into_iter().find(|up| {
                matches!(self.graph[*up].state, State::Waiting | State::Pending { .. } | State::Failed)
            });
            match open {
                Some(up) if matches!(self.graph[up].state, State::Waiting) => at = up,
                Some(up) => return Some(&self.graph[up]),
                None => return None,
            }
        }
    }

    /// The keys of all known instances, by address.
    pub fn keys(&self) -> BTreeMap<&str, Key> {
        self.instances()
            .filter_map(|(_, instance)| Some((instance.address.as_str(), instance.settled()?.key)))
            .collect()
    }

    /// The keys of all known instances that are not those of the last time, by address.
    pub fn new_keys(&self) -> impl Iterator<Item = (&str, Key)> {
        self.instances().filter_map(|(_, instance)| {
            let key = instance.settled()?.key;
            (self.last.get(&instance.address) != Some(&key)).then_some((instance.address.as_str(), key))
        })
    }
}
