//! The experiment with every default filled in, as TOML that could be run.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::{Table, Value as Toml};

use crate::experiment::{Experiment, Node, Rule, Value, axes_in};

use super::execution::Execution;
use super::planner::Plan;
use super::stages::StageNode;

/// What is planned of an experiment, with every default filled in: what is left out with `--only` leaves out the
/// axes and rules that it alone uses. References to axes stay as they are written; paths are absolute, so
/// that the text means the same wherever it stands.
pub fn resolved(plan: &Plan) -> String {
    let experiment = &plan.experiment;
    let planned = || plan.defaults.keys().map(|position| &plan.table.stages[*position]);
    let used: BTreeSet<usize> = planned().flat_map(|stage| stage.axes.iter().copied()).collect();
    let mut root = Table::new();
    root.insert("experiment".into(), Toml::Table(head(experiment)));
    let axes: Table = used
        .iter()
        .map(|at| &experiment.axes[*at])
        .map(|axis| (axis.name.clone(), Toml::Array(axis.values.iter().filter_map(toml_of).collect())))
        .collect();
    if !axes.is_empty() {
        root.insert("axes".into(), Toml::Table(axes));
    }
    let has_effect =
        |rule: &Rule| planned().any(|stage| rule.axes().iter().all(|axis| stage.axes.contains(axis)));
    if let Some(sweep) = sweep(experiment, has_effect) {
        root.insert("sweep".into(), Toml::Table(sweep));
    }
    let can_be_read = |body: &Node| {
        let mut names = axes_in(body).into_iter();
        names.all(|name| used.iter().any(|axis| experiment.axes[*axis].name == name))
    };
    let tasks: Table = experiment
        .tasks
        .iter()
        .filter(|task| can_be_read(&task.body))
        .filter_map(|task| Some((task.name.clone(), toml_of(&task.body)?)))
        .collect();
    if !tasks.is_empty() {
        root.insert("tasks".into(), Toml::Table(tasks));
    }
    root.insert("stages".into(), Toml::Table(stages(plan)));
    toml::to_string(&root).unwrap_or_default()
}

fn head(experiment: &Experiment) -> Table {
    let mut head = Table::from_iter([("name".to_owned(), Toml::String(experiment.name.clone()))]);
    if let Some(description) = &experiment.description {
        head.insert("description".into(), Toml::String(description.clone()));
    }
    head
}

/// The rules of the sweep that have an effect, if there are any.
fn sweep(experiment: &Experiment, has_effect: impl Fn(&Rule) -> bool) -> Option<Table> {
    let name = |axis: &usize| experiment.axes[*axis].name.clone();
    let (mut zips, mut excludes) = (Vec::new(), Vec::new());
    for placed in experiment.sweep.rules().iter().filter(|placed| has_effect(&placed.rule)) {
        match &placed.rule {
            Rule::Zip(axes) => {
                zips.push(Toml::Array(axes.iter().map(|axis| Toml::String(name(axis))).collect()));
            }
            Rule::Exclude(excluded) => {
                let values = |axis: &usize, positions: &BTreeSet<usize>| {
                    positions.iter().filter_map(|at| toml_of(&experiment.axes[*axis].values[*at])).collect()
                };
                let table = excluded.iter().map(|(axis, at)| (name(axis), Toml::Array(values(axis, at))));
                excludes.push(Toml::Table(table.collect()));
            }
        }
    }
    let keys = [("zip", zips), ("exclude", excludes)];
    let table: Table = keys
        .into_iter()
        .filter(|(_, rules)| !rules.is_empty())
        .map(|(key, rules)| (key.to_owned(), Toml::Array(rules)))
        .collect();
    (!table.is_empty()).then_some(table)
}

fn stages(plan: &Plan) -> Table {
    // Where the working folder cannot be told, paths stay as they are.
    let folder = std::env::current_dir().unwrap_or_default();
    let mut stages = Table::new();
    for (position, stage) in plan.table.stages.iter().enumerate() {
        let Some(defaults) = plan.defaults.get(&position) else { continue };
        let mut body = stage.body.clone();
        plan.experiment.root_paths(&stage.schema, &mut body, |_| folder.clone());
        let Some(Toml::Table(params)) = merge(defaults, Some(&body)) else { continue };
        if stage.is_brought_along() {
            let of = stage.inputs.iter().flat_map(|(_, of)| of).next();
            if let Some(Toml::Table(table)) = of.and_then(|of| stages.get_mut(&plan.table.stages[*of].name)) {
                table.insert("figure".into(), Toml::Table(params));
            }
            continue;
        }
        let mut table = Table::from_iter([("kind".to_owned(), Toml::String(stage.kind.name().to_owned()))]);
        for (input, upstream) in &stage.inputs {
            let mut names = upstream.iter().map(|at| Toml::String(plan.table.stages[*at].name.clone()));
            if input.arity.is_list() {
                table.insert(input.name.into(), Toml::Array(names.collect()));
            } else if let Some(name) = names.next() {
                table.insert(input.name.into(), name);
            }
        }
        if !stage.over.is_empty() {
            let over = stage.over.iter().map(|axis| Toml::String(plan.experiment.axes[*axis].name.clone()));
            table.insert("over".into(), Toml::Array(over.collect()));
        }
        table.extend(said(&stage.execution));
        table.extend(params);
        let draws = |other: &StageNode| {
            other.is_brought_along() && other.inputs.iter().any(|(_, of)| of.contains(&position))
        };
        let drawn = plan.defaults.keys().any(|other| draws(&plan.table.stages[*other]));
        if stage.kind.drawing().is_some() && !drawn {
            table.insert("figure".into(), Toml::Boolean(false));
        }
        stages.insert(stage.name.clone(), Toml::Table(table));
    }
    stages
}

/// What a stage says of how it is run.
fn said(execution: &Execution) -> Table {
    let Ok(Toml::Table(mut said)) = Toml::try_from(execution) else { return Table::new() };
    let Ok(Toml::Table(defaults)) = Toml::try_from(Execution::default()) else { return said };
    said.retain(|key, value| defaults.get(key) != Some(value));
    said
}

/// Defaults, with what was written on top of them.
fn merge(defaults: &Json, written: Option<&Node>) -> Option<Toml> {
    match (defaults, written.map(|node| &node.value)) {
        (Json::Object(defaults), Some(Value::Table(_)) | None) => {
            let merged = defaults.iter().filter_map(|(key, value)| {
                let entry = written.and_then(|node| node.entry(key));
                Some((key.clone(), merge(value, entry.map(|entry| &entry.node))?))
            });
            Some(Toml::Table(merged.collect()))
        }
        (_, Some(_)) => written.and_then(toml_of),
        (Json::Null, None) => None,
        (value, None) => Toml::try_from(value).ok(),
    }
}

fn toml_of(node: &Node) -> Option<Toml> {
    Toml::try_from(node.to_json()).ok()
}
