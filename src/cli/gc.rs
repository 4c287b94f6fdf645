//! `rnnwm gc`: removes from the store what no experiment needs.

use std::path::PathBuf;

use clap::Args;
use indicatif::HumanBytes;

use crate::plan::Roots;
use crate::store::{Alone, Collected, Durability, Key, Record, Store, Tally, collect, collectable};

use super::args::StoreArgs;
use super::failure::Failure;
use super::roots::{pinned, plans};
use super::store::existing;

/// Arguments of `rnnwm gc`.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Keep what these experiments need, as they are now [default: what the last run of every experiment
    /// needs]. What pinned runs gave is kept in any case.
    experiments: Vec<PathBuf>,
    /// Keep what so many last runs of every experiment need.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "experiments")]
    keep_runs: usize,
    /// Remove nothing, only show what would be removed.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Removes what nothing needs.
pub fn gc(args: &GcArgs) -> Result<(), Failure> {
    let root = existing(&args.store)?;
    // What is needed is found out while nobody can add to it.
    let alone = if args.dry_run { None } else { Some(Alone::take(root)?) };
    let store = Store::open(root, Durability::Synced)?;
    let mut roots = Roots::default();
    for plan in plans(&args.experiments, args.keep_runs, &store)? {
        roots.add(&plan, &store);
    }
    roots.add_results(&pinned(&store)?, &store);
    drop(store);
    let keep = |key: &Key, record: &Record| roots.need(key, record);
    let collected = match &alone {
        Some(alone) => collect(alone, &keep)?,
        None => collectable(root, &keep)?,
    };
    let text = if args.json {
        let total = collected.total();
        let shown = serde_json::json!({ "dry_run": args.dry_run, "total": total, "by": collected });
        format!("{shown}\n")
    } else {
        listing(&collected, args.dry_run)
    };
    super::print(&text);
    Ok(())
}

fn listing(collected: &Collected, dry_run: bool) -> String {
    let row = |what: &str, tally: &Tally| {
        let size = HumanBytes(tally.bytes).to_string();
        format!("{what:20} {:>9} records {:>9} files {size:>12}\n", tally.records, tally.files)
    };
    let mut text: String = collected.removed.iter().map(|(kind, tally)| row(kind, tally)).collect();
    if collected.leftovers.files > 0 {
        text += &row("leftovers", &collected.leftovers);
    }
    text += &row(if dry_run { "would be removed" } else { "removed" }, &collected.total());
    text + &row("kept", &collected.kept)
}
