//! `--set stages.train.stop.max_trials=200000`: a value of the experiment from the command line.

use super::document;
use super::problem::Problem;
use super::source::{Sources, Span};
use super::value::{Entry, Node, Value};

/// Applies one `path=value` to the document. The value is TOML; what is no TOML is taken as text.
pub fn apply(root: &mut Node, setting: &str, sources: &mut Sources) -> Result<(), Problem> {
    let shown = sources.add("--set", setting);
    let Some((path, value)) = setting.split_once('=') else {
        return Err(Problem::at(
            Span::new(shown, 0..setting.len()),
            "this sets nothing",
            "expected path=value",
        )
        .help("for example --set stages.train.stop.max_trials=200000"));
    };
    let whole = Span::new(shown, 0..setting.len());
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if keys.iter().any(|key| key.is_empty()) {
        return Err(Problem::at(whole, "this path has an empty key", "expected names joined by dots"));
    }
    if keys.len() < 2 {
        return Err(Problem::at(whole, "this path is too short", "expected section.name=value")
            .help("sections are experiment, axes, sweep, tasks and stages"));
    }
    let mut node = parse_value(value.trim(), sources);
    set_span(&mut node, Span::new(shown, path.len() + 1..setting.len()));
    insert(root, &keys, node, Span::new(shown, 0..path.len()))
}

fn parse_value(text: &str, sources: &Sources) -> Node {
    let mut scratch = sources.clone();
    let index = scratch.add("--set", format!("value = {text}"));
    let (root, problems) = document::parse(&scratch, index);
    match root.entry("value") {
        Some(entry) if problems.is_empty() && root.entries().is_some_and(|all| all.len() == 1) => {
            entry.node.clone()
        }
        _ => Node { span: Span::default(), value: Value::String(text.to_owned()) },
    }
}

fn set_span(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| set_span(item, span)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span = span;
            set_span(&mut entry.node, span);
        }),
        _ => {}
    }
}

fn insert(node: &mut Node, keys: &[&str], value: Node, path: Span) -> Result<(), Problem> {
    let found = node.value.type_name();
    let Value::Table(entries) = &mut node.value else {
        return Err(Problem::at(
            path,
            format!("`{}` has no place here", keys[0]),
            "the path leads through it",
        )
        .also(node.span, format!("this is {found}")));
    };
    let position = match entries.iter().position(|entry| entry.key == keys[0]) {
        Some(position) => position,
        None => {
            let empty = Node { span: path, value: Value::Table(Vec::new()) };
            entries.push(Entry { key: keys[0].to_owned(), key_span: path, node: empty });
            entries.len() - 1
        }
    };
    let entry = &mut entries[position];
    if keys.len() == 1 {
        entry.node = value;
        return Ok(());
    }
    insert(&mut entry.node, &keys[1..], value, path)
}
