//! `"{axis}"` in parameters.
//!
//! A text that is nothing but `{axis}` becomes the axis's value with its type; inside a longer text
//! the value is written out. `{{` and `}}` are braces.

use std::collections::BTreeSet;

use super::axes::Axis;
use super::problem::Problem;
use super::suggest::nearest;
use super::value::{Entry, Node, Value};

enum Piece<'a> {
    Text(&'a str),
    Axis(&'a str),
}

/// The names of the axes that a value refers to.
pub fn axes_in(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit(node, &mut |text| {
        names.extend(pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Axis(name) => Some(name.to_owned()),
            Piece::Text(_) => None,
        }));
    });
    names
}

/// Says which references name no axis.
pub fn check(node: &Node, axes: &[Axis], problems: &mut Vec<Problem>) {
    match &node.value {
        Value::String(text) => {
            for piece in pieces(text) {
                let Piece::Axis(name) = piece else { continue };
                if axes.iter().any(|axis| axis.name == name) {
                    continue;
                }
                let known = axes.iter().map(|axis| axis.name.as_str());
                let help = match nearest(name, known.clone()) {
                    Some(near) => format!("did you mean `{{{near}}}`?"),
                    None => format!(
                        "add `{name} = [...]` to [axes], or write `{{{{` for a brace; axes: {}",
                        list(known)
                    ),
                };
                problems.push(
                    Problem::at(node.span, format!("there is no axis `{name}`"), "used here").help(help),
                );
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(item, axes, problems)),
        Value::Table(entries) => entries.iter().for_each(|entry| check(&entry.node, axes, problems)),
        _ => {}
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The value with every `{axis}` replaced; `lookup` gives an axis's value. Places stay.
pub fn interpolate<'v>(node: &Node, lookup: &dyn Fn(&str) -> Option<&'v Node>) -> Node {
    let value = match &node.value {
        Value::String(text) => fill(text, lookup),
        Value::Array(items) => Value::Array(items.iter().map(|item| interpolate(item, lookup)).collect()),
        Value::Table(entries) => Value::Table(
            entries
                .iter()
                .map(|entry| Entry { node: interpolate(&entry.node, lookup), ..entry.clone() })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { span: node.span, value }
}

fn fill<'v>(text: &str, lookup: &dyn Fn(&str) -> Option<&'v Node>) -> Value {
    let pieces = pieces(text);
    if let [Piece::Axis(name)] = pieces.as_slice()
        && let Some(node) = lookup(name)
    {
        return node.value.clone();
    }
    let mut filled = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => filled.push_str(part),
            Piece::Axis(name) => match lookup(name).map(|node| &node.value) {
                Some(Value::String(part)) => filled.push_str(part),
                Some(Value::Integer(number)) => filled.push_str(&number.to_string()),
                Some(Value::Float(number)) => filled.push_str(&number.to_string()),
                Some(Value::Boolean(truth)) => filled.push_str(&truth.to_string()),
                _ => filled.push_str(&format!("{{{name}}}")),
            },
        }
    }
    Value::String(filled)
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let doubled = from.starts_with("{{") || from.starts_with("}}");
        match from.find('}') {
            Some(end) if from.starts_with('{') && !doubled => {
                pieces.push(Piece::Axis(from[1..end].trim()));
                rest = &from[end + 1..];
            }
            _ => {
                pieces.push(Piece::Text(&from[..1]));
                rest = &from[if doubled { 2 } else { 1 }..];
            }
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn visit(node: &Node, see: &mut impl FnMut(&str)) {
    match &node.value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Table(entries) => entries.iter().for_each(|entry| visit(&entry.node, see)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Span;

    fn node(value: Value) -> Node {
        Node { span: Span::default(), value }
    }

    fn filled(text: &str) -> Value {
        let seed = node(Value::Integer(7));
        interpolate(&node(Value::String(text.into())), &|name| (name == "seed").then_some(&seed)).value
    }

    #[test]
    fn a_whole_reference_keeps_the_type_and_an_embedded_one_is_written_out() {
        assert_eq!(filled("{seed}"), Value::Integer(7));
        assert_eq!(filled("seed {seed}!"), Value::String("seed 7!".into()));
        assert_eq!(filled("{{seed}}"), Value::String("{seed}".into()));
        assert_eq!(filled("a } b"), Value::String("a } b".into()));
    }
}
