//! `rnnwm runs`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::run::{History, Run, RunState};
use crate::store::{Durability, now_ms};

use super::args::StoreArgs;
use super::experiment_file;
use super::failure::Failure;
use super::interrupt;
use super::run_name::Runs;
use super::store::{existing, open_for_use};
use super::text::{Columns, Side, duration, when};

/// Arguments of `rnnwm runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// Only runs of this experiment file.
    file: Option<PathBuf>,
    /// Pin this run (`quick/7`, `last`): it stays in the history, and `rnnwm gc` keeps all that it gave.
    #[arg(long, value_name = "RUN", conflicts_with = "file")]
    pin: Option<String>,
    /// Let a pinned run go again.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["file", "pin"])]
    unpin: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Lists runs, the newest first, or pins one.
pub fn runs(args: &RunsArgs) -> Result<(), Failure> {
    if let Some(name) = &args.pin {
        return pin(args, name, true);
    }
    if let Some(name) = &args.unpin {
        return pin(args, name, false);
    }
    let history = History::new(&args.store.store);
    let mut runs = match &args.file {
        Some(file) => history.runs(&experiment_file::name(file)?),
        None => history.all(),
    };
    runs.reverse();
    if args.json {
        super::print_json(&runs.iter().map(as_json).collect());
    } else if runs.is_empty() {
        super::print("nothing has run yet\n");
    } else {
        super::print(&as_text(&runs));
    }
    Ok(())
}

fn pin(args: &RunsArgs, name: &str, pinned: bool) -> Result<(), Failure> {
    existing(&args.store)?;
    // Nothing is collected meanwhile.
    let store = open_for_use(&args.store, Durability::Synced, &interrupt::flag())?;
    let mut run = Runs::new(&History::new(store.root()), |_| true).find(name)?.clone();
    let id = run.record.id();
    let gave = match run.keys() {
        Some(keys) => keys,
        None if !pinned => Default::default(),
        None => {
            return Err(Failure::Input(format!("run {id} has not ended, so what it gave cannot be told")));
        }
    };
    run.pin(pinned)?;
    let gone = gave.values().filter(|key| store.brief(key).is_none()).count();
    if args.json {
        super::print_json(&as_json(&run));
    } else {
        super::print(&format!("run {id} is {}\n", if pinned { "pinned" } else { "no longer pinned" }));
    }
    if pinned && gone > 0 {
        eprintln!("warning: {gone} of its {} results have been removed from the store before", gave.len());
    }
    Ok(())
}

fn as_text(runs: &[Run]) -> String {
    let mut columns = Columns::headed([
        ("run", Side::Left),
        ("began (UTC)", Side::Left),
        ("took", Side::Right),
        ("ran", Side::Right),
        ("known", Side::Right),
        ("failed", Side::Right),
        ("end", Side::Left),
    ]);
    for run in runs {
        let record = &run.record;
        let state = run.state();
        let took = match (&record.end, state) {
            (Some(end), _) => Some(end.duration_ms),
            (None, RunState::Running) => Some(now_ms().saturating_sub(record.started_ms)),
            (None, _) => None,
        };
        let end = |count: fn(&crate::run::Ended) -> usize| {
            record.end.as_ref().map_or(String::new(), |end| count(end).to_string())
        };
        let asked = record.asked.only.iter().map(|stage| format!("--only {stage}"));
        let asked = asked.chain(record.asked.settings.iter().map(|setting| format!("--set {setting}")));
        let pinned = record.pinned.then(|| "pinned".to_owned());
        let remarks: Vec<String> =
            std::iter::once(state.words().to_owned()).chain(pinned).chain(asked).collect();
        columns.row([
            record.id(),
            when(record.started_ms),
            took.map(duration).unwrap_or_default(),
            end(|end| end.ran),
            end(|end| end.known),
            end(|end| end.failed.len()),
            remarks.join(" "),
        ]);
    }
    columns.to_string()
}

fn as_json(run: &Run) -> Json {
    let record = &run.record;
    let end = record.end.as_ref().map(|end| {
        json!({
            "ran": end.ran,
            "known": end.known,
            "failed": end.failed,
            "skipped": end.skipped,
            "not_run": end.not_run,
            "error": end.error,
            "duration_ms": end.duration_ms,
        })
    });
    json!({
        "run": record.id(),
        "experiment": record.experiment,
        "number": record.number,
        "state": run.state(),
        "pinned": record.pinned,
        "file": record.asked.file,
        "settings": record.asked.settings,
        "only": record.asked.only,
        "program": record.program,
        "started_ms": record.started_ms,
        "end": end,
        "events": run.events().exists().then(|| run.events()),
    })
}
