//! `rnnwm plan`.

use clap::Args;
use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};

use crate::plan::{Estimates, Plan, Reason, State, resolved};
use crate::stages::Gives;
use crate::store::{Durability, Store};

use super::about::about;
use super::args::ExperimentArgs;
use super::experiment_file;
use super::failure::Failure;

/// Arguments of `rnnwm plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Print the experiment with every default filled in instead.
    #[arg(long)]
    resolved: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "resolved")]
    json: bool,
}

/// Shows what a run would do.
pub fn plan(args: &PlanArgs) -> Result<(), Failure> {
    let store = Store::open(&args.experiment.store.store, Durability::Synced)?;
    let mut plan = experiment_file::plan(&args.experiment, &store)?;
    if args.resolved {
        super::print(&resolved(&plan));
        return Ok(());
    }
    plan.revive_lost(&store, crate::run::is_laid_out);
    let estimates = Estimates::new(&plan, &store);
    if args.json {
        super::print_json(&as_json(&plan, &estimates));
    } else {
        super::print(&listing(&plan, &estimates));
    }
    // The process ends here; taking a large plan apart piece by piece would only take time.
    std::mem::forget(plan);
    Ok(())
}

fn as_json(plan: &Plan, estimates: &Estimates) -> Json {
    let mut work = Work::default();
    let instances = plan.instances().filter(|(_, instance)| instance.item.is_none() || instance.keep);
    let stages: Vec<Json> = instances
        .map(|(node, instance)| {
            let mut entry = json!({ "stage": instance.address, "kind": plan.stage(node).kind.name() });
            let state = match &instance.state {
                State::Known(settled) => {
                    entry["key"] = json!(settled.key);
                    entry["took_ms"] = json!(settled.duration_ms);
                    "known"
                }
                State::Pending { key, reason, .. } => {
                    entry["key"] = json!(key);
                    entry["reason"] = json!(reason);
                    "will_run"
                }
                State::Expanded(_) | State::Simulated => "on_demand",
                State::Waiting | State::Failed => {
                    entry["waits_for"] = json!(plan.waits_for(node).map(|upstream| &upstream.address));
                    "may_run"
                }
            };
            entry["state"] = json!(state);
            if runs(plan, node) {
                let ms = estimates.ms(plan, node);
                work.add(ms);
                entry["estimate_ms"] = json!(ms);
            }
            entry
        })
        .collect();
    json!({
        "experiment": plan.experiment.name,
        "estimate_ms": work.ms,
        "without_estimate": work.unknown,
        "stages": stages,
    })
}

/// Whether an instance runs or may run, for itself. What is simulated on demand is a part of what needs it.
fn runs(plan: &Plan, node: NodeIndex) -> bool {
    let instance = &plan.graph[node];
    let transient = plan.stage(node).kind.gives() == Gives::Activity && !instance.keep;
    let open = matches!(instance.state, State::Pending { .. } | State::Waiting | State::Failed);
    open && !transient
}

fn listing(plan: &Plan, estimates: &Estimates) -> String {
    let mut lines = String::new();
    let (mut known, mut will, mut may) = (0, 0, 0);
    let mut work = Work::default();
    let rows: Vec<(String, &str, String, String)> = plan
        .instances()
        .filter(|(_, instance)| instance.item.is_none() || instance.keep)
        .map(|(node, instance)| {
            let mut estimate = || match runs(plan, node) {
                true => work.add(estimates.ms(plan, node)),
                false => String::new(),
            };
            let (state, time, why) = match &instance.state {
                State::Known(settled) => {
                    known += 1;
                    ("known", about(settled.duration_ms), String::new())
                }
                State::Pending { reason, .. } => {
                    will += 1;
                    ("will run", estimate(), reason.to_string())
                }
                State::Expanded(checkpoints) => {
                    ("on demand", String::new(), format!("{} checkpoints", checkpoints.len()))
                }
                State::Simulated => ("on demand", String::new(), String::new()),
                State::Waiting | State::Failed => {
                    may += 1;
                    let upstream = plan.waits_for(node).map_or("others", |instance| &instance.address);
                    ("may run", estimate(), Reason::Upstream(upstream.to_owned()).to_string())
                }
            };
            (instance.address.clone(), state, time, why)
        })
        .collect();
    let width = rows.iter().map(|(address, ..)| address.len()).max().unwrap_or(0);
    let times = rows.iter().map(|(_, _, time, _)| time.len()).max().unwrap_or(0);
    for (address, state, time, why) in rows {
        lines.push_str(format!("{address:width$}  {state:9}  {time:>times$}  {why}").trim_end());
        lines.push('\n');
    }
    lines.push_str(&format!("{known} known, {will} will run, {may} may run{}\n", work.words()));
    lines
}

/// How long all that runs will take.
#[derive(Default)]
struct Work {
    ms: u64,
    estimated: usize,
    unknown: usize,
}

impl Work {
    /// Adds what an instance will take, and gives it in words.
    fn add(&mut self, ms: Option<u64>) -> String {
        match ms {
            Some(ms) => {
                self.ms += ms;
                self.estimated += 1;
                format!("~{}", about(ms))
            }
            None => {
                self.unknown += 1;
                "?".to_owned()
            }
        }
    }

    fn words(&self) -> String {
        match (self.estimated, self.unknown) {
            (0, 0) => String::new(),
            (0, _) => "; no estimate of the time".to_owned(),
            (_, 0) => format!("; ~{} one after another", about(self.ms)),
            (_, unknown) => {
                format!("; ~{} one after another, and {unknown} without an estimate", about(self.ms))
            }
        }
    }
}
