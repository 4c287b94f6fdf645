//! `extends`: an experiment that starts from another.
//!
//! Tables are merged key by key, and what is written later wins. A table that says another `kind` than the
//! inherited one replaces it, as its parameters mean something else. `remove` leaves out what is inherited.
//! The name of an experiment is not inherited, so that each has outputs of its own.

use std::path::{Path, PathBuf};

use super::document;
use super::problem::Problem;
use super::source::Sources;
use super::suggest::hint;
use super::value::{Entry, Node, Value};

/// The keys of `[experiment]` that are about inheritance.
pub const KEYS: [&str; 2] = ["extends", "remove"];

/// Reads the experiment `text` of the file `name` and those that it extends. Every value keeps the
/// place where it is written.
pub fn read(name: &str, text: &str, sources: &mut Sources, problems: &mut Vec<Problem>) -> Node {
    let path = Path::new(name);
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Loader { sources, problems, open: vec![whole] }.document(name, text)
}

struct Loader<'a> {
    sources: &'a mut Sources,
    problems: &'a mut Vec<Problem>,
    /// The files that are being read, outermost first.
    open: Vec<PathBuf>,
}

impl Loader<'_> {
    fn document(&mut self, name: &str, text: &str) -> Node {
        let index = self.sources.add(name, text);
        let (mut own, problems) = document::parse(self.sources, index);
        self.problems.extend(problems);
        let [extends, remove] = KEYS.map(|key| take_of_head(&mut own, key));
        let folder = Path::new(name).parent().unwrap_or(Path::new("")).to_owned();
        let mut inherited: Option<Node> = None;
        for base in self.texts(extends.as_ref(), "file names") {
            let Some(base) = self.base(&folder, base) else { continue };
            inherited = Some(match inherited {
                Some(before) => merge("", before, base),
                None => base,
            });
        }
        for path in self.texts(remove.as_ref(), "paths such as \"stages.psth\"") {
            self.remove(inherited.as_mut(), path);
        }
        match inherited {
            Some(inherited) => merge("", inherited, own),
            None => own,
        }
    }

    /// A text, or a list of texts.
    fn texts<'n>(&mut self, entry: Option<&'n Entry>, expected: &str) -> Vec<&'n Node> {
        let Some(entry) = entry else { return Vec::new() };
        let items = match &entry.node.value {
            Value::Array(items) => items.iter().collect(),
            _ => vec![&entry.node],
        };
        let wrong = items.iter().find(|item| item.as_str().is_none());
        if let Some(wrong) = wrong {
            self.problems.push(Problem::at(
                wrong.span,
                format!("`{}` is {}", entry.key, wrong.value.type_name()),
                format!("expected {expected}"),
            ));
            return Vec::new();
        }
        items
    }

    fn base(&mut self, folder: &Path, named: &Node) -> Option<Node> {
        let written = named.as_str()?;
        let path = folder.join(written);
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.open.contains(&whole) {
            self.problems.push(
                Problem::at(named.span, format!("`{written}` extends this file in turn"), "a circle")
                    .help("one of the files must stand on its own"),
            );
            return None;
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(
                    Problem::at(
                        named.span,
                        format!("cannot read {}: {error}", path.display()),
                        "extended here",
                    )
                    .help("the path is relative to the file that it stands in"),
                );
                return None;
            }
        };
        self.open.push(whole);
        let mut base = self.document(&path.display().to_string(), &text);
        self.open.pop();
        take_of_head(&mut base, "name");
        Some(base)
    }

    fn remove(&mut self, inherited: Option<&mut Node>, named: &Node) {
        let Some(path) = named.as_str() else { return };
        let Some(inherited) = inherited else {
            self.problems.push(
                Problem::at(named.span, format!("`{path}` is not inherited"), "removed here")
                    .help("`remove` is about what comes with `extends`"),
            );
            return;
        };
        let keys: Vec<&str> = path.split('.').map(str::trim).collect();
        let mut at = inherited;
        for (depth, key) in keys.iter().enumerate() {
            let last = depth + 1 == keys.len();
            let position = at.entries().and_then(|entries| entries.iter().position(|one| one.key == *key));
            match (&mut at.value, position) {
                (Value::Table(entries), Some(position)) if last => {
                    entries.remove(position);
                    return;
                }
                (Value::Table(entries), Some(position)) => at = &mut entries[position].node,
                (value, _) => {
                    let known = match value {
                        Value::Table(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
                        _ => Vec::new(),
                    };
                    let help = hint(key, "inherited here", known);
                    self.problems.push(
                        Problem::at(named.span, format!("`{path}` is not inherited"), "removed here")
                            .help(help),
                    );
                    return;
                }
            }
        }
    }
}

/// Takes a key out of `[experiment]`.
fn take_of_head(root: &mut Node, key: &str) -> Option<Entry> {
    let Value::Table(sections) = &mut root.value else { return None };
    let head = sections.iter_mut().find(|section| section.key == "experiment")?;
    let Value::Table(entries) = &mut head.node.value else { return None };
    let position = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(position))
}

/// `own` on top of `base`; `name` is the key that both stand under.
fn merge(name: &str, base: Node, own: Node) -> Node {
    if own.entry("kind").is_some_and(|kind| kind.node.value != kind_of(name, &base)) {
        return own;
    }
    match (base.value, own.value) {
        (Value::Table(mut entries), Value::Table(later)) => {
            for entry in later {
                match entries.iter_mut().find(|inherited| inherited.key == entry.key) {
                    Some(inherited) => {
                        let node = std::mem::replace(&mut inherited.node, empty());
                        let node = merge(&entry.key, node, entry.node);
                        *inherited = Entry { node, ..entry };
                    }
                    None => entries.push(entry),
                }
            }
            Node { span: own.span, value: Value::Table(entries) }
        }
        (_, value) => Node { span: own.span, value },
    }
}

/// The kind that a table says, or that follows from its name.
fn kind_of(name: &str, table: &Node) -> Value {
    table.entry("kind").map_or_else(|| Value::String(name.to_owned()), |entry| entry.node.value.clone())
}

fn empty() -> Node {
    Node { span: super::source::Span::default(), value: Value::Boolean(false) }
}
