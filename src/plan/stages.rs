//! The graph of stages: kinds found, references followed, circles refused, axes worked out.

use std::collections::{BTreeSet, HashMap};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value as Json;

use crate::experiment::{
    Experiment, Node, Place, Problem, Span, Sweep, Value, axes_in, hint, nearest, schema,
};
use crate::stages::{Arity, FIGURE, Input, StageKind, kind, kinds};

use super::execution::Execution;

/// A stage with its kind and its references.
pub struct StageNode {
    /// Its name; of a figure, `fig_` and the name of its statistic.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Its kind.
    pub kind: &'static dyn StageKind,
    /// The JSON Schema of the kind's parameters.
    pub schema: Json,
    /// Parameters as written, without inputs.
    pub body: Node,
    /// For each input of the kind, the stages that are named.
    pub inputs: Vec<(Input, Vec<usize>)>,
    /// Axes that it varies over, as positions in the experiment, ascending.
    pub axes: Vec<usize>,
    /// Axes that it gathers.
    pub over: BTreeSet<usize>,
    /// How it is run.
    pub execution: Execution,
    /// Whether its references are wrong, so that only its own parameters can be checked.
    pub broken: bool,
}

impl StageNode {
    /// The places of an upstream stage, which varies over `axes`, that this one takes in at `place`: one, or
    /// along gathered axes several.
    pub fn taken(&self, sweep: &Sweep, place: &Place, axes: &[usize]) -> Vec<Place> {
        let fixed = place.iter().filter(|(axis, _)| !self.over.contains(axis));
        sweep.agreeing(&fixed.map(|(axis, at)| (*axis, *at)).collect(), axes)
    }

    /// Whether it is the figure that a statistic brings along, and no stage of the file.
    pub fn is_brought_along(&self) -> bool {
        self.kind.name() == FIGURE.name()
    }
}

/// All stages in an order in which inputs come first.
pub struct StageTable {
    /// The stages.
    pub stages: Vec<StageNode>,
}

impl StageTable {
    /// Follows the references of an experiment. What is wrong with kinds, references and axes is added
    /// to `problems`; the stages that it is about are marked as broken.
    pub fn new(experiment: &Experiment, problems: &mut Vec<Problem>) -> Self {
        let mut reader = Reader { experiment, problems };
        let stages = reader.stages();
        let mut stages = reader.sort(stages);
        reader.axes(&mut stages);
        reader.rules(&stages);
        Self { stages }
    }
}

struct Reader<'e> {
    experiment: &'e Experiment,
    problems: &'e mut Vec<Problem>,
}

