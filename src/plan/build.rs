//! Instances of all stages along the axes, bound to their parameters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::graph::{DiGraph, NodeIndex};

use crate::experiment::{Experiment, Node, Problem, Value, interpolate, schema};
use crate::stages::{Arity, Complaint, Gives, Offer, Scope};
use crate::store::KnownFiles;

use super::instance::{Instance, State};
use super::stages::{StageNode, StageTable};
use super::tasks::TaskTable;

/// More instances than this are taken for a mistake in the axes.
const MOST_INSTANCES: usize = 2_000_000;

/// The graph of instances; edges lead from inputs to what takes them in.
pub type Graph = DiGraph<Instance, ()>;

/// The place of an instance: axis and position of its value.
type Place = BTreeMap<usize, usize>;

/// Builds all instances of the stages in `wanted`.
/// What is wrong with their parameters is added to `problems`.
pub fn build(
    experiment: &Experiment,
    table: &StageTable,
    wanted: &BTreeSet<usize>,
    files: &KnownFiles,
    problems: &mut Vec<Problem>,
) -> Graph {
    let mut builder = Builder {
        experiment,
        files,
        table,
        tasks: TaskTable::new(experiment),
        graph: Graph::new(),
        found: HashMap::new(),
        problems,
    };
    builder.tasks.check(builder.problems);
    for (position, stage) in table.stages.iter().enumerate() {
        if wanted.contains(&position) {
            builder.stage(position, stage);
        }
    }
    builder.graph
}

struct Builder<'e> {
    experiment: &'e Experiment,
    files: &'e KnownFiles,
    table: &'e StageTable,
    tasks: TaskTable<'e>,
    graph: Graph,
    found: HashMap<(usize, Place), NodeIndex>,
    problems: &'e mut Vec<Problem>,
}

