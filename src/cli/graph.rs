//! `rnnwm graph`: the stages of an experiment, as a picture or for Graphviz.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};

use crate::figures::{GraphClass, GraphNode, graph as draw};
use crate::plan::Plan;
use crate::run::History;
use crate::store::{Durability, Store, write_atomically};

use super::args::ExperimentArgs;
use super::experiment_file;
use super::failure::Failure;
use super::standing::{Standing, Standings};

/// The width of a line of Graphviz in mm.
const DOT_LINE_MM: f64 = 0.35;

/// Arguments of `rnnwm graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Show every stage instance, and not only stages.
    #[arg(long)]
    instances: bool,
    /// The form [default: that of the file's extension, else `dot`].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of printing.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// The form of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture.
    Svg,
    /// The language of Graphviz.
    Dot,
}

impl GraphArgs {
    fn format(&self) -> Result<Format, Failure> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let Some(output) = &self.output else { return Ok(Format::Dot) };
        match output.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Format::Svg),
            Some("dot" | "gv") => Ok(Format::Dot),
            _ => Err(Failure::Input(format!(
                "which form should {} have? add `--format svg` or `--format dot`, or name it .svg or .dot",
                output.display()
            ))),
        }
    }
}

/// Shows the graph of an experiment.
pub fn graph(args: &GraphArgs) -> Result<(), Failure> {
    let format = args.format()?;
    let store = Store::open(&args.experiment.store.store, Durability::Synced)?;
    let plan = experiment_file::plan(&args.experiment, &store)?;
    let standings = Standings::read(&History::new(store.root()), &plan.experiment.name);
    let graph = if args.instances {
        Graph::of_instances(&plan, &standings)
    } else {
        Graph::of_stages(&plan, &standings)
    };
    if args.json {
        super::print_json(&graph.json());
        return Ok(());
    }
    let text = match format {
        Format::Svg => draw(&plan.experiment.name, &graph.nodes, &graph.edges, &Standing::ALL.map(class)),
        Format::Dot => graph.dot(&plan.experiment.name),
    };
    match &args.output {
        None => super::print(&text),
        Some(path) => write_atomically(path, text.as_bytes())?,
    }
    Ok(())
}

/// How a state looks: told apart by words, lightness and border as well as by colour.
fn class(standing: Standing) -> GraphClass {
    let (fill, line, line_mm, dashed) = match standing {
        Standing::Known => ("#dff0e2", "#3a7f50", 0.35, false),
        Standing::OnDemand => ("#f3f3f3", "#8c8c8c", 0.35, true),
        Standing::MayRun => ("#ffffff", "#2c72c7", 0.35, true),
        Standing::WillRun => ("#b9d3f2", "#2c72c7", 0.35, false),
        Standing::Running => ("#fbd87f", "#9a6700", 0.9, false),
        Standing::Failed => ("#a31420", "#5c0a12", 0.35, false),
    };
    let dark = standing == Standing::Failed;
    GraphClass { words: standing.words(), fill, line, line_mm, dashed, dark }
}

/// What is shown.
#[derive(Default)]
struct Graph {
    nodes: Vec<GraphNode>,
    kinds: Vec<&'static str>,
    counts: Vec<BTreeMap<&'static str, usize>>,
    /// From what is taken in to what takes it in, as positions.
    edges: Vec<(usize, usize)>,
}

impl Graph {
    fn of_stages(plan: &Plan, standings: &Standings) -> Self {
        let mut graph = Self::default();
        let mut members: BTreeMap<usize, Vec<Standing>> = BTreeMap::new();
        for (node, instance) in plan.instances().filter(|(_, instance)| instance.item.is_none()) {
            members.entry(instance.stage).or_default().push(standings.of(plan, node));
        }
        let mut positions = BTreeMap::new();
        for (stage, standings) in members {
            positions.insert(stage, graph.nodes.len());
            let node = &plan.table.stages[stage];
            graph.add(node.name.clone(), node.kind.name(), &standings);
            for upstream in node.inputs.iter().flat_map(|(_, upstream)| upstream) {
                graph.edges.extend(positions.get(upstream).map(|from| (*from, positions[&stage])));
            }
        }
        graph.tidy()
    }

