//! How long what has to run will take, by how long it took before.

use std::collections::HashMap;

use petgraph::graph::NodeIndex;

use crate::store::Store;

use super::planner::Plan;

/// Durations of earlier runs.
pub struct Estimates {
    /// For each stage, how long its instances took on average, in milliseconds.
    mean_ms: HashMap<usize, f64>,
    /// How long an instance took the last time, in milliseconds.
    last_ms: HashMap<NodeIndex, u64>,
}

impl Estimates {
    /// Looks at how long the instances of a plan took.
    pub fn new(plan: &Plan, store: &Store) -> Self {
        let mut sums: HashMap<usize, (f64, f64)> = HashMap::new();
        let mut last_ms = HashMap::new();
        for (node, instance) in plan.instances() {
            let last = || store.brief(plan.last.get(&instance.address)?).map(|brief| brief.duration_ms);
            let took = instance.settled().map(|settled| settled.duration_ms).or_else(last);
            if let Some(took) = took {
                last_ms.insert(node, took);
                let (sum, count) = sums.entry(instance.stage).or_default();
                (*sum, *count) = (*sum + took as f64, *count + 1.0);
            }
        }
        let mean_ms = sums.into_iter().map(|(stage, (sum, count))| (stage, sum / count)).collect();
        Self { mean_ms, last_ms }
    }

    /// How long an instance will take, in milliseconds: as long as the last time, or as the other
    /// instances of its stage on average; `None` if none has run.
    pub fn ms(&self, plan: &Plan, node: NodeIndex) -> Option<u64> {
        let mean = || self.mean_ms.get(&plan.graph[node].stage).map(|mean| mean.round() as u64);
        self.last_ms.get(&node).copied().or_else(mean)
    }
}
