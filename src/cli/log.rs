//! `rnnwm log`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};

use crate::plan::{Plan, State};
use crate::run::{Follower, History, Live, Logs, Run};
use crate::store::{Durability, Store};

use super::args::StageArgs;
use super::experiment_file;
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
    /// Print JSON.
    #[arg(long, conflicts_with = "follow")]
    json: bool,
}

/// The log of a stage instance in the newest run that ran it.
struct StageLog<'p> {
    stage: &'p str,
    run: String,
    path: PathBuf,
    text: String,
}

/// Prints logs.
pub fn log(args: &LogArgs) -> Result<(), Failure> {
    let store = Store::open(&args.stage.store.store, Durability::Synced)?;
    let plan = experiment_file::plan_of_stage(&args.stage, &store)?;
    let selected = plan.select(&args.stage.stage)?;
    let runs = History::new(store.root()).runs(&plan.experiment.name);
    if args.follow {
        return follow(&plan, &selected, runs);
    }
    let addresses = selected.iter().map(|node| plan.graph[*node].address.as_str());
    let logs: Vec<StageLog> = addresses.filter_map(|address| newest(&runs, address)).collect();
    match logs.as_slice() {
        [] => return Err(no_log(&plan, &selected)),
        several if args.json => super::print_json(&several.iter().map(as_json).collect()),
        [only] => super::print(&only.text),
        several => {
            let shown = several.iter().map(|log| format!("==> {} <==\n{}", log.stage, log.text));
            super::print(&shown.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(())
}

fn newest<'p>(runs: &[Run], stage: &'p str) -> Option<StageLog<'p>> {
    runs.iter().rev().find_map(|run| {
        let path = Logs::path(&run.logs(), stage);
        let text = std::fs::read_to_string(&path).ok()?;
        Some(StageLog { stage, run: run.record.id(), path, text })
    })
}

fn as_json(log: &StageLog) -> Json {
    let lines: Vec<&str> = log.text.lines().collect();
    json!({ "stage": log.stage, "run": log.run, "file": log.path, "lines": lines })
}

fn no_log(plan: &Plan, selected: &[NodeIndex]) -> Failure {
    let node = selected.first().copied().unwrap_or_default();
    let why = match plan.graph[node].state {
        State::Known(_) => "its result is known from elsewhere",
        State::Expanded(_) | State::Simulated => "it is simulated by what needs it",
        _ => "it has not run yet, or has said nothing so far",
    };
    Failure::Input(format!("there is no log of {}: {why}", plan.graph[node].address))
}

/// Prints the log of one stage instance until it has ended, or the run that it is a part of.
fn follow(plan: &Plan, selected: &[NodeIndex], runs: Vec<Run>) -> Result<(), Failure> {
    let address = |node: &NodeIndex| plan.graph[*node].address.as_str();
    let mut live = live_runs(runs.clone());
    let is_running = |node: &NodeIndex| live.iter().any(|run| run.running.contains_key(address(node)));
    let running: Vec<NodeIndex> = selected.iter().copied().filter(is_running).collect();
    let node = match (running.as_slice(), selected) {
        ([one], _) | ([], [one]) => one,
        ([], several) | (several, _) => {
            let names: String = several.iter().map(|node| format!("\n  {}", address(node))).collect();
            return Err(Failure::Input(format!("-f follows one stage instance; name one of{names}")));
        }
    };
    let stage = address(node);
    let is_known = matches!(plan.graph[*node].state, State::Known(_));
    let path = growing(&live, stage, is_known).or_else(|| Some(newest(&runs, stage)?.path));
    let mut log = Follower::new(&path.ok_or_else(|| no_log(plan, selected))?);
    loop {
        // Looked at first, so that nothing is written between the last look at the log and the end.
        let goes_on = live.iter_mut().any(|run| waits_for(run, stage, is_known));
        for line in log.lines() {
            super::print(&format!("{line}\n"));
        }
        if !goes_on {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
}

/// The log that a run writes or will write. Of several that are at the stage all but one wait for that one,
/// and have nothing to say.
fn growing(live: &[Live], stage: &str, is_known: bool) -> Option<PathBuf> {
    let path = |run: &Live| Logs::path(&run.run.logs(), stage);
    let at_it = || live.iter().filter(|run| run.running.contains_key(stage)).map(path);
    let will_be = || live.last().filter(|_| !is_known).map(path);
    at_it().find(|path| path.exists()).or_else(|| at_it().next()).or_else(will_be)
}

/// Whether a stage instance runs in this run, or may yet.
fn waits_for(run: &mut Live, address: &str, known: bool) -> bool {
    run.refresh();
    let may_yet = !known && !run.ended.contains(address);
    run.run.is_running() && (run.running.contains_key(address) || may_yet)
}
