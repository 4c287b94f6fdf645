//! Taking in what has run, and what has failed.

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::store::{Brief, Key, Record, Store};

use super::instance::State;
use super::planner::{Plan, PlanError};

impl Plan {
    /// Takes in that an instance has run. Gives the instances that must run now.
    ///
    /// # Errors
    /// If a key cannot be computed.
    pub fn settle(
        &mut self,
        node: NodeIndex,
        key: Key,
        record: &Record,
        store: &Store,
    ) -> Result<Vec<NodeIndex>, PlanError> {
        self.facts.remove(&node);
        self.know(node, key, Brief::from(record), true);
        let mut pending = Vec::new();
        let mut todo = vec![node];
        while let Some(settled) = todo.pop() {
            // What takes in a checkpoint's result takes it in from the stage that runs for all.
            let giver = self.graph[settled].origin.as_ref().map_or(settled, |origin| origin.parent);
            for downstream in self.neighbours(giver, Direction::Outgoing) {
                if !matches!(self.graph[downstream].state, State::Waiting) {
                    continue;
                }
                pending.extend(self.derive(downstream, store)?);
                if !matches!(self.graph[downstream].state, State::Waiting | State::Pending { .. }) {
                    todo.push(downstream);
                }
            }
        }
        pending.sort_unstable();
        pending.dedup();
        Ok(pending)
    }

    /// Marks an instance and all that depends on it as failed. Gives those that depend on it.
    pub fn fail(&mut self, node: NodeIndex) -> Vec<NodeIndex> {
        self.graph[node].state = State::Failed;
        let mut skipped = Vec::new();
        let giver = self.graph[node].origin.as_ref().map_or(node, |origin| origin.parent);
        let mut todo = self.neighbours(giver, Direction::Outgoing);
        while let Some(downstream) = todo.pop() {
            if !matches!(self.graph[downstream].state, State::Failed | State::Known(_)) {
                self.graph[downstream].state = State::Failed;
                skipped.push(downstream);
                todo.extend(self.neighbours(downstream, Direction::Outgoing));
            }
        }
        skipped.sort_unstable();
        skipped
    }
}
