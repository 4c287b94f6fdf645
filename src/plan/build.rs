//! Instances of all stages along the axes, bound to their parameters.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value as Json;

use crate::experiment::{Experiment, Node, Place, Problem, Value, axes_in, interpolate, schema};
use crate::stages::{Arity, Complaint, Gives, Offer, Scope};
use crate::store::KnownFiles;

use super::instance::{Instance, State};
use super::only::Wanted;
use super::selector::shown;
use super::stages::{StageNode, StageTable};
use super::tasks::TaskTable;

/// More instances than this are taken for a mistake in the axes.
const MOST_INSTANCES: usize = 2_000_000;

/// The graph of instances; edges lead from inputs to what takes them in.
pub type Graph = DiGraph<Instance, ()>;

/// Builds all instances that are wanted.
/// What is wrong with their parameters is added to `problems`.
pub fn build(
    experiment: &Experiment,
    table: &StageTable,
    wanted: &Wanted,
    files: &KnownFiles,
    problems: &mut Vec<Problem>,
) -> Built {
    let mut builder = Builder {
        experiment,
        files,
        table,
        wanted,
        tasks: TaskTable::new(experiment),
        graph: Graph::new(),
        found: HashMap::new(),
        defaults: HashMap::new(),
        problems,
    };
    builder.tasks.check(builder.problems);
    for (position, stage) in table.stages.iter().enumerate() {
        if wanted.has_stage(position) {
            builder.stage(position, stage);
        }
    }
    Built { graph: builder.graph, defaults: builder.defaults }
}

/// What [`build`] gives.
pub struct Built {
    /// The instances.
    pub graph: Graph,
    /// For each stage, the parameters of its first instance with defaults filled in.
    pub defaults: HashMap<usize, Json>,
}

struct Builder<'e> {
    experiment: &'e Experiment,
    files: &'e KnownFiles,
    table: &'e StageTable,
    wanted: &'e Wanted,
    tasks: TaskTable<'e>,
    graph: Graph,
    found: HashMap<(usize, Place), NodeIndex>,
    defaults: HashMap<usize, Json>,
    problems: &'e mut Vec<Problem>,
}

