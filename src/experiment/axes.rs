//! The sweep: named axes with their values.

use super::problem::Problem;
use super::source::Span;
use super::value::{Entry, Node, Value};

/// More values than this on one axis are taken for a mistake.
const MOST_VALUES: i64 = 1_000_000;

/// A sweep axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name, as in `"{name}"`.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its values, in order; numbers, text or truth values.
    pub values: Vec<Node>,
}

/// Reads one entry of `[axes]`: a list of values, or `{ from, to, step }` with both ends included.
pub fn read(entry: &Entry, problems: &mut Vec<Problem>) -> Option<Axis> {
    let values = match &entry.node.value {
        Value::Array(items) => items.clone(),
        Value::Table(_) => range(&entry.node, problems)?,
        other => {
            problems.push(
                Problem::at(
                    entry.node.span,
                    format!("axis `{}` is {}", entry.key, other.type_name()),
                    "expected values",
                )
                .help("write a list such as [1500, 3000] or a range such as { from = 0, to = 9 }"),
            );
            return None;
        }
    };
    if values.is_empty() {
        problems.push(Problem::at(
            entry.node.span,
            format!("axis `{}` has no values", entry.key),
            "add at least one",
        ));
        return None;
    }
    for (index, value) in values.iter().enumerate() {
        if matches!(value.value, Value::Array(_) | Value::Table(_) | Value::Datetime(_)) {
            problems.push(Problem::at(
                value.span,
                format!("axis `{}` holds {}", entry.key, value.value.type_name()),
                "expected a number, text, or true or false",
            ));
            return None;
        }
        if let Some(first) = values[..index].iter().find(|first| first.value == value.value) {
            problems.push(
                Problem::at(value.span, format!("axis `{}` has a value twice", entry.key), "again here")
                    .also(first.span, "first here"),
            );
            return None;
        }
    }
    Some(Axis { name: entry.key.clone(), span: entry.key_span, values })
}

fn range(node: &Node, problems: &mut Vec<Problem>) -> Option<Vec<Node>> {
    let help = "a range is { from = 0, to = 9 } or { from = 500, to = 3000, step = 500 }";
    let mut whole = |key: &str, default: Option<i64>| match node.entry(key).map(|entry| &entry.node) {
        Some(Node { value: Value::Integer(number), .. }) => Some(*number),
        Some(other) => {
            let found = other.value.type_name();
            problems.push(
                Problem::at(other.span, format!("`{key}` is {found}"), "expected a whole number").help(help),
            );
            None
        }
        None if default.is_some() => default,
        None => {
            problems.push(
                Problem::at(node.span, format!("this range has no `{key}`"), "expected here").help(help),
            );
            None
        }
    };
    let (from, to, step) = (whole("from", None)?, whole("to", None)?, whole("step", Some(1))?);
    for entry in node.entries().unwrap_or_default() {
        if !["from", "to", "step"].contains(&entry.key.as_str()) {
            problems.push(
                Problem::at(entry.key_span, format!("unknown key `{}` in a range", entry.key), "not known")
                    .help(help),
            );
        }
    }
    let count = if step > 0 { to.checked_sub(from).map(|width| width / step) } else { None };
    match count {
        Some(count) if (0..MOST_VALUES).contains(&count) && from <= to => Some(
            (0..=count)
                .map(|index| Node { span: node.span, value: Value::Integer(from + index * step) })
                .collect(),
        ),
        _ => {
            problems.push(
                Problem::at(
                    node.span,
                    "this range has no values, or far too many",
                    format!("from {from} to {to} by {step}"),
                )
                .help(help),
            );
            None
        }
    }
}
