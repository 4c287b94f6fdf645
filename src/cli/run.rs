//! `rnnwm run`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::plan::{Plan, bytes};
use crate::run::{
    Asked, CurrentRun, Events, History, LaidOut, Layout, Logs, Options, PlainLines, ProgressBars, Sink,
    Summary, first_few, is_laid_out, lay_out, machine_memory, ndjson, run as schedule,
};
use crate::store::{Durability, Store, StoreError};

use super::args::{ExperimentArgs, LayoutArgs};
use super::experiment_file::{self, remember_keys};
use super::failure::Failure;
use super::interrupt;
use super::store::{open_for_use, unless_read_only, warn_of_damage};

/// Lines of the log of a failed stage that are shown.
const LAST_LINES: usize = 8;

/// Arguments of `rnnwm run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Stages at a time, and threads of those that use several; all cores if it is not said.
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Memory that stages may take together, such as `8GB`, by what their kinds estimate; what the machine
    /// has, if it is not said.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// When a stage fails, go on with those that do not need it.
    #[arg(long)]
    keep_going: bool,
    /// Do not wait until the disk has what is stored; faster, and safe unless the machine crashes.
    #[arg(long)]
    no_sync: bool,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Also write the run's events to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Say nothing but errors.
    #[arg(short, long)]
    quiet: bool,
    /// Print how the run ended as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs an experiment.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let jobs = args.jobs.map_or(cores, std::num::NonZeroUsize::get);
    threads(jobs)?;
    let durability = if args.no_sync { Durability::Unsynced } else { Durability::Synced };
    let cancel = interrupt::flag();
    let store = open_for_use(&args.experiment.store, durability, &cancel)?;
    let mut plan = experiment_file::plan(&args.experiment, &store)?;
    let layout = args.layout.of(&plan.experiment.name, &args.experiment.store)?;
    plan.revive_lost(&store, is_laid_out);
    let mut sinks = sinks(args)?;
    let current = begin(args, &plan, &store);
    if let Some(current) = &current {
        sinks.extend(current.sinks().inspect_err(unrecorded).unwrap_or_default());
    }
    let events = Events::new(sinks);
    let memory = args.memory.or_else(machine_memory).unwrap_or(u64::MAX);
    let options = Options { jobs, memory, keep_going: args.keep_going };
    let mut summary = schedule(&mut plan, &store, &events, options, &cancel);
    let mut laid_out = lay_out_after(&mut summary, &plan, &store, &layout);
    if laid_out.lost > 0 && is_well(&summary) {
        // Damage shows when an object is read. What has been found damaged now is made again.
        plan.revive_lost(&store, is_laid_out);
        summary = schedule(&mut plan, &store, &events, options, &cancel);
        laid_out = lay_out_after(&mut summary, &plan, &store, &layout);
    }
    if let Err(error) = unless_read_only(remember_keys(&plan, &store)) {
        summary.error.get_or_insert_with(|| error.to_string());
    }
    let id = current.as_ref().map(CurrentRun::id);
    let logs = current.as_ref().map(CurrentRun::logs);
    if let Some(error) = current.and_then(|current| current.finish(&plan, &summary).err()) {
        unrecorded(&error);
    }
    store.tidy();
    warn_of_damage(&store);
    if !args.quiet {
        report(&summary, laid_out, &layout);
    }
    if args.json {
        super::print_json(&ending(id, &summary, laid_out, &layout));
    }
    eprint!("{}", failures(&summary, logs.as_deref()));
    // The process ends here; taking a large plan apart piece by piece would only take time.
    std::mem::forget(plan);
    match summary {
        Summary { error: Some(error), .. } => Err(Failure::Other(error)),
        Summary { interrupted: true, .. } => Err(Failure::Interrupted),
        Summary { failed, .. } if !failed.is_empty() => Err(Failure::Stage),
        _ => Ok(()),
    }
}

fn is_well(summary: &Summary) -> bool {
    summary.failed.is_empty() && summary.error.is_none() && !summary.interrupted
}

