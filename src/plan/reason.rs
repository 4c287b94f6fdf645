//! Why a stage must run. The reasons are an enumeration, and shown in one place.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

/// Why a stage must run, or may.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing of this name has run before.
    New,
    /// It ran before, but with something else; what differs.
    Changed(Vec<Difference>),
    /// Its result is known, but this part of it is needed and lost.
    Lost(String),
    /// Something upstream has to run first.
    Upstream(String),
}

/// One thing that differs between two actions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Difference {
    /// A parameter, or the version of the kind.
    Field {
        /// Keys joined by dots.
        field: String,
        /// What it was; nothing where it was not there.
        before: Json,
        /// What it is.
        after: Json,
    },
    /// What an input gives.
    Input {
        /// The name of the input.
        input: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "has not run yet"),
            Self::Changed(differences) => {
                let shown: Vec<String> = differences.iter().take(3).map(Difference::to_string).collect();
                let more = differences.len().saturating_sub(3);
                write!(f, "{}", shown.join("; "))?;
                if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
            }
            Self::Lost(what) => write!(f, "its {what} is no longer in the store"),
            Self::Upstream(address) => write!(f, "depends on what {address} gives"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field, before, after } => {
                write!(f, "{field} changed from {} to {}", brief(before, 40), brief(after, 40))
            }
            Self::Input { input } => write!(f, "its input `{input}` changed"),
        }
    }
}

/// What differs between two actions, field by field: parameters first, then the rest, then inputs.
pub fn changes(before: &Json, after: &Json) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare("", &before["params"], &after["params"], &mut differences);
    for field in ["kind", "version"] {
        compare(field, &before[field], &after[field], &mut differences);
    }
    let names: BTreeSet<&String> =
        [before, after].iter().flat_map(|action| keys(&action["inputs"])).collect();
    let changed = names.into_iter().filter(|name| before["inputs"][*name] != after["inputs"][*name]);
    differences.extend(changed.map(|name| Difference::Input { input: name.clone() }));
    differences
}

fn keys(table: &Json) -> impl Iterator<Item = &String> {
    table.as_object().into_iter().flat_map(|table| table.keys())
}

fn compare(path: &str, before: &Json, after: &Json, differences: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    let (Json::Object(old), Json::Object(new)) = (before, after) else {
        let difference =
            Difference::Field { field: path.to_owned(), before: before.clone(), after: after.clone() };
        return differences.push(difference);
    };
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in all {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&inner, &before[key], &after[key], differences);
    }
}

/// A value in a line of text, of at most so many letters.
pub fn brief(value: &Json, most: usize) -> String {
    let text = match value {
        Json::Null => return "nothing".to_owned(),
        other => other.to_string(),
    };
    let shortened = || text.chars().take(most.saturating_sub(3)).chain("...".chars()).collect();
    if text.chars().count() <= most { text } else { shortened() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: &Json, after: &Json) -> Vec<String> {
        changes(before, after).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let before =
            json!({"kind": "train", "version": 1, "params": {"stop": {"max_trials": 10}}, "inputs": {}});
        let after =
            json!({"kind": "train", "version": 2, "params": {"stop": {"max_trials": 20}}, "inputs": {}});
        assert_eq!(
            shown(&before, &after),
            ["stop.max_trials changed from 10 to 20", "version changed from 1 to 2"]
        );
        let before = json!({"inputs": {"model": [{"log": "a"}]}, "params": {"w": 9}});
        let after = json!({"inputs": {"model": [{"log": "b"}]}, "params": {"w": 9}});
        assert_eq!(shown(&before, &after), ["its input `model` changed"]);
    }

    #[test]
    fn a_parameter_that_was_not_there_changed_from_nothing() {
        let before = json!({"params": {}});
        let after = json!({"params": {"params": {"inputs": 1}}});
        assert_eq!(shown(&before, &after), ["params changed from nothing to {\"inputs\":1}"]);
    }
}
