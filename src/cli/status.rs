//! `rnnwm status`.

use std::collections::BTreeMap;

use clap::Args;
use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};

use crate::plan::Plan;
use crate::run::{History, Running};
use crate::stages::{Gives, checkpoints};
use crate::store::{Durability, Store, now_ms};

use super::args::ExperimentArgs;
use super::experiment_file;
use super::failure::Failure;
use super::standing::{Standing, Standings, counted_instances};
use super::text::{Columns, Side, duration, first_line, size};

/// Arguments of `rnnwm status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Shows how far an experiment is.
pub fn status(args: &StatusArgs) -> Result<(), Failure> {
    let store = Store::open(&args.experiment.store.store, Durability::Synced)?;
    let plan = experiment_file::plan(&args.experiment, &store)?;
    let standings = Standings::read(&History::new(store.root()), &plan.experiment.name);
    let stages = stages(&plan, &standings, &store);
    if args.json {
        super::print_json(&as_json(&plan, &standings, &stages));
    } else {
        super::print(&as_text(&plan, &standings, &stages));
    }
    Ok(())
}

/// A stage with all its instances.
struct Stage {
    name: String,
    nodes: Vec<NodeIndex>,
    counts: BTreeMap<&'static str, usize>,
    /// What its results take up in the store, in bytes.
    bytes: u64,
    /// How long its results took, in milliseconds.
    took_ms: u64,
}

impl Stage {
    fn count(&self, standing: Standing) -> usize {
        self.counts.get(standing.words()).copied().unwrap_or(0)
    }
}

fn stages(plan: &Plan, standings: &Standings, store: &Store) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut positions: BTreeMap<usize, usize> = BTreeMap::new();
    for node in counted_instances(plan) {
        let at = *positions.entry(plan.graph[node].stage).or_insert_with(|| {
            let name = plan.stage(node).name.clone();
            stages.push(Stage { name, nodes: Vec::new(), counts: BTreeMap::new(), bytes: 0, took_ms: 0 });
            stages.len() - 1
        });
        let stage = &mut stages[at];
        stage.nodes.push(node);
        *stage.counts.entry(standings.of(plan, node).words()).or_default() += 1;
        stage.took_ms += plan.graph[node].settled().map_or(0, |settled| settled.duration_ms);
        stage.bytes += bytes(plan, node, store);
    }
    stages
}

/// What the result of an instance takes up in the store; of a model, with all its checkpoints.
fn bytes(plan: &Plan, node: NodeIndex, store: &Store) -> u64 {
    let Some(settled) = plan.graph[node].settled() else { return 0 };
    let record = store.lookup(&settled.key);
    let own: u64 = record.iter().flat_map(|record| record.outputs.values()).map(|output| output.size).sum();
    let weights = match plan.stage(node).kind.gives() {
        Gives::Model => checkpoints(&settled.facts(store), &settled.outputs, store),
        _ => Vec::new(),
    };
    own + weights.iter().map(|checkpoint| checkpoint.weights.size).sum::<u64>()
}

fn as_text(plan: &Plan, standings: &Standings, stages: &[Stage]) -> String {
    let total = |standing| stages.iter().map(|stage| stage.count(standing)).sum::<usize>();
    let mut text = format!("{}: {}\n", plan.experiment.name, summary(total));
    for run in &standings.live {
        text.push_str(&format!("run {run} is at work\n"));
    }
    let mut columns = Columns::headed([
        ("stage", Side::Left),
        ("known", Side::Right),
        ("", Side::Left),
        ("size", Side::Right),
        ("took", Side::Right),
    ]);
    for stage in stages {
        let known = match stage.count(Standing::OnDemand) {
            0 => format!("{}/{}", stage.count(Standing::Known), stage.nodes.len()),
            _ => "-".to_owned(),
        };
        let rest = Standing::ALL.into_iter().filter(|standing| *standing != Standing::Known);
        let rest: Vec<String> = rest
            .filter(|standing| stage.count(*standing) > 0)
            .map(|standing| match standing {
                Standing::OnDemand => standing.words().to_owned(),
                _ => format!("{} {}", stage.count(standing), standing.words()),
            })
            .collect();
        let made = stage.count(Standing::Known) > 0;
        let shown = |text: String| if made { text } else { String::new() };
        columns.row([
            stage.name.clone(),
            known,
            rest.join(", "),
            shown(size(stage.bytes)),
            shown(duration(stage.took_ms)),
        ]);
    }
    text.push_str(&format!("\n{columns}"));
    let nodes = || stages.iter().flat_map(|stage| stage.nodes.iter().copied());
    let mut running = Columns::new([Side::Left, Side::Left]).indented(2);
    let mut failed = Columns::new([Side::Left, Side::Left]).indented(2);
    for node in nodes() {
        let address = plan.graph[node].address.clone();
        match standings.of(plan, node) {
            Standing::Running => {
                if let Some((stage, run)) = standings.running(plan, node) {
                    running.row([address, format!("{}, in {run}", progress(stage))]);
                }
            }
            Standing::Failed => {
                if let Some((stage, run)) = standings.failed(plan, node) {
                    failed.row([address, format!("{} (in {run})", first_line(&stage.error))]);
                }
            }
            _ => {}
        }
    }
    for (head, columns) in [("running", running), ("failed last time", failed)] {
        let rows = columns.to_string();
        if !rows.is_empty() {
            text.push_str(&format!("\n{head}\n{rows}"));
        }
    }
    text
}

fn summary(total: impl Fn(Standing) -> usize) -> String {
    let shown = Standing::ALL.into_iter().filter(|standing| *standing != Standing::OnDemand);
    let parts: Vec<String> = shown
        .filter(|standing| *standing == Standing::Known || total(*standing) > 0)
        .map(|standing| format!("{} {}", total(standing), standing.words()))
        .collect();
    parts.join(", ")
}

fn progress(stage: &Running) -> String {
    let mut parts = Vec::new();
    if let Some((done, total, unit)) = &stage.progress {
        parts.push(format!("{done}/{total} {unit}"));
    }
    if let Some(lowest) = stage.lowest_performance {
        parts.push(format!("lowest performance {lowest:.3}"));
    }
    parts.push(format!("for {}", duration(now_ms().saturating_sub(stage.since_ms))));
    parts.join(", ")
}

fn as_json(plan: &Plan, standings: &Standings, stages: &[Stage]) -> Json {
    let instance = |node: &NodeIndex| {
        let mut entry = json!({ "stage": plan.graph[*node].address, "state": standings.of(plan, *node) });
        if let Some((stage, run)) = standings.running(plan, *node) {
            entry["run"] = json!(run);
            entry["since_ms"] = json!(stage.since_ms);
            entry["lowest_performance"] = json!(stage.lowest_performance);
            if let Some((done, total, unit)) = &stage.progress {
                entry["progress"] = json!({ "done": done, "total": total, "unit": unit });
            }
        } else if let Some((stage, run)) = standings.failed(plan, *node) {
            entry["run"] = json!(run);
            entry["error"] = json!(stage.error);
        }
        entry
    };
    let stages: Vec<Json> = stages
        .iter()
        .map(|stage| {
            json!({
                "stage": stage.name,
                "counts": stage.counts.iter().map(|(words, count)| (words.replace(' ', "_"), *count))
                    .collect::<BTreeMap<String, usize>>(),
                "bytes": stage.bytes,
                "took_ms": stage.took_ms,
                "instances": stage.nodes.iter().map(instance).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "experiment": plan.experiment.name, "runs": standings.live, "stages": stages })
}
