//! `rnnwm events`.

use clap::Args;

use crate::run::{History, event_schema};

use super::args::StoreArgs;
use super::failure::Failure;
use super::run_name::{FORMS, Runs};

/// Arguments of `rnnwm events`.
#[derive(Debug, Args)]
#[command(after_help = FORMS)]
pub struct EventsArgs {
    /// Which run.
    #[arg(default_value = "last")]
    run: String,
    /// Print the JSON Schema of a line instead.
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Prints the events of a run, one JSON object a line, or their schema.
pub fn events(args: &EventsArgs) -> Result<(), Failure> {
    if args.schema {
        super::print_json(&event_schema());
        return Ok(());
    }
    let runs = Runs::new(&History::new(&args.store.store), |run| run.events().exists());
    let path = runs.find(&args.run)?.events();
    let events = std::fs::read_to_string(&path).map_err(|source| Failure::File { path, source })?;
    super::print(&events);
    Ok(())
}
