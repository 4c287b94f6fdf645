//! `rnnwm run`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use crate::run::{
    Events, LaidOut, Layout, Logs, Options, PlainLines, ProgressBars, Sink, Summary, is_laid_out, lay_out,
    ndjson, run as schedule,
};
use crate::store::{Durability, Store, now_ms};

use super::args::ExperimentArgs;
use super::experiment_file::{plan, remember_keys, run_folder};
use super::failure::Failure;
use super::interrupt;

/// Arguments of `rnnwm run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Stages at a time, and threads of those that use several; all cores if it is not said.
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// When a stage fails, go on with those that do not need it.
    #[arg(long)]
    keep_going: bool,
    /// Do not wait until the disk has what is stored; faster, and safe unless the machine crashes.
    #[arg(long)]
    no_sync: bool,
    /// Where figures, tables and the report go.
    #[arg(long, value_name = "DIR", default_value = "outputs", env = "RNNWM_OUTPUTS")]
    outputs: PathBuf,
    /// Where models are laid out.
    #[arg(long, value_name = "DIR", default_value = "data", env = "RNNWM_DATA")]
    data: PathBuf,
    /// Also write the run's events to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Say nothing but errors.
    #[arg(short, long)]
    quiet: bool,
}

/// Runs an experiment.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let jobs = args.jobs.map_or(cores, std::num::NonZeroUsize::get);
    threads(jobs)?;
    let durability = if args.no_sync { Durability::Unsynced } else { Durability::Synced };
    let store = Store::open(&args.experiment.store.store, durability)?;
    if store.damaged_records() > 0 {
        eprintln!("warning: {} damaged records were passed over", store.damaged_records());
    }
    let mut plan = plan(&args.experiment, &store)?;
    let layout = Layout {
        outputs: args.outputs.join(&plan.experiment.name),
        data: args.data.join(&plan.experiment.name),
    };
    plan.revive_lost(&store, is_laid_out);
    let cancel = interrupt::flag();
    let events = Events::new(sinks(args, &plan.experiment.name, &store)?);
    let options = Options { jobs, keep_going: args.keep_going };
    let mut summary = schedule(&mut plan, &store, &events, options, &cancel)?;
    let mut laid_out = lay_out(&plan, &store, &layout)?;
    if laid_out.lost > 0 && summary.failed.is_empty() && !summary.interrupted {
        // Damage shows when an object is read. What has been found damaged now is made again.
        plan.revive_lost(&store, is_laid_out);
        summary = schedule(&mut plan, &store, &events, options, &cancel)?;
        laid_out = lay_out(&plan, &store, &layout)?;
    }
    remember_keys(&plan, &store)?;
    if !args.quiet {
        report(&summary, laid_out, &layout);
    }
    for (stage, error) in &summary.failed {
        eprintln!("error: stage {stage} failed: {error}");
        eprintln!("  its log: {}", Logs::path(&log_folder(&store, &plan.experiment.name), stage).display());
    }
    match &summary {
        Summary { interrupted: true, .. } => Err(Failure::Interrupted),
        Summary { failed, .. } if !failed.is_empty() => Err(Failure::Stage),
        _ => Ok(()),
    }
}

/// Sets how many threads data-parallel work inside stages uses.
pub fn threads(count: usize) -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()
        .map_err(|error| Failure::Other(format!("cannot start {count} threads: {error}")))
}

fn log_folder(store: &Store, experiment: &str) -> PathBuf {
    run_folder(store, experiment).join("logs")
}

fn sinks(args: &RunArgs, experiment: &str, store: &Store) -> Result<Vec<Box<dyn Sink>>, Failure> {
    let folder = run_folder(store, experiment);
    let mut sinks: Vec<Box<dyn Sink>> = vec![
        Box::new(Logs::new(&log_folder(store, experiment))),
        ndjson(&folder.join(format!("{:013}-{}.events.ndjson", now_ms(), std::process::id())))?,
    ];
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
    let seconds = summary.duration_ms as f64 / 1000.0;
    eprintln!("{} in {seconds:.1} s; {} files written", parts.join(", "), laid_out.written);
    eprintln!("report: {}", layout.outputs.join("report.html").display());
}
