//! Objects that are needed and lost: who gives them must run again.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::stages::{Gives, Job};
use crate::store::{Digest, Store};

use super::instance::State;
use super::planner::Plan;
use super::reason::Reason;
use super::stages::StageNode;

/// What is lost where an index knows a result, and the record itself turns out to be damaged.
pub(super) const RECORD: &str = "record";

impl Plan {
    /// Looks whether the objects that the job of an instance needs are in the store. Where some are lost, gives the
    /// instances that have to run again first; none, if nothing here can make them.
    pub fn lost_inputs(&mut self, node: NodeIndex, job: &Job, store: &Store) -> Option<Vec<NodeIndex>> {
        let lost: Vec<Digest> = job.needs().into_iter().filter(|digest| !store.has(digest)).collect();
        if lost.is_empty() {
            return None;
        }
        let model = self.graph[node].model;
        let mut again = BTreeSet::new();
        for digest in lost {
            // Checkpoints have records of their own; who gives them is the model's instance.
            let producer = self.producer(&digest).or(model);
            if let Some(producer) = producer.filter(|producer| *producer != node) {
                again.extend(self.revive(producer, format!("output {}", &digest.to_string()[..12])));
            }
        }
        Some(again.into_iter().collect())
    }

    /// A known instance of whose result something is lost must run again. Its key, and all keys below, stay.
    pub(super) fn revive(&mut self, node: NodeIndex, what: String) -> Option<NodeIndex> {
        if matches!(self.graph[node].state, State::Pending { .. }) {
            return Some(node);
        }
        let before = Box::new(self.graph[node].settled()?.clone());
        let (key, reason) = (before.key, Reason::Lost(what));
        self.graph[node].state = State::Pending { key, reason, before: Some(before) };
        Some(node)
    }

    /// Who gives an object.
    fn producer(&mut self, digest: &Digest) -> Option<NodeIndex> {
        let graph = &self.graph;
        let producers = self.producers.get_or_insert_with(|| {
            let settled = graph.node_indices().filter_map(|node| Some((node, graph[node].settled()?)));
            let given = settled
                .flat_map(|(node, settled)| settled.outputs.values().map(move |digest| (*digest, node)));
            given.collect()
        });
        producers.get(digest).copied()
    }

    /// Known instances whose outputs are to be laid out, but are lost, must run again; so must models whose
    /// records are, since their folders are made from these.
    pub fn revive_lost(
        &mut self,
        store: &Store,
        wanted: impl Fn(&StageNode, &str) -> bool,
    ) -> Vec<NodeIndex> {
        let mut again = Vec::new();
        for node in self.graph.node_indices().collect::<Vec<_>>() {
            let Some(settled) = self.graph[node].settled() else { continue };
            let stage = self.stage(node);
            let output = settled
                .outputs
                .iter()
                .find(|(name, digest)| wanted(stage, name) && !store.has(digest))
                .map(|(name, _)| format!("output `{name}`"));
            let is_model = stage.kind.gives() == Gives::Model;
            let record = || (is_model && self.facts_of(node, store).is_none()).then(|| RECORD.to_owned());
            if let Some(lost) = output.or_else(record) {
                again.extend(self.revive(node, lost));
            }
        }
        again
    }
}