impl Builder<'_> {
    fn stage(&mut self, position: usize, stage: &StageNode) {
        let sizes: Vec<usize> =
            stage.axes.iter().map(|axis| self.experiment.axes[*axis].values.len()).collect();
        let count = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        let Some(count) = count.filter(|count| count + self.graph.node_count() <= MOST_INSTANCES) else {
            self.problems.push(
                Problem::at(
                    stage.span,
                    format!("`{}` would run far too often", stage.name),
                    "over all its axes",
                )
                .help(format!("at most {MOST_INSTANCES} stage instances")),
            );
            return;
        };
        for number in 0..count {
            // The last axis moves fastest.
            let mut rest = number;
            let mut place = Place::new();
            for (axis, size) in stage.axes.iter().zip(&sizes).rev() {
                place.insert(*axis, rest % size);
                rest /= size;
            }
            self.instance(position, stage, place);
        }
    }

    fn instance(&mut self, position: usize, stage: &StageNode, place: Place) {
        let mut body = interpolate(&stage.body, &|name| {
            let axis = self.experiment.axes.iter().position(|axis| axis.name == name)?;
            self.experiment.axes[axis].values.get(*place.get(&axis)?)
        });
        let what =
            if stage.is_brought_along() { "`figure`".to_owned() } else { format!("stage `{}`", stage.name) };
        let address = self.address(&stage.name, &place);
        let complaints = schema::check(&stage.schema, &body, &what);
        // What is wrong is left out, so that what else is wrong can be said as well.
        let incomplete = !complaints.is_empty();
        if incomplete {
            let rest = schema::without(&body, &complaints);
            // Where a value comes from an axis, its place shows the axis and not the value.
            let placed = body != stage.body;
            self.problems.extend(complaints.into_iter().map(|problem| {
                let help = placed.then(|| format!("in {address}")).filter(|_| problem.help.is_none());
                problem.maybe_help(help)
            }));
            body = rest;
        }
        if stage.broken {
            return;
        }
        let inputs: Option<Vec<Vec<NodeIndex>>> = stage
            .inputs
            .iter()
            .map(|(_, stages)| {
                let each = stages.iter().map(|upstream| self.upstream(*upstream, &place, &stage.over));
                each.collect::<Option<Vec<_>>>().map(|found| found.concat())
            })
            .collect();
        // Without its inputs there is a problem upstream, and that one is said.
        let Some(inputs) = inputs else { return };
        let offers: BTreeMap<&'static str, Vec<Offer>> = stage
            .inputs
            .iter()
            .zip(&inputs)
            .map(|((input, _), nodes)| {
                (input.name, nodes.iter().map(|node| self.graph[*node].offer.clone()).collect())
            })
            .collect();
        let tasks = self.tasks.at(&place, self.problems);
        // A task that cannot be read is a problem of its own.
        let unread = |name: &str| {
            self.experiment.tasks.iter().any(|task| task.name == name) && !tasks.contains_key(name)
        };
        if schema::tasks_in(&stage.schema, &body).iter().filter_map(|node| node.as_str()).any(unread) {
            return;
        }
        let over: Vec<&str> =
            stage.over.iter().map(|axis| self.experiment.axes[*axis].name.as_str()).collect();
        let scope = Scope {
            tasks: &tasks,
            inputs: &offers,
            over: &over,
            folder: &self.experiment.folder,
            files: self.files,
        };
        let bound = match stage.kind.bind(body.to_json(), &scope) {
            Ok(bound) => bound,
            Err(complaints) => {
                let unread = |complaint: &Complaint| incomplete && complaint.path.is_empty();
                let complaints = complaints.into_iter().filter(|complaint| !unread(complaint));
                self.problems.extend(complaints.map(|complaint| place_of(complaint, stage, &body)));
                return;
            }
        };
        let model = inputs.iter().flatten().find_map(|node| self.graph[*node].model);
        let node = self.graph.add_node(Instance {
            stage: position,
            address,
            place: place.clone(),
            item: None,
            params: bound.params,
            resolved: bound.resolved,
            offer: Offer { kind: Some(stage.kind.name()), ..bound.offer },
            model,
            recipe: None,
            keep: bound.keep,
            inputs: inputs.clone(),
            files: bound.files,
            state: State::Waiting,
        });
        if stage.kind.gives() == Gives::Model {
            self.graph[node].model = Some(node);
        }
        let mut upstream: BTreeSet<NodeIndex> = inputs.into_iter().flatten().collect();
        if stage.inputs.iter().any(|(input, _)| input.arity == Arity::EachCheckpoint) {
            upstream.extend(model);
        }
        for from in upstream {
            self.graph.add_edge(from, node, ());
        }
        self.found.insert((position, place), node);
    }

    /// The instances of an upstream stage at a place: one, or along gathered axes several.
    fn upstream(&self, stage: usize, place: &Place, over: &BTreeSet<usize>) -> Option<Vec<NodeIndex>> {
        let mut places = vec![Place::new()];
        for axis in &self.table.stages[stage].axes {
            let positions: Vec<usize> = match place.get(axis) {
                Some(position) if !over.contains(axis) => vec![*position],
                _ => (0..self.experiment.axes[*axis].values.len()).collect(),
            };
            places = places
                .into_iter()
                .flat_map(|partial| {
                    positions.iter().map(move |position| {
                        let mut place = partial.clone();
                        place.insert(*axis, *position);
                        place
                    })
                })
                .collect();
        }
        places.into_iter().map(|place| self.found.get(&(stage, place)).copied()).collect()
    }

    fn address(&self, name: &str, place: &Place) -> String {
        if place.is_empty() {
            return name.to_owned();
        }
        let values: Vec<String> = place
            .iter()
            .map(|(axis, position)| {
                let axis = &self.experiment.axes[*axis];
                format!("{}={}", axis.name, shown(&axis.values[*position]))
            })
            .collect();
        format!("{name}[{}]", values.join(","))
    }
}

/// An axis value as addresses show it.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        other => Node { span: node.span, value: other.clone() }.to_json().to_string(),
    }
}

fn place_of(complaint: Complaint, stage: &StageNode, body: &Node) -> Problem {
    let path: Vec<&str> = complaint.path.iter().map(String::as_str).collect();
    let node = body.descend(&path);
    // Where the parameter is not written, the stage's name is the place.
    let span = if std::ptr::eq(node, body) { stage.span } else { node.span };
    Problem::at(span, complaint.message, "here").maybe_help(complaint.help)
}
