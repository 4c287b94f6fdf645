//! How a stage is run: what any stage may say beside its parameters. None of it is part of a key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::experiment::{Entry, Node, Problem, Value, schema};

use super::amounts::{bytes, seconds};

/// How a stage is run. Any stage may say these beside its parameters; they change no result, and an edit
/// of them runs nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Execution {
    /// How often it is tried again after it has failed.
    #[schemars(range(max = 100))]
    pub retries: u32,
    /// How long it may take: seconds, or a text such as `"10 min"` or `"2 h"` [default: no limit]. A stage
    /// that takes longer has failed.
    pub time_limit: Option<Amount>,
    /// Run it as a process of its own, which can be ended at its time limit and harms no other when memory
    /// runs out.
    pub isolate: bool,
    /// How many of the `-j` places it takes [default: what its kind estimates].
    #[schemars(range(min = 1))]
    pub cores: Option<usize>,
    /// How much memory it takes: bytes, or a text such as `"2 GB"` [default: what its kind estimates].
    pub memory: Option<Amount>,
}

/// A number, or a text of a number with its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// In the smallest unit.
    Number(f64),
    /// With its unit.
    Text(String),
}

impl Execution {
    /// How long it may take, in seconds.
    pub fn limit_seconds(&self) -> Option<f64> {
        self.time_limit.as_ref().and_then(|limit| limit.read(seconds))
    }

    /// How much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory.as_ref().and_then(|memory| memory.read(bytes)).map(|bytes| bytes as u64)
    }

    /// The JSON Schema of what a stage may say.
    pub fn schema() -> Json {
        schemars::schema_for!(Self).to_value()
    }

    /// Takes what is said of it out of a stage's entries. What is wrong is added to `problems`.
    pub fn take(entries: &mut Vec<Entry>, stage: &str, problems: &mut Vec<Problem>) -> Self {
        let schema = Self::schema();
        let known = |entry: &Entry| schema["properties"].get(&entry.key).is_some();
        let said: Vec<Entry> = entries.extract_if(.., |entry| known(entry)).collect();
        let body = Node {
            span: said.first().map_or(Default::default(), |entry| entry.key_span),
            value: Value::Table(said),
        };
        let before = problems.len();
        problems.extend(schema::check(&schema, &body, &format!("stage `{stage}`")));
        for (key, unit, help) in AMOUNTS {
            let Some(entry) = body.entry(key) else { continue };
            let amount = match &entry.node.value {
                Value::Integer(number) => Some(*number as f64),
                Value::Float(number) => Some(*number),
                Value::String(text) => unit(text),
                // What is neither has been said.
                _ => continue,
            };
            if amount.is_none_or(|amount| amount <= 0.0) {
                problems.push(
                    Problem::at(entry.node.span, format!("`{key}` cannot be read"), "this amount").help(help),
                );
            }
        }
        if problems.len() > before {
            return Self::default();
        }
        serde_json::from_value(body.to_json()).unwrap_or_default()
    }
}

/// How a text with a unit is read.
type Unit = fn(&str) -> Option<f64>;

const AMOUNTS: [(&str, Unit, &str); 2] = [
    ("time_limit", seconds, "seconds, or a text such as \"90 s\", \"10 min\" or \"2 h\""),
    ("memory", bytes, "bytes, or a text such as \"500 MB\" or \"2 GB\""),
];

impl Amount {
    fn read(&self, unit: Unit) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => unit(text),
        }
    }
}
