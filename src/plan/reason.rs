//! Why a stage must run. The reasons are an enumeration, and shown in one place.

use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

/// Why a stage must run, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing of this name has run before.
    New,
    /// It ran before, but with something else; what differs.
    Changed(Vec<String>),
    /// Its result is known, but an output of it is needed and lost.
    Lost(String),
    /// Something upstream has to run first.
    Upstream(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "has not run yet"),
            Self::Changed(differences) => {
                let shown = differences.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
                let more = differences.len().saturating_sub(3);
                write!(f, "{shown}")?;
                if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
            }
            Self::Lost(output) => write!(f, "its output `{output}` is no longer in the store"),
            Self::Upstream(address) => write!(f, "depends on what {address} gives"),
        }
    }
}

/// What differs between two actions, field by field.
pub fn changes(before: &Json, after: &Json) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", before, after, &mut differences);
    differences
}

fn compare(path: &str, before: &Json, after: &Json, differences: &mut Vec<String>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                // The shape of an action is no news to the reader: its parameters are.
                let inner = match (path, key.as_str()) {
                    ("", "params") => String::new(),
                    ("", "inputs") => "input".to_owned(),
                    ("", key) => key.to_owned(),
                    (path, key) => format!("{path}.{key}"),
                };
                let inner = inner.trim_start_matches('.').to_owned();
                let null = Json::Null;
                let (old, new) = (old.get(key).unwrap_or(&null), new.get(key).unwrap_or(&null));
                if path.is_empty() && key == "params" {
                    compare("params", old, new, differences);
                } else {
                    compare(&inner, old, new, differences);
                }
            }
        }
        _ if path.starts_with("input") => {
            let name = path.split('.').nth(1).unwrap_or(path);
            let difference = format!("its input `{name}` changed");
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
        _ => {
            let path = path.trim_start_matches("params.");
            differences.push(format!("{path} changed from {} to {}", brief(before), brief(after)));
        }
    }
}

fn brief(value: &Json) -> String {
    let text = match value {
        Json::Null => return "nothing".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= 40 { text } else { text.chars().take(37).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_name_the_field_and_both_values() {
        let before =
            json!({"kind": "train", "version": 1, "params": {"stop": {"max_trials": 10}}, "inputs": {}});
        let after =
            json!({"kind": "train", "version": 2, "params": {"stop": {"max_trials": 20}}, "inputs": {}});
        assert_eq!(
            changes(&before, &after),
            ["stop.max_trials changed from 10 to 20", "version changed from 1 to 2"]
        );
        let before = json!({"inputs": {"model": [{"log": "a"}]}, "params": {"w": 9}});
        let after = json!({"inputs": {"model": [{"log": "b"}]}, "params": {"w": 9}});
        assert_eq!(changes(&before, &after), ["its input `model` changed"]);
    }
}
