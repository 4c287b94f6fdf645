//! `rnnwm log`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use petgraph::graph::NodeIndex;

use crate::plan::{Plan, State};
use crate::run::{Follower, History, Live, Logs};
use crate::store::{Durability, Store};

use super::args::StageArgs;
use super::experiment_file::{self, log_folder};
use super::failure::Failure;
use super::standing::live_runs;

/// How often a log is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Arguments of `rnnwm log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Go on printing while the stage runs.
    #[arg(short, long)]
    follow: bool,
}

/// Prints logs.
pub fn log(args: &LogArgs) -> Result<(), Failure> {
    let store = Store::open(&args.stage.store.store, Durability::Synced)?;
    let plan = experiment_file::plan_of_stage(&args.stage, &store)?;
    let selected = plan.select(&args.stage.stage)?;
    let history = History::new(store.root());
    let folder = log_folder(&store, &plan.experiment.name);
    if args.follow {
        return follow(&plan, &selected, &folder, &history);
    }
    let logs: Vec<(&str, String)> = selected
        .iter()
        .map(|node| plan.graph[*node].address.as_str())
        .filter_map(|address| Some((address, std::fs::read_to_string(Logs::path(&folder, address)).ok()?)))
        .collect();
    match logs.as_slice() {
        [] => return Err(no_log(&plan, &selected)),
        [(_, only)] => super::print(only),
        several => {
            let shown = several.iter().map(|(address, log)| format!("==> {address} <==\n{log}"));
            super::print(&shown.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(())
}

fn no_log(plan: &Plan, selected: &[NodeIndex]) -> Failure {
    let node = selected.first().copied().unwrap_or_default();
    let why = match plan.graph[node].state {
        State::Known(_) => "its result is known from elsewhere",
        State::Expanded(_) | State::Simulated => "it is simulated by what needs it",
        _ => "it has not run yet",
    };
    Failure::Input(format!("there is no log of {}: {why}", plan.graph[node].address))
}

/// Prints the log of one stage instance until it has ended, or the run that it is a part of.
fn follow(plan: &Plan, selected: &[NodeIndex], folder: &Path, history: &History) -> Result<(), Failure> {
    let mut live = live_runs(history.runs(&plan.experiment.name));
    let address = |node: &NodeIndex| plan.graph[*node].address.as_str();
    let is_running = |node: &NodeIndex| live.iter().any(|run| run.running.contains_key(address(node)));
    let running: Vec<NodeIndex> = selected.iter().copied().filter(is_running).collect();
    let node = match (running.as_slice(), selected) {
        ([one], _) | ([], [one]) => one,
        ([], several) | (several, _) => {
            let names: String = several.iter().map(|node| format!("\n  {}", address(node))).collect();
            return Err(Failure::Input(format!("-f follows one stage instance; name one of{names}")));
        }
    };
    let path = Logs::path(folder, address(node));
    if live.is_empty() && !path.exists() {
        return Err(no_log(plan, selected));
    }
    let is_known = matches!(plan.graph[*node].state, State::Known(_));
    let mut log = Follower::new(&path);
    loop {
        // Looked at first, so that nothing is written between the last look at the log and the end.
        let goes_on = live.iter_mut().any(|run| waits_for(run, address(node), is_known));
        for line in log.lines() {
            super::print(&format!("{line}\n"));
        }
        if !goes_on {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
}

/// Whether a stage instance runs in this run, or may yet.
fn waits_for(run: &mut Live, address: &str, known: bool) -> bool {
    run.refresh();
    let may_yet = !known && !run.ended.contains(address);
    run.run.is_running() && (run.running.contains_key(address) || may_yet)
}
