//! `rnnwm exec`: runs one job.

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use clap::Args;

use crate::run::{Executed, Order, Told, execute};
use crate::stages::{Job, Progress, Report, StageError};
use crate::store::{Durability, Store};

use super::args::StoreArgs;
use super::failure::Failure;
use super::interrupt;
use super::run::threads;
use super::store::open_for_use;

/// How often to look whether something waits to be made durable.
const POLL: Duration = Duration::from_millis(50);

/// Arguments of `rnnwm exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The job, a JSON file. `-` takes an order from standard input, which goes on until the job is to
    /// stop, and tells what happens on standard output.
    job: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    /// Threads of work that is parallel in itself [default: all cores].
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Do not wait until the disk has what is stored.
    #[arg(long)]
    no_sync: bool,
}

/// Runs a job, and prints the record of its result.
pub fn exec(args: &ExecArgs) -> Result<(), Failure> {
    if let Some(count) = args.threads {
        threads(count.get())?;
    }
    let durability = if args.no_sync { Durability::Unsynced } else { Durability::Synced };
    if args.job.as_os_str() == "-" {
        return ordered(&open_for_use(&args.store, durability, &AtomicBool::new(false))?);
    }
    let bytes =
        std::fs::read(&args.job).map_err(|source| Failure::File { path: args.job.clone(), source })?;
    let unreadable = |error| Failure::Input(format!("{} is no job: {error}", args.job.display()));
    let job: Job = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let cancel = interrupt::flag();
    let store = open_for_use(&args.store, durability, &cancel)?;
    let executed = run(&job, false, &store, &StandardError, &cancel)?;
    let shown = serde_json::to_string(&executed.record).map_err(unreadable)?;
    super::print(&format!("{shown}\n"));
    Ok(())
}

/// Runs what standard input orders, until that ends.
fn ordered(store: &Store) -> Result<(), Failure> {
    let mut stdin = std::io::BufReader::new(std::io::stdin());
    let mut line = String::new();
    let unreadable = |error: &dyn std::fmt::Display| Failure::Input(format!("this is no order: {error}"));
    stdin.read_line(&mut line).map_err(|error| unreadable(&error))?;
    let order: Order = serde_json::from_str(&line).map_err(|error| unreadable(&error))?;
    let stop = Arc::new(AtomicBool::new(false));
    let set = stop.clone();
    std::thread::spawn(move || {
        // Nothing comes any more. When that ends, whoever gave the order wants it no longer, or is gone.
        let _ = stdin.read_to_end(&mut Vec::new());
        set.store(true, Ordering::Relaxed);
    });
    let result = run(&order.job, order.anew, store, &StandardOutput, &stop);
    StandardOutput.tell(&Told::ending(&result));
    // It has been told what went wrong.
    result.map(|_| ()).map_err(|_| Failure::Stage)
}

fn run(
    job: &Job,
    anew: bool,
    store: &Store,
    report: &dyn Report,
    stop: &AtomicBool,
) -> Result<Executed, StageError> {
    let key = job.key().map_err(StageError::Job)?;
    let executed = flushing(store, || execute(job, &key, anew, store, report, stop));
    // What a job that did not end well has stored is kept as well.
    let flushed = store.flush();
    let executed = executed?;
    flushed?;
    Ok(executed)
}

/// Does something, and meanwhile makes durable what has been committed.
fn flushing<T>(store: &Store, work: impl FnOnce() -> T) -> T {
    let (working, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(POLL) {
                // What cannot be made durable now is tried again, at the end at the latest, which tells.
                let _ = store.flush_if_due();
            }
        });
        // The other thread ends with this, also when the work panics.
        let _working = working;
        work()
    })
}

/// Says what a job says.
pub struct StandardError;

impl Report for StandardError {
    fn progress(&self, _progress: Progress) {}

    fn log(&self, line: String) {
        eprintln!("{line}");
    }
}

/// Tells what a job does, one JSON value a line.
struct StandardOutput;

impl StandardOutput {
    fn tell(&self, told: &Told) {
        let line = serde_json::to_string(told).unwrap_or_default();
        // Nobody may be listening any more; then the end of standard input stops the job.
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    }
}

impl Report for StandardOutput {
    fn progress(&self, progress: Progress) {
        self.tell(&progress.into());
    }

    fn log(&self, line: String) {
        self.tell(&Told::Log(line));
    }

    fn waits(&self, waits: bool) {
        self.tell(&Told::Waits(waits));
    }
}