impl Reader<'_> {
    fn stages(&mut self) -> Vec<StageNode> {
        let names: Vec<String> = self.experiment.stages.iter().map(|stage| stage.name.clone()).collect();
        let kinds: Vec<Option<&'static dyn StageKind>> =
            self.experiment.stages.iter().map(|stage| self.find_kind(&stage.kind, stage.kind_span)).collect();
        let mut stages: Vec<StageNode> = Vec::new();
        let mut figures = Vec::new();
        // Stages of an unknown kind are left out, and positions move.
        let known = |position: usize| kinds[..position].iter().flatten().count();
        for (position, stage) in self.experiment.stages.iter().enumerate() {
            let Some(kind) = kinds[position] else { continue };
            let before = self.problems.len();
            let mut entries = stage.body.entries().unwrap_or_default().to_vec();
            let execution = Execution::take(&mut entries, &stage.name, self.problems);
            let mut inputs = Vec::new();
            let mut broken = false;
            for input in kind.inputs() {
                let entry = entries.iter().position(|entry| entry.key == input.name);
                let value = entry.map(|at| entries.remove(at).node);
                let named = self.references(stage, input, value, &names, &kinds);
                broken |= named.is_none();
                inputs.push((*input, named.unwrap_or_default().into_iter().map(known).collect()));
            }
            if kind.drawing().is_some() {
                let entry = entries.iter().position(|entry| entry.key == "figure");
                let figure = entry.map(|at| entries.remove(at).node);
                let drawn = !matches!(figure, Some(Node { value: Value::Boolean(false), .. }));
                if drawn {
                    figures.push((stages.len(), figure.filter(|node| node.value != Value::Boolean(true))));
                }
            }
            let over = stage.over.iter().filter_map(|(name, _)| self.axis_position(name)).collect();
            let gathers = inputs.iter().any(|(input, _)| input.arity == Arity::Gathered);
            if let (false, Some((axis, span))) = (gathers, stage.over.first()) {
                self.problems.push(
                    Problem::at(
                        *span,
                        format!("stage `{}` cannot gather over `{axis}`", stage.name),
                        "`over` is for stages that take in several",
                    )
                    .help("a stage of kind \"summary\" gathers"),
                );
            }
            let schema = kind.schema();
            let mut body = Node { span: stage.body.span, value: Value::Table(entries) };
            let folder = |span| self.experiment.sources.folder(span);
            self.experiment.root_paths(&schema, &mut body, folder);
            stages.push(StageNode {
                name: stage.name.clone(),
                span: stage.span,
                kind,
                schema,
                body,
                inputs,
                axes: Vec::new(),
                over,
                execution,
                broken: broken || self.problems.len() > before,
            });
        }
        for (of, style) in figures {
            let figure = self.figure(&stages[of], of, style);
            stages.push(figure);
        }
        stages
    }

    fn figure(&mut self, of: &StageNode, position: usize, style: Option<Node>) -> StageNode {
        let name = format!("fig_{}", of.name);
        if let Some(stage) = self.experiment.stages.iter().find(|stage| stage.name == name) {
            self.problems.push(
                Problem::at(stage.span, format!("`{name}` is the name of a figure"), "taken")
                    .also(of.span, "by the figure of this stage"),
            );
        }
        let body = style.unwrap_or(Node { span: of.span, value: Value::Table(Vec::new()) });
        StageNode {
            name,
            span: of.span,
            kind: FIGURE,
            schema: FIGURE.schema(),
            body,
            inputs: FIGURE.inputs().iter().map(|input| (*input, vec![position])).collect(),
            axes: Vec::new(),
            over: BTreeSet::new(),
            execution: Execution::default(),
            broken: of.broken,
        }
    }

    fn find_kind(&mut self, name: &str, span: Span) -> Option<&'static dyn StageKind> {
        let found = kind(name);
        if found.is_none() {
            let help = hint(name, "kinds", kinds().iter().map(|kind| kind.name()));
            self.problems.push(
                Problem::at(span, format!("there is no stage kind `{name}`"), "the kind of this stage")
                    .help(format!("{help} (a stage whose name is no kind needs `kind = \"...\"`)")),
            );
        }
        found
    }

    fn axis_position(&self, name: &str) -> Option<usize> {
        self.experiment.axes.iter().position(|axis| axis.name == name)
    }

    /// The stages that one input names, or `None` where they are wrong.
    fn references(
        &mut self,
        stage: &crate::experiment::Stage,
        input: &Input,
        value: Option<Node>,
        names: &[String],
        kinds: &[Option<&'static dyn StageKind>],
    ) -> Option<Vec<usize>> {
        let fitting: Vec<&str> = names
            .iter()
            .zip(kinds)
            .filter(|(name, kind)| {
                **name != stage.name && kind.is_some_and(|kind| kind.gives() == input.takes)
            })
            .map(|(name, _)| name.as_str())
            .collect();
        let choices = match fitting.as_slice() {
            [] => format!("no stage of this experiment gives {}", input.takes.words()),
            some => format!("stages that fit: {}", some.join(", ")),
        };
        let Some(value) = value else {
            if input.arity != Arity::Optional {
                self.problems.push(
                    Problem::at(
                        stage.span,
                        format!("stage `{}` does not say its `{}`", stage.name, input.name),
                        format!("needs {}", input.about),
                    )
                    .help(choices),
                );
                return None;
            }
            return Some(Vec::new());
        };
        let several = input.arity.is_list();
        let items: Vec<&Node> = match &value.value {
            Value::Array(items) if several => items.iter().collect(),
            _ => vec![&value],
        };
        let (mut found, count) = (Vec::new(), items.len());
        for item in items {
            let Some(name) = item.as_str() else {
                let expected = if several { "a list of stage names" } else { "the name of a stage" };
                self.problems.push(
                    Problem::at(
                        item.span,
                        format!("`{}` is {}", input.name, item.value.type_name()),
                        format!("expected {expected}"),
                    )
                    .help(choices.clone()),
                );
                continue;
            };
            let Some(position) = names.iter().position(|other| other == name) else {
                let help = match nearest(name, names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`? {choices}"),
                    None => choices.clone(),
                };
                self.problems.push(
                    Problem::at(item.span, format!("there is no stage `{name}`"), "named here").help(help),
                );
                continue;
            };
            match kinds[position] {
                Some(kind) if kind.gives() != input.takes => self.problems.push(
                    Problem::at(
                        item.span,
                        format!("`{name}` gives {}", kind.gives().words()),
                        format!("`{}` takes {}", input.name, input.takes.words()),
                    )
                    .help(choices.clone()),
                ),
                Some(_) => found.push(position),
                // A stage of an unknown kind is a problem of its own.
                None => {}
            }
        }
        (found.len() == count).then_some(found)
    }

    /// Orders stages so that inputs come first, and refuses circles.
    fn sort(&mut self, mut stages: Vec<StageNode>) -> Vec<StageNode> {
        let mut graph: DiGraph<usize, ()> = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..stages.len()).map(|position| graph.add_node(position)).collect();
        for (position, stage) in stages.iter().enumerate() {
            for upstream in stage.inputs.iter().flat_map(|(_, upstream)| upstream) {
                graph.add_edge(nodes[*upstream], nodes[position], ());
            }
        }
        for circle in tarjan_scc(&graph) {
            if circle.len() > 1 || graph.contains_edge(circle[0], circle[0]) {
                let mut members: Vec<usize> = circle.iter().map(|node| graph[*node]).collect();
                members.sort_unstable();
                let names: Vec<&str> = members.iter().map(|at| stages[*at].name.as_str()).collect();
                let mut problem =
                    Problem::general(format!("these stages wait for each other: {}", names.join(", ")))
                        .help("one of them must take its input from elsewhere");
                problem.labels =
                    members.iter().map(|at| (stages[*at].span, "part of the circle".to_owned())).collect();
                self.problems.push(problem);
                for member in members {
                    stages[member].broken = true;
                    stages[member].inputs.iter_mut().for_each(|(_, upstream)| upstream.clear());
                    graph.retain_edges(|graph, edge| {
                        graph.edge_endpoints(edge).is_none_or(|(_, to)| to != nodes[member])
                    });
                }
            }
        }
        let order = toposort(&graph, None).unwrap_or_else(|_| nodes.clone());
        let mut depth = vec![0usize; stages.len()];
        for node in order {
            let position = graph[node];
            let upstream = stages[position].inputs.iter().flat_map(|(_, upstream)| upstream);
            depth[position] = upstream.map(|at| depth[*at] + 1).max().unwrap_or(0);
        }
        let mut order: Vec<usize> = (0..stages.len()).collect();
        order.sort_by_key(|position| (depth[*position], *position));
        let place: HashMap<usize, usize> = order.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let mut slots: Vec<Option<StageNode>> = stages.into_iter().map(Some).collect();
        let mut sorted: Vec<StageNode> = order.iter().filter_map(|old| slots[*old].take()).collect();
        for upstream in
            sorted.iter_mut().flat_map(|stage| &mut stage.inputs).flat_map(|(_, upstream)| upstream)
        {
            *upstream = place[upstream];
        }
        sorted
    }

    /// Which axes each stage varies over: its own, those of its tasks, and those of its inputs, but
    /// for the ones that it gathers.
    fn axes(&mut self, stages: &mut [StageNode]) {
        let mut used = BTreeSet::new();
        for position in 0..stages.len() {
            let stage = &stages[position];
            let mut axes: BTreeSet<usize> = self.positions(&stage.body);
            for named in schema::tasks_in(&stage.schema, &stage.body) {
                let Some(task) =
                    self.experiment.tasks.iter().find(|task| Some(task.name.as_str()) == named.as_str())
                else {
                    continue;
                };
                axes.extend(self.positions(&task.body));
            }
            let upstream: BTreeSet<usize> = stage
                .inputs
                .iter()
                .flat_map(|(_, upstream)| upstream)
                .flat_map(|at| stages[*at].axes.iter().copied())
                .collect();
            used.extend(axes.iter().copied());
            let idle = stage.over.iter().find(|axis| !upstream.contains(axis));
            if let Some(idle) = idle.filter(|_| !stage.broken) {
                let name = &self.experiment.axes[*idle].name;
                let span = self.experiment.stages.iter().find(|written| written.name == stage.name).and_then(
                    |written| written.over.iter().find(|(axis, _)| axis == name).map(|(_, span)| *span),
                );
                self.problems.push(Problem::at(
                    span.unwrap_or(stage.span),
                    format!("nothing that `{}` takes in varies over `{name}`", stage.name),
                    "gathered here",
                ));
            }
            axes.extend(upstream.difference(&stage.over));
            stages[position].axes = axes.into_iter().collect();
        }
        for (position, axis) in self.experiment.axes.iter().enumerate() {
            if !used.contains(&position) {
                self.problems.push(
                    Problem::at(axis.span, format!("nothing uses the axis `{}`", axis.name), "defined here")
                        .help(format!("use it as \"{{{}}}\" in a stage or a task, or remove it", axis.name)),
                );
            }
        }
    }

    /// A rule of the sweep that is about axes over which no stage varies together has no effect.
    fn rules(&mut self, stages: &[StageNode]) {
        for placed in self.experiment.sweep.rules() {
            let axes = placed.rule.axes();
            if stages.iter().any(|stage| axes.iter().all(|axis| stage.axes.contains(axis))) {
                continue;
            }
            let names: Vec<&str> =
                axes.iter().map(|axis| self.experiment.axes[*axis].name.as_str()).collect();
            self.problems.push(
                Problem::at(
                    placed.span,
                    format!("no stage varies over {} together", names.join(" and ")),
                    "this has no effect",
                )
                .help("remove it, or use these axes in one stage"),
            );
        }
    }

    fn positions(&self, node: &Node) -> BTreeSet<usize> {
        axes_in(node).iter().filter_map(|name| self.axis_position(name)).collect()
    }
}
