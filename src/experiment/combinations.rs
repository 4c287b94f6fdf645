//! The section `[sweep]`: axes that move together, and combinations that are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::axes::Axis;
use super::problem::Problem;
use super::suggest::hint;
use super::sweep::{Placed, Rule, Sweep, SweepError};
use super::value::{Entry, Node, Value};

/// The keys of `[sweep]`.
pub const KEYS: [&str; 2] = ["zip", "exclude"];

const ZIP: &str = "zip = [[\"seed\", \"delay_ms\"]] makes these axes move together";
const EXCLUDE: &str = "exclude = [{ seed = 3, delay_ms = [1500, 3000] }] leaves these combinations out";

/// Reads `[sweep]`. What is wrong is added to `problems`, and left out.
pub fn read(entries: &[Entry], axes: &[Axis], problems: &mut Vec<Problem>) -> Sweep {
    let mut reader = Reader { axes, problems, rules: Vec::new() };
    for entry in entries {
        match entry.key.as_str() {
            "zip" => reader.each(entry, "a list of lists of axes", ZIP, Reader::zip),
            "exclude" => reader.each(entry, "a list of tables", EXCLUDE, Reader::exclude),
            _ => {
                let help = hint(&entry.key, "known", KEYS);
                reader.problems.push(
                    Problem::at(entry.key_span, format!("unknown key `{}`", entry.key), "not known")
                        .help(help),
                );
            }
        }
    }
    let mut rules = reader.rules;
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
    loop {
        let (index, problem) = match Sweep::new(&sizes, rules.clone()) {
            Ok(sweep) => return sweep,
            Err(SweepError::Idle(index)) => (index, "this excludes nothing: there is no such combination"),
            Err(SweepError::Empty(index)) => (index, "this excludes all that is left"),
            Err(SweepError::TooMany(index)) => (index, "these axes have far too many combinations"),
        };
        problems.push(Problem::at(rules.remove(index).span, problem, "excluded here"));
    }
}

struct Reader<'a> {
    axes: &'a [Axis],
    problems: &'a mut Vec<Problem>,
    rules: Vec<Placed>,
}

impl Reader<'_> {
    fn each(
        &mut self,
        entry: &Entry,
        expected: &str,
        help: &str,
        read: fn(&mut Self, &Node) -> Option<Rule>,
    ) {
        let Value::Array(items) = &entry.node.value else {
            self.wrong_type(&entry.node, &format!("`{}`", entry.key), expected, help);
            return;
        };
        for item in items {
            if let Some(rule) = read(self, item) {
                self.rules.push(Placed { rule, span: item.span });
            }
        }
    }

    fn zip(&mut self, node: &Node) -> Option<Rule> {
        let Value::Array(names) = &node.value else {
            self.wrong_type(node, "this zip", "a list of axes", ZIP);
            return None;
        };
        let mut zipped: Vec<usize> = Vec::new();
        for name in names {
            let Some(text) = name.as_str() else {
                self.wrong_type(name, "this", "the name of an axis", ZIP);
                return None;
            };
            let axis = self.axis(text, name.span)?;
            let twice = self
                .rules
                .iter()
                .any(|placed| matches!(&placed.rule, Rule::Zip(_)) && placed.rule.axes().contains(&axis));
            if twice || zipped.contains(&axis) {
                self.problems.push(
                    Problem::at(name.span, format!("the axis `{text}` is zipped twice"), "again here")
                        .help("write all axes that move together in one list"),
                );
                return None;
            }
            zipped.push(axis);
        }
        if zipped.len() < 2 {
            self.problems.push(Problem::at(node.span, "a zip needs at least two axes", "too few").help(ZIP));
            return None;
        }
        let first = &self.axes[zipped[0]];
        let other =
            zipped.iter().map(|axis| &self.axes[*axis]).find(|axis| axis.values.len() != first.values.len());
        if let Some(other) = other {
            let values = |axis: &Axis| format!("number of values: {}", axis.values.len());
            self.problems.push(
                Problem::at(
                    node.span,
                    format!("`{}` and `{}` cannot move together", first.name, other.name),
                    "zipped here",
                )
                .also(first.span, values(first))
                .also(other.span, values(other))
                .help("zipped axes have the same number of values"),
            );
            return None;
        }
        Some(Rule::Zip(zipped))
    }

    fn exclude(&mut self, node: &Node) -> Option<Rule> {
        let entries = match node.entries() {
            Some([]) | None => {
                self.wrong_type(node, "this", "a table of axes and values", EXCLUDE);
                return None;
            }
            Some(entries) => entries,
        };
        let mut excluded = BTreeMap::new();
        for entry in entries {
            let axis = self.axis(&entry.key, entry.key_span)?;
            let written = match &entry.node.value {
                Value::Array(items) => items.iter().collect(),
                _ => vec![&entry.node],
            };
            let mut positions = BTreeSet::new();
            for value in written {
                let values = &self.axes[axis].values;
                let Some(position) = values.iter().position(|known| known.value == value.value) else {
                    let known: Vec<String> =
                        values.iter().take(20).map(|value| value.to_json().to_string()).collect();
                    self.problems.push(
                        Problem::at(
                            value.span,
                            format!("the axis `{}` has no value {}", entry.key, value.to_json()),
                            "excluded here",
                        )
                        .also(self.axes[axis].span, "this axis")
                        .help(format!("values: {}", known.join(", "))),
                    );
                    return None;
                };
                positions.insert(position);
            }
            excluded.insert(axis, positions);
        }
        Some(Rule::Exclude(excluded))
    }

    /// The position of an axis that could be read.
    fn axis(&mut self, name: &str, span: super::source::Span) -> Option<usize> {
        let found = self.axes.iter().position(|axis| axis.name == name);
        if found.is_none() {
            let help = hint(name, "axes", self.axes.iter().map(|axis| axis.name.as_str()));
            self.problems
                .push(Problem::at(span, format!("there is no axis `{name}`"), "named here").help(help));
        }
        found.filter(|axis| !self.axes[*axis].values.is_empty())
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str, help: &str) {
        let found = match &node.value {
            Value::Table(_) => "an empty table",
            other => other.type_name(),
        };
        let problem = Problem::at(node.span, format!("{what} is {found}"), format!("expected {expected}"));
        self.problems.push(problem.help(help));
    }
}
