//! Taking in what has run, and what has failed.

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::store::{Key, Record, Store};

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
        record: Record,
        store: &Store,
    ) -> Result<Vec<NodeIndex>, PlanError> {
        self.know(node, key, record, true);
        let mut pending = Vec::new();
        let mut todo = vec![node];
        while let Some(settled) = todo.pop() {
            for downstream in self.neighbours(settled, Direction::Outgoing) {
                let fresh = self.derive(downstream, store)?;
                if !matches!(self.graph[downstream].state, State::Waiting | State::Pending { .. }) {
                    todo.push(downstream);
                }
                pending.extend(fresh);
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
        let mut todo = self.neighbours(node, Direction::Outgoing);
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
