//! What of a store experiments need.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use crate::stages::{Gives, segment_of, trajectory_of};
use crate::store::{Key, Record, Store};

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
                    let known = self.result(settled.key, plan.stage(node).kind.gives(), store);
                    if !known {
                        self.along(plan.job(node).as_ref().and_then(trajectory_of));
                    }
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
            self.add_results(plan.last.values(), store);
        }
    }

    /// Adds results by their keys.
    pub fn add_results<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>, store: &Store) {
        for key in keys {
            // Which of them are models only their records tell.
            self.result(*key, Gives::Model, store);
        }
    }

    /// Adds a result, and the segments of a model. Gives whether a model's record could tell these.
    fn result(&mut self, key: Key, gives: Gives, store: &Store) -> bool {
        self.keys.insert(key);
        if gives != Gives::Model {
            return true;
        }
        let Some(facts) = store.lookup(&key).map(|record| record.facts) else { return false };
        let trials = facts.get("trials").and_then(Json::as_u64).unwrap_or(u64::MAX);
        let collection = facts.get("collection").and_then(|key| key.as_str()?.parse().ok());
        self.along(collection.map(|collection| (collection, trials)));
        true
    }

    /// Whether the experiments need a record.
    pub fn need(&self, key: &Key, record: &Record) -> bool {
        let reached = |(collection, trials): (Key, u64)| {
            self.trajectories.get(&collection).is_some_and(|most| trials <= *most)
        };
        self.keys.contains(key) || segment_of(&record.action).is_some_and(reached)
    }

    fn along(&mut self, trajectory: Option<(Key, u64)>) {
        if let Some((collection, trials)) = trajectory {
            let most = self.trajectories.entry(collection).or_default();
            *most = trials.max(*most);
        }
    }
}
