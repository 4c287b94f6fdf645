//! `rnnwm verify`: is everything in the store what it was?

use std::path::PathBuf;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::run::{Rebuilt, rebuild};
use crate::store::{Alone, Durability, Missed, Verified, verify as verify_store};

use super::args::StoreArgs;
use super::failure::Failure;
use super::interrupt;
use super::roots::plans;
use super::store::{existing, open_for_use};

/// How many damaged or missing objects are listed.
const MOST_LISTED: usize = 20;

/// Arguments of `rnnwm verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Experiments of which `--rebuild` draws stages [default: those of the last runs].
    #[arg(requires = "rebuild")]
    experiments: Vec<PathBuf>,
    /// Also run so many known stages again, drawn at random, in a store of their own, and compare the
    /// bytes. Training starts from new weights and may take its time.
    #[arg(long, value_name = "N", default_value_t = 0)]
    rebuild: usize,
    /// Seeds the draw.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Verifies the store.
pub fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    let root = existing(&args.store)?;
    let cancel = interrupt::flag();
    // Others may go on using the store, but then record files are not touched. It is not collected meanwhile.
    let alone = Alone::take(root).ok();
    let in_use = match alone {
        Some(_) => None,
        None => Some(open_for_use(&args.store, Durability::Unsynced, &cancel)?),
    };
    let verified = {
        let bar = ProgressBar::new(0);
        bar.set_style(
            ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} objects")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let verified = verify_store(root, alone.as_ref(), &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        verified?
    };
    drop((alone, in_use));
    let rebuilt = if args.rebuild > 0 {
        let store = open_for_use(&args.store, Durability::Unsynced, &cancel)?;
        let plans = plans(&args.experiments, 1, &store)?;
        rebuild(&plans, args.rebuild, args.seed, &store, &cancel).map_err(|error| match error {
            crate::stages::StageError::Interrupted => Failure::Interrupted,
            error => Failure::Other(error.to_string()),
        })?
    } else {
        Vec::new()
    };
    let same = rebuilt.iter().all(Rebuilt::is_same);
    let text = if args.json {
        let whole = verified.is_whole() && same;
        format!("{}\n", json!({ "whole": whole, "store": verified, "rebuilt": rebuilt }))
    } else {
        listing(&verified) + &rebuilt.iter().map(Rebuilt::to_string).collect::<String>()
    };
    super::print(&text);
    match (verified.is_whole(), same) {
        (true, true) => Ok(()),
        (true, false) => Err(Failure::Other("what was run again gave other bytes".to_owned())),
        (false, _) => Err(Failure::Other(
            "the store has lost something; a run makes again what it needs, and `rnnwm gc` removes the rest"
                .to_owned(),
        )),
    }
}

fn listing(verified: &Verified) -> String {
    let mut text = format!(
        "{} records and {} objects ({}) are whole\n",
        verified.records,
        verified.objects,
        HumanBytes(verified.bytes)
    );
    if verified.damaged_records > 0 {
        let left = "left, since the store is in use or read-only";
        let then = if verified.removed_records { "removed" } else { left };
        text += &format!("{} damaged records: {then}\n", verified.damaged_records);
    }
    missed(&mut text, "damaged, put away", &verified.damaged);
    missed(&mut text, "damaged, cannot be put away", &verified.stuck);
    missed(&mut text, "missing", &verified.missing);
    text
}

fn missed(text: &mut String, how: &str, missed: &[Missed]) {
    for object in missed.iter().take(MOST_LISTED) {
        *text += &format!("{how}: {} ({})\n", object.digest, object.what);
    }
    if missed.len() > MOST_LISTED {
        *text += &format!("{how}: {} more\n", missed.len() - MOST_LISTED);
    }
}
