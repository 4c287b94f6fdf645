//! What models and selections say of their checkpoints.

use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::stages::checkpoint_key;
use crate::store::{Key, Outputs, Store};

use super::instance::Item;
use super::planner::Plan;

/// What planning reads in the facts of models and selections.
#[derive(Debug)]
pub struct Facts {
    /// The checkpoints that a selection lists, in ascending order of trials.
    pub items: Option<Arc<[Item]>>,
    /// Where a model's checkpoints are: the key that they are filed under.
    pub collection: Option<Key>,
}

impl Plan {
    /// The facts of an instance, if it is known. Its record may be lost all the same, which is not held
    /// on to: it can be made again.
    pub(super) fn facts_of(&mut self, node: NodeIndex, store: &Store) -> Option<Arc<Facts>> {
        if let Some(facts) = self.facts.get(&node) {
            return Some(facts.clone());
        }
        let facts = store.lookup(&self.graph[node].settled()?.key)?.facts;
        let items = facts.get("items").and_then(|items| serde_json::from_value(items.clone()).ok());
        let collection = facts.get("collection").and_then(|key| key.as_str()?.parse().ok());
        let facts = Arc::new(Facts { items: items.map(|items: Vec<Item>| items.into()), collection });
        self.facts.insert(node, facts.clone());
        Some(facts)
    }
}

/// The weights of one checkpoint, as the store has recorded them.
pub fn weights(store: &Store, collection: &Key, trials: u64) -> Option<Outputs> {
    let brief = store.brief(&checkpoint_key(collection, trials).ok()?)?;
    let weights = brief.outputs.get("weights")?;
    Some([(Arc::from("weights"), *weights)].into_iter().collect())
}