/// Lays out what is known. What goes wrong is what went wrong with the run, unless something did before.
fn lay_out_after(summary: &mut Summary, plan: &Plan, store: &Store, layout: &Layout) -> LaidOut {
    lay_out(plan, store, layout).unwrap_or_else(|error| {
        summary.error.get_or_insert_with(|| error.to_string());
        LaidOut::default()
    })
}

/// What failed, each with the last lines of its log and what was skipped because of it.
fn failures(summary: &Summary, logs: Option<&Path>) -> String {
    let mut text = String::new();
    for (stage, error) in &summary.failed {
        text.push_str(&format!("error: stage {stage} failed: {error}\n"));
        if let Some(logs) = logs {
            for line in Logs::tail(logs, stage, LAST_LINES) {
                text.push_str(&format!("  | {line}\n"));
            }
            text.push_str(&format!("  its log: {}\n", Logs::path(logs, stage).display()));
        }
        let skipped: Vec<&str> = summary
            .skipped
            .iter()
            .filter(|(_, because)| because == stage)
            .map(|(skipped, _)| skipped.as_str())
            .collect();
        if !skipped.is_empty() {
            text.push_str(&format!("  skipped because of it: {}\n", first_few(&skipped)));
        }
    }
    text
}

/// Bytes as they are typed.
pub(super) fn size(text: &str) -> Result<u64, String> {
    bytes(text)
        .filter(|bytes| *bytes >= 1.0)
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "no size; write bytes, or a text such as 500MB or 8GB".to_owned())
}

/// Sets how many threads data-parallel work inside stages uses.
pub fn threads(count: usize) -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()
        .map_err(|error| Failure::Other(format!("cannot start {count} threads: {error}")))
}

/// Begins to write down the run. One that cannot be written down is no worse.
fn begin(args: &RunArgs, plan: &Plan, store: &Store) -> Option<CurrentRun> {
    let asked = Asked {
        file: args.experiment.file.display().to_string(),
        settings: args.experiment.settings.clone(),
        only: args.experiment.only.clone(),
    };
    // Where there is nothing to do, nothing new needs the disk.
    let sync = store.durability() == Durability::Synced && !plan.pending().is_empty();
    CurrentRun::begin(&History::new(store.root()), plan, asked, sync).inspect_err(unrecorded).ok()
}

fn unrecorded(error: &StoreError) {
    eprintln!("warning: this run is not written down for `rnnwm runs`: {error}");
}

/// Where events go that the user looks at.
fn sinks(args: &RunArgs) -> Result<Vec<Box<dyn Sink>>, Failure> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some(file) = &args.events {
        sinks.push(ndjson(file)?);
    }
    if !args.quiet {
        if std::io::stderr().is_terminal() {
            sinks.push(Box::new(ProgressBars::new()));
        } else {
            sinks.push(Box::new(PlainLines::new(std::io::stderr())));
        }
    }
    Ok(sinks)
}

fn report(summary: &Summary, laid_out: LaidOut, layout: &Layout) {
    let mut parts = vec![format!("{} ran", summary.ran), format!("{} known", summary.known)];
    if !summary.failed.is_empty() {
        parts.push(format!("{} failed", summary.failed.len()));
    }
    if !summary.skipped.is_empty() {
        parts.push(format!("{} skipped", summary.skipped.len()));
    }
    if summary.not_run > 0 {
        parts.push(format!("{} not run", summary.not_run));
    }
    let seconds = summary.duration_ms as f64 / 1000.0;
    eprintln!("{} in {seconds:.1} s; {} files written", parts.join(", "), laid_out.written);
    eprintln!("report: {}", layout.outputs.join("report.html").display());
}

fn ending(id: Option<String>, summary: &Summary, laid_out: LaidOut, layout: &Layout) -> Json {
    let failed = summary.failed.iter().map(|(stage, error)| json!({ "stage": stage, "error": error }));
    let skipped =
        summary.skipped.iter().map(|(stage, because)| json!({ "stage": stage, "because": because }));
    json!({
        "run": id,
        "ran": summary.ran,
        "known": summary.known,
        "failed": failed.collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "not_run": summary.not_run,
        "interrupted": summary.interrupted,
        "error": summary.error,
        "duration_ms": summary.duration_ms,
        "files_written": laid_out.written,
        "report": layout.outputs.join("report.html"),
    })
}
