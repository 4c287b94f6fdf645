//! A stage instance as a value: everything that is needed to run it, and its key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::store::{Digest, Key};

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
    /// A file outside of the store.
    File {
        /// Where it is. No part of the key.
        path: PathBuf,
        /// The digest of what it held when the job was made.
        digest: Digest,
    },
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

    /// The key of this job.
    ///
    /// # Errors
    /// Those of [`Job::action`].
    pub fn key(&self) -> Result<Key, serde_json::Error> {
        Key::of(&self.action()?)
    }

    /// The objects that must be in the store before this job can run.
    pub fn needs(&self) -> Vec<Digest> {
        let inputs = self.inputs.values().flatten();
        inputs
            .flat_map(|input| match &input.source {
                Source::Stored(parts) => parts.values().copied().collect(),
                Source::Recipe(job) => job.needs(),
                Source::File { .. } => Vec::new(),
            })
            .collect()
    }
}

impl JobInput {
    /// Objects of the store, with nothing to tell them from others.
    pub fn stored(parts: BTreeMap<String, Digest>) -> Self {
        Self { item: Json::Null, source: Source::Stored(parts) }
    }

    /// Whether it has this part.
    pub fn has(&self, part: &str) -> bool {
        matches!(&self.source, Source::Stored(parts) if parts.contains_key(part))
    }

    fn action(&self) -> Result<Json, serde_json::Error> {
        let content = match &self.source {
            Source::Stored(parts) => json!(parts),
            Source::Recipe(job) => json!(Digest::derived(&job.key()?)),
            Source::File { digest, .. } => json!(digest),
        };
        Ok(match &self.item {
            Json::Null => content,
            item => json!({ "item": item, "content": content }),
        })
    }
}