impl Builder<'_> {
    fn stage(&mut self, position: usize, stage: &StageNode) {
        let count = self.experiment.sweep.count(&stage.axes);
        if count.is_none_or(|count| count + self.graph.node_count() > MOST_INSTANCES) {
            self.problems.push(
                Problem::at(
                    stage.span,
                    format!("`{}` would run far too often", stage.name),
                    "over all its axes",
                )
                .help(format!("at most {MOST_INSTANCES} stage instances")),
            );
            return;
        }
        let sound = self.is_sound(stage);
        for place in self.experiment.sweep.places(&stage.axes) {
            if self.wanted.has(position, &place) {
                self.instance(position, stage, place, sound);
            }
        }
    }

    /// Whether the parameters of a stage fit their schema at every place of the sweep. Each text that
    /// refers to axes is looked at with all their values.
    fn is_sound(&self, stage: &StageNode) -> bool {
        let mut together: BTreeSet<Vec<usize>> = BTreeSet::from([Vec::new()]);
        for_each_text(&stage.body, &mut |text| {
            together.insert(self.positions(text));
        });
        together.iter().all(|axes| {
            let sizes = axes.iter().map(|axis| self.experiment.axes[*axis].values.len());
            let first = (0..self.experiment.axes.len()).map(|axis| (axis, 0)).collect::<Place>();
            let count = sizes.clone().try_fold(1usize, |product, size| product.checked_mul(size));
            (0..count.unwrap_or(0)).all(|number| {
                let mut place = first.clone();
                let mut rest = number;
                for (axis, size) in axes.iter().zip(sizes.clone()) {
                    place.insert(*axis, rest % size);
                    rest /= size;
                }
                schema::check(&stage.schema, &self.fill(&stage.body, &place), "").is_empty()
            })
        })
    }

    fn positions(&self, text: &Node) -> Vec<usize> {
        let position = |name: &String| self.experiment.axes.iter().position(|axis| &axis.name == name);
        axes_in(text).iter().filter_map(position).collect()
    }

    /// The value with the axes' values at a place.
    fn fill(&self, body: &Node, place: &Place) -> Node {
        interpolate(body, &|name| {
            let axis = self.experiment.axes.iter().position(|axis| axis.name == name)?;
            self.experiment.axes[axis].values.get(*place.get(&axis)?)
        })
    }

    fn instance(&mut self, position: usize, stage: &StageNode, place: Place, sound: bool) {
        let address = self.address(&stage.name, &place);
        let mut body = None;
        // What is wrong is left out, so that what else is wrong can be said as well.
        let mut incomplete = false;
        if !sound {
            let filled = self.fill(&stage.body, &place);
            let complaints = schema::check(&stage.schema, &filled, &what(stage));
            incomplete = !complaints.is_empty();
            let rest = if incomplete { schema::without(&filled, &complaints) } else { filled.clone() };
            // Where a value comes from an axis, its place shows the axis and not the value.
            let placed = filled != stage.body;
            self.problems.extend(complaints.into_iter().map(|problem| {
                let help = placed.then(|| format!("in {address}")).filter(|_| problem.help.is_none());
                problem.maybe_help(help)
            }));
            body = Some(rest);
        }
        if stage.broken {
            return;
        }
        let inputs: Option<Vec<Vec<NodeIndex>>> = stage
            .inputs
            .iter()
            .map(|(_, stages)| {
                let each = stages.iter().map(|upstream| self.upstream(*upstream, stage, &place));
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
        let body = body.unwrap_or_else(|| self.fill(&stage.body, &place));
        // A task that cannot be read is a problem of its own.
        let unread = |name: &str| {
            self.experiment.tasks.iter().any(|task| task.name == name) && !tasks.contains_key(name)
        };
        if schema::tasks_in(&stage.schema, &body).iter().filter_map(|node| node.as_str()).any(unread) {
            return;
        }
        let over: Vec<&str> =
            stage.over.iter().map(|axis| self.experiment.axes[*axis].name.as_str()).collect();
        let scope = Scope { tasks: &tasks, inputs: &offers, over: &over, files: self.files };
        let json = body.to_json();
        if let Entry::Vacant(vacant) = self.defaults.entry(position)
            && let Ok(defaults) = stage.kind.defaults(json.clone())
        {
            vacant.insert(defaults);
        }
        let bound = match stage.kind.bind(json, &scope) {
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
            resolved: bound.resolved.into(),
            offer: Offer { kind: Some(stage.kind.name()), ..bound.offer },
            model,
            simulated: None,
            keep: bound.keep,
            inputs: inputs.clone(),
            files: bound.files,
            taken_in: 0,
            origin: None,
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

    /// The instances of an upstream stage that a stage takes in at a place.
    fn upstream(&self, stage: usize, by: &StageNode, place: &Place) -> Option<Vec<NodeIndex>> {
        let places = by.taken(&self.experiment.sweep, place, &self.table.stages[stage].axes);
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

/// What to call a stage in a message about its parameters.
fn what(stage: &StageNode) -> String {
    if stage.is_brought_along() { "`figure`".to_owned() } else { format!("stage `{}`", stage.name) }
}

fn for_each_text(node: &Node, see: &mut impl FnMut(&Node)) {
    match &node.value {
        Value::String(_) => see(node),
        Value::Array(items) => items.iter().for_each(|item| for_each_text(item, see)),
        Value::Table(entries) => entries.iter().for_each(|entry| for_each_text(&entry.node, see)),
        _ => {}
    }
}

fn place_of(complaint: Complaint, stage: &StageNode, body: &Node) -> Problem {
    let path: Vec<&str> = complaint.path.iter().map(String::as_str).collect();
    let node = body.descend(&path);
    // Where the parameter is not written, the stage's name is the place.
    let span = if std::ptr::eq(node, body) { stage.span } else { node.span };
    Problem::at(span, complaint.message, "here").maybe_help(complaint.help)
}
