//! The sections of an experiment file.

use std::path::Path;

use super::axes::{self, Axis};
use super::combinations;
use super::inherit;
use super::interpolate;
use super::overrides;
use super::problem::{Problem, Problems};
use super::source::{Sources, Span};
use super::suggest::hint;
use super::sweep::Sweep;
use super::value::{Entry, Node, Value};

const SECTIONS: [&str; 5] = ["experiment", "axes", "sweep", "tasks", "stages"];
const HEAD: [&str; 2] = ["name", "description"];

/// An experiment as written, before any stage kind has looked at its parameters.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name; outputs go to a folder of this name.
    pub name: String,
    /// What it is about, for the report.
    pub description: Option<String>,
    /// The axes of the sweep.
    pub axes: Vec<Axis>,
    /// Which combinations of their values there are.
    pub sweep: Sweep,
    /// Named tasks.
    pub tasks: Vec<TaskEntry>,
    /// Stages, in the order of the file.
    pub stages: Vec<Stage>,
    /// The texts it was read from.
    pub sources: Sources,
    /// What is wrong with its form; planning adds what is wrong with its stages.
    pub problems: Vec<Problem>,
}

/// An entry of `[tasks]`.
#[derive(Clone, Debug)]
pub struct TaskEntry {
    /// The name that stages refer to.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The definition, a table.
    pub body: Node,
}

/// An entry of `[stages]`.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its kind; the name where the file says none.
    pub kind: String,
    /// Where the kind stands.
    pub kind_span: Span,
    /// Axes that are gathered here.
    pub over: Vec<(String, Span)>,
    /// Parameters and inputs.
    pub body: Node,
}

impl Experiment {
    /// Reads an experiment from its text, and from the files that it extends. `name` is the path of the
    /// file, which messages name and which others are found from; `settings` are `path=value` texts that
    /// replace values.
    ///
    /// What is wrong with the form of a text that is TOML is kept in [`Experiment::problems`], so that
    /// it can be said together with what is wrong with the stages.
    ///
    /// # Errors
    /// If the text is no TOML, a file that it extends cannot be read, or a setting sets nothing.
    pub fn parse(name: &str, text: &str, settings: &[String]) -> Result<Self, Problems> {
        let mut sources = Sources::default();
        let mut problems = Vec::new();
        let mut root = inherit::read(name, text, &mut sources, &mut problems);
        for setting in settings {
            if let Err(problem) = overrides::apply(&mut root, setting, &mut sources) {
                problems.push(problem);
            }
        }
        if !problems.is_empty() {
            return Err(Problems::new(problems, &sources));
        }
        let experiment = Reader { problems: &mut problems }.experiment(&root, name, sources);
        Ok(Self { problems, ..experiment })
    }
}

