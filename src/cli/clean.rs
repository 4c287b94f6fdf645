//! `rnnwm clean`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::run::clean as remove;

use super::args::{LayoutArgs, StoreArgs};
use super::experiment_file;
use super::failure::Failure;
use super::text::{counted, size};

/// Arguments of `rnnwm clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// The experiment file.
    file: PathBuf,
    /// Only say what would be removed.
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    layout: LayoutArgs,
}

/// Removes what was laid out. The next run lays it out again.
pub fn clean(args: &CleanArgs) -> Result<(), Failure> {
    let layout = args.layout.of(&experiment_file::name(&args.file)?, &args.store)?;
    let cleaned = remove(&layout, args.dry_run)?;
    if args.json {
        super::print_json(&json!({
            "dry_run": args.dry_run,
            "removed": cleaned.removed,
            "bytes": cleaned.bytes,
            "changed": cleaned.changed,
        }));
        return Ok(());
    }
    let mut text = String::new();
    if args.dry_run {
        for path in &cleaned.removed {
            text.push_str(&format!("{}\n", path.display()));
        }
    }
    for path in &cleaned.changed {
        text.push_str(&format!("kept, since it was changed by hand: {}\n", path.display()));
    }
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    let files = counted(cleaned.removed.len(), "file");
    text.push_str(&format!(
        "{files} {verb}, {}; the store has what they were made from\n",
        size(cleaned.bytes)
    ));
    super::print(&text);
    Ok(())
}
