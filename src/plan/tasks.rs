//! The experiment's own tasks, at one place of the sweep.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::experiment::{Experiment, Node, Place, Problem, axes_in, interpolate, nearest, schema};
use crate::tasks::Task;

/// Resolves `[tasks]`, remembering what has been resolved.
pub struct TaskTable<'e> {
    experiment: &'e Experiment,
    /// The schema of every kind of task.
    schemas: BTreeMap<&'static str, Json>,
    axes: Vec<Vec<usize>>,
    known: HashMap<(usize, Vec<usize>), Option<Task>>,
}

impl<'e> TaskTable<'e> {
    pub fn new(experiment: &'e Experiment) -> Self {
        let position = |name: &String| experiment.axes.iter().position(|axis| &axis.name == name);
        let axes = experiment
            .tasks
            .iter()
            .map(|task| axes_in(&task.body).iter().filter_map(position).collect())
            .collect();
        let schemas = Task::KINDS.iter().map(|kind| (*kind, task_schema(kind))).collect();
        Self { experiment, schemas, axes, known: HashMap::new() }
    }

    /// The tasks whose axes are all among `place`, by name.
    pub fn at(&mut self, place: &Place, problems: &mut Vec<Problem>) -> BTreeMap<String, Task> {
        let mut tasks = BTreeMap::new();
        for (position, entry) in self.experiment.tasks.iter().enumerate() {
            let values: Option<Vec<usize>> =
                self.axes[position].iter().map(|axis| place.get(axis).copied()).collect();
            let Some(values) = values else { continue };
            let key = (position, values);
            let task = match self.known.get(&key) {
                Some(task) => *task,
                None => {
                    let body = interpolate(&entry.body, &|name| {
                        let axis = self.experiment.axes.iter().position(|axis| axis.name == name)?;
                        self.experiment.axes[axis].values.get(*place.get(&axis)?)
                    });
                    let task = self.read(&entry.name, &body, problems);
                    self.known.insert(key, task);
                    task
                }
            };
            tasks.extend(task.map(|task| (entry.name.clone(), task)));
        }
        tasks
    }

    /// Checks every task at the first combination of the axes, whether a stage uses it or not.
    pub fn check(&mut self, problems: &mut Vec<Problem>) {
        self.at(&self.experiment.sweep.first(), problems);
    }

    fn read(&self, name: &str, body: &Node, problems: &mut Vec<Problem>) -> Option<Task> {
        let Some(kind) = body.entry("kind") else {
            problems.push(
                Problem::at(body.span, format!("task `{name}` has no `kind`"), "expected here")
                    .help(format!("kinds: {}", Task::KINDS.join(", "))),
            );
            return None;
        };
        let found = kind.node.as_str().filter(|kind| Task::KINDS.contains(kind));
        let Some(found) = found else {
            let written = kind.node.as_str().unwrap_or_default();
            let help = match nearest(written, Task::KINDS) {
                Some(near) => format!("did you mean \"{near}\"? "),
                None => String::new(),
            };
            problems.push(
                Problem::at(kind.node.span, format!("task `{name}` is of no known kind"), "this kind")
                    .help(format!("{help}kinds: {}", Task::KINDS.join(", "))),
            );
            return None;
        };
        let complaints = schema::check(&self.schemas[found], body, &format!("task `{name}`"));
        if !complaints.is_empty() {
            problems.extend(complaints);
            return None;
        }
        match serde_json::from_value(body.to_json()) {
            Ok(task) => Some(task),
            Err(error) => {
                problems.push(Problem::at(
                    body.span,
                    format!("task `{name}` cannot be read"),
                    error.to_string(),
                ));
                None
            }
        }
    }
}

/// The JSON Schema of a task of this kind, its `kind` among the properties.
pub fn task_schema(kind: &str) -> Json {
    let schema = schemars::schema_for!(Task).to_value();
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let mut variant = variants
        .into_iter()
        .find(|variant| variant["properties"]["kind"]["const"] == kind)
        .cloned()
        .unwrap_or_default();
    // A variant's own fields stand in a definition that it refers to.
    if let Some(fields) = variant["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        let fields = schema["$defs"][fields].clone();
        if let (Some(to), Some(from)) =
            (variant["properties"].as_object_mut(), fields["properties"].as_object())
        {
            to.extend(from.clone());
        }
        variant["required"] = fields["required"].clone();
    }
    if let Some(variant) = variant.as_object_mut() {
        variant.remove("$ref");
    }
    variant["$defs"] = schema["$defs"].clone();
    variant
}