    fn of_instances(plan: &Plan, standings: &Standings) -> Self {
        let mut graph = Self::default();
        let mut positions: BTreeMap<NodeIndex, usize> = BTreeMap::new();
        for (node, instance) in plan.instances().filter(|(_, instance)| instance.item.is_none()) {
            let at = graph.nodes.len();
            positions.insert(node, at);
            graph.add(instance.address.clone(), plan.stage(node).kind.name(), &[standings.of(plan, node)]);
            let upstream = instance.inputs.iter().flatten();
            graph.edges.extend(upstream.filter_map(|from| Some((*positions.get(from)?, at))));
        }
        graph.tidy()
    }

    /// Adds a node that stands for one instance or several.
    fn add(&mut self, name: String, kind: &'static str, standings: &[Standing]) {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for standing in standings {
            *counts.entry(standing.words()).or_default() += 1;
        }
        let has = |standing: &Standing| counts.contains_key(standing.words());
        let worst = Standing::BY_WEIGHT.into_iter().find(has).unwrap_or(Standing::MayRun);
        let state = match (standings.len(), counts.len()) {
            (1, _) => worst.words().to_owned(),
            (all, 1) => format!("{all} {}", worst.words()),
            _ => {
                let parts = Standing::ALL.iter().filter(|standing| has(standing));
                parts
                    .map(|part| format!("{} {}", counts[part.words()], part.words()))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        };
        let is_named_so = name == kind || kind == "figure" || name.starts_with(&format!("{kind}["));
        let note = if is_named_so { state } else { format!("{kind}: {state}") };
        let class = Standing::ALL.iter().position(|standing| *standing == worst).unwrap_or_default();
        self.nodes.push(GraphNode { name, note, class });
        self.kinds.push(kind);
        self.counts.push(counts);
    }

    fn tidy(mut self) -> Self {
        self.edges.sort_unstable();
        self.edges.dedup();
        self
    }

    fn dot(&self, name: &str) -> String {
        let mut dot = format!("digraph {} {{\n  rankdir=LR;\n", quoted(name));
        dot.push_str("  node [shape=box, fontname=\"Helvetica\", fontsize=11];\n");
        for (at, node) in self.nodes.iter().enumerate() {
            let class = class(Standing::ALL[node.class]);
            let style = if class.dashed { "rounded,filled,dashed" } else { "rounded,filled" };
            let letters = if class.dark { ", fontcolor=\"#ffffff\"" } else { "" };
            let width = class.line_mm / DOT_LINE_MM;
            let label = format!("{}\n{}", node.name, node.note);
            dot.push_str(&format!(
                "  n{at} [label={}, style=\"{style}\", fillcolor=\"{}\", color=\"{}\", \
                 penwidth={width:.1}{letters}];\n",
                quoted(&label),
                class.fill,
                class.line
            ));
        }
        for (from, to) in &self.edges {
            dot.push_str(&format!("  n{from} -> n{to};\n"));
        }
        dot.push_str("}\n");
        dot
    }

    fn json(&self) -> Json {
        let nodes = self.nodes.iter().zip(&self.kinds).zip(&self.counts).map(|((node, kind), counts)| {
            let counts: BTreeMap<String, usize> =
                counts.iter().map(|(words, count)| (words.replace(' ', "_"), *count)).collect();
            json!({ "name": node.name, "kind": kind, "state": Standing::ALL[node.class], "counts": counts })
        });
        let edges = self.edges.iter().map(|(from, to)| json!([self.nodes[*from].name, self.nodes[*to].name]));
        json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() })
    }
}

/// A text in the language of Graphviz.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