struct Reader<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn experiment(&mut self, root: &Node, file: &str, sources: Sources) -> Experiment {
        for entry in root.entries().unwrap_or_default() {
            let key = entry.key.as_str();
            if HEAD.contains(&key) || inherit::KEYS.contains(&key) {
                self.problems.push(
                    Problem::at(
                        entry.key_span,
                        format!("`{key}` is a key of `[experiment]`"),
                        "written here",
                    )
                    .help("write it below `[experiment]`"),
                );
            } else if !SECTIONS.contains(&key) {
                self.unknown(entry, "section", &SECTIONS);
            }
        }
        let head = self.section(root, "experiment");
        for entry in head {
            if inherit::KEYS.contains(&entry.key.as_str()) {
                // In a file it has been followed, and is no longer there.
                self.problems.push(
                    Problem::at(entry.key_span, format!("`{}` cannot be set", entry.key), "set here")
                        .help("write it in the file"),
                );
            } else if !HEAD.contains(&entry.key.as_str()) {
                self.unknown(entry, "key", &[HEAD, inherit::KEYS].concat());
            }
        }
        let file = Path::new(file);
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("experiment");
        let name = match head.iter().find(|entry| entry.key == "name") {
            Some(entry) => self.text(&entry.node).filter(|name| self.is_file_name(name, entry.node.span)),
            None => Some(stem.to_owned()),
        };
        let description =
            head.iter().find(|entry| entry.key == "description").and_then(|entry| self.text(&entry.node));
        let mut axes = Vec::new();
        for entry in self.section(root, "axes") {
            if self.is_name(entry, "axis") {
                // An axis that cannot be read has no values, and what varies over it is not looked at.
                let unread = Axis { name: entry.key.clone(), span: entry.key_span, values: Vec::new() };
                axes.push(axes::read(entry, self.problems).unwrap_or(unread));
            }
        }
        let sweep = combinations::read(self.section(root, "sweep"), &axes, self.problems);
        let tasks = self.tasks(root, &axes);
        let stages = self.stages(root, &axes);
        if stages.is_empty() && self.problems.is_empty() {
            self.problems.push(
                Problem::general("this experiment has no stages").help("add a table such as [stages.train]"),
            );
        }
        let name = name.unwrap_or_default();
        Experiment { name, description, axes, sweep, tasks, stages, sources, problems: Vec::new() }
    }

    fn tasks(&mut self, root: &Node, axes: &[Axis]) -> Vec<TaskEntry> {
        let mut tasks = Vec::new();
        for entry in self.section(root, "tasks") {
            if !self.is_name(entry, "task") {
                continue;
            }
            if entry.node.entries().is_none() {
                self.wrong_type(
                    &entry.node,
                    &format!("task `{}`", entry.key),
                    "a table such as { kind = \"odr\", delay_ms = 3000 }",
                );
                continue;
            }
            interpolate::check(&entry.node, axes, self.problems);
            tasks.push(TaskEntry { name: entry.key.clone(), span: entry.key_span, body: entry.node.clone() });
        }
        tasks
    }

    fn stages(&mut self, root: &Node, axes: &[Axis]) -> Vec<Stage> {
        let mut stages = Vec::new();
        for entry in self.section(root, "stages") {
            if !self.is_name(entry, "stage") {
                continue;
            }
            let Some(entries) = entry.node.entries() else {
                self.wrong_type(
                    &entry.node,
                    &format!("stage `{}`", entry.key),
                    "a table such as [stages.train]",
                );
                continue;
            };
            interpolate::check(&entry.node, axes, self.problems);
            let kind = entries.iter().find(|inner| inner.key == "kind");
            let (kind, kind_span) = match kind {
                Some(inner) => (self.text(&inner.node).unwrap_or_default(), inner.node.span),
                None => (entry.key.clone(), entry.key_span),
            };
            let over = match entries.iter().find(|inner| inner.key == "over") {
                Some(inner) => self.over(&inner.node, axes),
                None => Vec::new(),
            };
            let rest = entries
                .iter()
                .filter(|inner| !["kind", "over"].contains(&inner.key.as_str()))
                .cloned()
                .collect();
            stages.push(Stage {
                name: entry.key.clone(),
                span: entry.key_span,
                kind,
                kind_span,
                over,
                body: Node { span: entry.node.span, value: Value::Table(rest) },
            });
        }
        stages
    }

    fn over(&mut self, node: &Node, axes: &[Axis]) -> Vec<(String, Span)> {
        let Value::Array(items) = &node.value else {
            self.wrong_type(node, "`over`", "a list of axes such as [\"seed\"]");
            return Vec::new();
        };
        let mut over = Vec::new();
        for item in items {
            let Some(name) = self.text(item) else { continue };
            if !axes.iter().any(|axis| axis.name == name) {
                let help = hint(&name, "axes", axes.iter().map(|axis| axis.name.as_str()));
                self.problems.push(
                    Problem::at(item.span, format!("there is no axis `{name}`"), "gathered here").help(help),
                );
            }
            over.push((name, item.span));
        }
        over
    }

    fn section<'n>(&mut self, root: &'n Node, name: &str) -> &'n [Entry] {
        let Some(entry) = root.entry(name) else { return &[] };
        if entry.node.entries().is_none() {
            self.wrong_type(&entry.node, &format!("`{name}`"), "a table");
        }
        entry.node.entries().unwrap_or_default()
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        if node.as_str().is_none() {
            self.wrong_type(node, "this", "text");
        }
        node.as_str().map(str::to_owned)
    }

    /// Names become folders and file names, and stand in addresses such as `train[seed=1]`.
    fn is_name(&mut self, entry: &Entry, what: &str) -> bool {
        let good = !entry.key.is_empty()
            && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !good {
            self.problems.push(
                Problem::at(entry.key_span, format!("`{}` cannot name a {what}", entry.key), "this name")
                    .help("use letters, digits, `_` and `-`"),
            );
        }
        good
    }

    fn is_file_name(&mut self, name: &str, span: Span) -> bool {
        let good = !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if !good {
            self.problems.push(
                Problem::at(
                    span,
                    format!("`{name}` cannot name an experiment"),
                    "it becomes a folder's name",
                )
                .help("use letters, digits, `_`, `-` and `.`"),
            );
        }
        good
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let found = node.value.type_name();
        self.problems.push(Problem::at(
            node.span,
            format!("{what} is {found}"),
            format!("expected {expected}"),
        ));
    }

    fn unknown(&mut self, entry: &Entry, what: &str, known: &[&str]) {
        let help = hint(&entry.key, "known", known.iter().copied());
        self.problems.push(
            Problem::at(entry.key_span, format!("unknown {what} `{}`", entry.key), "not known").help(help),
        );
    }
}
