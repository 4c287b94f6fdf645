//! From a known selection to one instance per checkpoint.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::stages::{Job, JobInput, checkpoint_key};
use crate::store::{Digest, Key, Store};

use super::instance::Item;

/// The checkpoints that a selection's facts list, in ascending order of trials.
pub fn items(facts: &Json) -> Option<Vec<Item>> {
    serde_json::from_value(facts.get("items")?.clone()).ok()
}

/// Where a model's checkpoints are: the key that they are filed under.
pub fn collection(facts: &Json) -> Option<Key> {
    facts.get("collection")?.as_str()?.parse().ok()
}

/// The weights of one checkpoint, as the store has recorded them.
pub fn weights(store: &Store, collection: &Key, trials: u64) -> Option<BTreeMap<String, Digest>> {
    let record = store.lookup(&checkpoint_key(collection, trials).ok()?)?;
    let weights = record.outputs.get("weights")?.digest;
    Some(BTreeMap::from([("weights".to_owned(), weights)]))
}

/// The job of one checkpoint. How the selection names it is no part of it.
pub fn job(template: &Job, input: &str, item: &Item, weights: BTreeMap<String, Digest>) -> Job {
    let mut job = template.clone();
    let mut taken = JobInput::stored(weights);
    taken.item = json!({ "trials": item.trials });
    job.inputs.insert(input.to_owned(), vec![taken]);
    job
}
