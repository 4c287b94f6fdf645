//! A stage instance as a value: everything that is needed to run it, and its key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::store::{Digest, Key};

use super::action::ActionText;

/// One stage instance, ready to run anywhere that has the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The kind of stage.
    pub kind: String,
    /// The version of the kind.
    pub version: u32,
    /// All parameters that the stage reads, names resolved and defaults filled in.
    pub params: Json,
    /// What it takes in, by the name of the input.
    pub inputs: BTreeMap<String, Vec<JobInput>>,
}

/// One thing that a job takes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobInput {
    /// What tells it from the others of the same name: its checkpoint, its place on gathered axes.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub item: Json,
    /// Where it comes from.
    pub source: Source,
}

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Objects of the store, by the name of the output.
    Stored(BTreeMap<String, Digest>),
    /// The result of another job, which is simulated when needed.
    Recipe(Box<Job>),
}

impl Job {
    /// What the key is computed from: kind, version, parameters and the digests of the inputs.
    ///
    /// # Errors
    /// If a parameter is a number that JSON cannot carry.
    pub fn action(&self) -> Result<Json, serde_json::Error> {
        let mut inputs = serde_json::Map::new();
        for (name, several) in &self.inputs {
            let several = several.iter().map(JobInput::action).collect::<Result<Vec<_>, _>>()?;
            inputs.insert(name.clone(), several.into());
        }
        Ok(json!({ "kind": self.kind, "version": self.version, "params": self.params, "inputs": inputs }))
    }

    /// The key of this job: that of its [`Job::action`].
    ///
    /// # Errors
    /// Those of [`Job::action`].
    pub fn key(&self) -> Result<Key, serde_json::Error> {
        let mut text = ActionText::default();
        for (name, several) in &self.inputs {
            text.input(name);
            for input in several {
                let item = match &input.item {
                    Json::Null => String::new(),
                    item => serde_json_canonicalizer::to_string(item)?,
                };
                match &input.source {
                    Source::Stored(parts) => {
                        text.stored(&item, parts.iter().map(|(name, digest)| (name.as_str(), digest)));
                    }
                    Source::Recipe(job) => text.derived(&item, &Digest::derived(&job.key()?)),
                }
            }
        }
        Ok(text.key(&self.kind, self.version, &serde_json_canonicalizer::to_string(&self.params)?))
    }

    /// What it takes in that is simulated when needed.
    pub fn recipes(&self) -> impl Iterator<Item = &Job> {
        self.inputs.values().flatten().filter_map(|input| match &input.source {
            Source::Recipe(job) => Some(&**job),
            Source::Stored(_) => None,
        })
    }

    /// The objects that must be in the store before this job can run.
    pub fn needs(&self) -> Vec<Digest> {
        let inputs = self.inputs.values().flatten();
        inputs
            .flat_map(|input| match &input.source {
                Source::Stored(parts) => parts.values().copied().collect(),
                Source::Recipe(job) => job.needs(),
            })
            .collect()
    }
}

impl JobInput {
    /// Objects of the store, with nothing to tell them from others.
    pub fn stored(parts: BTreeMap<String, Digest>) -> Self {
        Self { item: Json::Null, source: Source::Stored(parts) }
    }

    fn action(&self) -> Result<Json, serde_json::Error> {
        let content = match &self.source {
            Source::Stored(parts) => json!(parts),
            Source::Recipe(job) => json!(Digest::derived(&job.key()?)),
        };
        Ok(match &self.item {
            Json::Null => content,
            item => json!({ "item": item, "content": content }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_that_of_the_action() {
        let stored = |names: &[&str]| {
            let parts = names.iter().map(|name| ((*name).to_owned(), Digest::of(name.as_bytes())));
            JobInput::stored(parts.collect())
        };
        let recipe = Job {
            kind: "activity".to_owned(),
            version: 3,
            params: json!({ "z": 1e-7, "a": [1.0, -0.0, 2.5e20], "\u{e9}\n": null }),
            inputs: BTreeMap::from([("checkpoint".to_owned(), vec![stored(&["weights"])])]),
        };
        let derived = JobInput {
            item: json!({ "trials": 16, "stages": ["early"], "performance": 0.30000000000000004 }),
            source: Source::Recipe(Box::new(recipe.clone())),
        };
        let job = Job {
            kind: "psth".to_owned(),
            version: 1,
            params: json!({}),
            inputs: BTreeMap::from([
                ("of".to_owned(), vec![stored(&["b.parquet", "a.parquet"]), derived, stored(&[])]),
                ("none".to_owned(), Vec::new()),
            ]),
        };
        for job in [job, recipe] {
            let action = job.action().expect("it is JSON");
            assert_eq!(job.key().expect("a key"), Key::of(&action).expect("a key"));
        }
    }
}
