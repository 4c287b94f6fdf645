//! From the top down: what an instance's key is, and whether its result is known.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use crate::stages::{Arity, Gives, Input};
use crate::store::{Brief, Digest, Key, Outputs, Store};

use super::expand;
use super::instance::{Instance, Item, Origin, Settled, State};
use super::lost::RECORD;
use super::planner::{Plan, PlanError};
use super::reason::{Reason, changes};

impl Plan {
    /// Works out the state of an instance from its inputs and the records. Gives the instances that
    /// must run because of it: itself, or its checkpoints.
    pub(super) fn derive(&mut self, node: NodeIndex, store: &Store) -> Result<Vec<NodeIndex>, PlanError> {
        if !matches!(self.graph[node].state, State::Waiting) || !self.has_inputs(node) {
            return Ok(Vec::new());
        }
        match self.each_checkpoint(node) {
            Some(input) => self.expand(node, input, store),
            None => self.decide(node, store),
        }
    }

    /// An instance whose inputs are known: is its result?
    fn decide(&mut self, node: NodeIndex, store: &Store) -> Result<Vec<NodeIndex>, PlanError> {
        let Some(key) = self.key(node)? else { return Ok(Vec::new()) };
        if self.stage(node).kind.gives() == Gives::Activity {
            self.graph[node].simulated = Some(Digest::derived(&key));
            if !self.graph[node].keep {
                self.graph[node].state = State::Simulated;
                return Ok(Vec::new());
            }
        }
        if let Some(brief) = store.brief(&key) {
            self.know(node, key, brief, false);
            return Ok(Vec::new());
        }
        let reason = self.why(node, store)?;
        self.graph[node].state = State::Pending { key, reason, before: None };
        Ok(vec![node])
    }

    fn why(&self, node: NodeIndex, store: &Store) -> Result<Reason, PlanError> {
        let before = self.last.get(&self.graph[node].address).and_then(|key| store.lookup(key));
        let (Some(before), Some(job)) = (before, self.job(node)) else { return Ok(Reason::New) };
        let differences = changes(&before.action, &job.action()?);
        Ok(if differences.is_empty() { Reason::New } else { Reason::Changed(differences) })
    }

    pub(super) fn know(&mut self, node: NodeIndex, key: Key, brief: Brief, ran: bool) {
        let settled = Settled::new(key, brief, ran);
        if let Some(producers) = &mut self.producers {
            producers.extend(settled.outputs.values().map(|digest| (*digest, node)));
        }
        self.graph[node].state = State::Known(settled);
    }

    fn each_checkpoint(&self, node: NodeIndex) -> Option<Input> {
        let inputs = &self.stage(node).inputs;
        inputs.iter().map(|(input, _)| *input).find(|input| input.arity == Arity::EachCheckpoint)
    }

    fn expand(&mut self, node: NodeIndex, input: Input, store: &Store) -> Result<Vec<NodeIndex>, PlanError> {
        let position = self.stage(node).inputs.iter().position(|(other, _)| other.name == input.name);
        let selection = position.and_then(|at| self.graph[node].inputs[at].first().copied());
        let model = self.graph[node].model;
        let (Some(selection), Some(model)) = (selection, model) else { return Ok(Vec::new()) };
        let Some(selected) = self.facts_of(selection, store) else {
            return Ok(self.revive(selection, RECORD.to_owned()).into_iter().collect());
        };
        let Some(trained) = self.facts_of(model, store) else {
            return Ok(self.revive(model, RECORD.to_owned()).into_iter().collect());
        };
        let (Some(items), Some(collection)) = (selected.items.clone(), trained.collection) else {
            return Ok(Vec::new());
        };
        let mut checkpoints = Vec::new();
        for item in items.iter() {
            match expand::weights(store, &collection, item.trials) {
                Some(weights) => checkpoints.push((item.clone(), weights)),
                None => {
                    // The model is known, but a checkpoint of it is not: it is trained again, which costs
                    // only the part that is lost.
                    return Ok(self
                        .revive(model, format!("checkpoint {}", item.trials))
                        .into_iter()
                        .collect());
                }
            }
        }
        let mut children = Vec::new();
        let mut pending = Vec::new();
        for (item, weights) in checkpoints {
            let child = self.child(node, input.name, item, weights);
            pending.extend(self.decide(child, store)?);
            children.push(child);
        }
        self.graph[node].state = State::Expanded(children);
        Ok(pending)
    }

    fn child(&mut self, node: NodeIndex, input: &'static str, item: Item, weights: Outputs) -> NodeIndex {
        let parent = &self.graph[node];
        let place = parent
            .address
            .strip_suffix(']')
            .map_or(format!("{}[", parent.address), |open| format!("{open},"));
        let child = Instance {
            stage: parent.stage,
            address: format!("{place}checkpoint={}]", item.trials),
            place: parent.place.clone(),
            item: Some(item),
            resolved: parent.resolved.clone(),
            offer: parent.offer.clone(),
            model: parent.model,
            simulated: None,
            keep: parent.keep,
            inputs: Vec::new(),
            files: BTreeMap::new(),
            taken_in: 0,
            origin: Some(Box::new(Origin { parent: node, input, weights })),
            state: State::Waiting,
        };
        self.graph.add_node(child)
    }
}
