//! What of a store experiments need.

use std::collections::{HashMap, HashSet};

use crate::stages::{segment_of, trajectory_of};
use crate::store::{Key, Record, Store};

use super::expand;
use super::instance::State;
use super::planner::Plan;

/// The records that experiments need: those of their results, and the segments of their trainings up to
/// where these go.
#[derive(Debug, Default)]
pub struct Roots {
    keys: HashSet<Key>,
    /// How far along a trajectory its segments are needed, in trials.
    trajectories: HashMap<Key, u64>,
}

impl Roots {
    /// Adds what an experiment needs. One that has not run to its end also needs what it gave last: part of
    /// that may be its result again.
    pub fn add(&mut self, plan: &Plan, store: &Store) {
        let mut whole = true;
        for (node, instance) in plan.instances() {
            match (instance.settled(), &instance.state) {
                (Some(settled), _) => {
                    self.keys.insert(settled.key);
                    self.trajectory_of(&settled.facts);
                }
                (None, State::Expanded(_) | State::Simulated) => {}
                (None, _) => {
                    whole = false;
                    let trajectory = plan.job(node).as_ref().and_then(trajectory_of);
                    self.along(trajectory);
                }
            }
        }
        if !whole {
            for key in plan.last.values() {
                self.keys.insert(*key);
                if let Some(record) = store.lookup(key) {
                    self.trajectory_of(&record.facts);
                }
            }
        }
    }

    /// Whether the experiments need a record.
    pub fn need(&self, key: &Key, record: &Record) -> bool {
        let reached = |(collection, trials): (Key, u64)| {
            self.trajectories.get(&collection).is_some_and(|most| trials <= *most)
        };
        self.keys.contains(key) || segment_of(&record.action).is_some_and(reached)
    }

    fn trajectory_of(&mut self, facts: &serde_json::Value) {
        let trials = facts.get("trials").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
        self.along(expand::collection(facts).map(|collection| (collection, trials)));
    }

    fn along(&mut self, trajectory: Option<(Key, u64)>) {
        if let Some((collection, trials)) = trajectory {
            let most = self.trajectories.entry(collection).or_default();
            *most = trials.max(*most);
        }
    }
}
