//! `rnnwm bench`.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::network::{StepTime, bench_train};
use crate::stages::{CycleTime, bench_cycle};
use crate::store::{Durability, Store};

use super::failure::Failure;
use super::run::threads;

/// Arguments of `rnnwm bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Training the paper's network: a step against its matrix products alone, and where the time of the
    /// training loop goes.
    Train {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Threads [default: all cores].
        #[arg(short, long, value_name = "N")]
        jobs: Option<std::num::NonZeroUsize>,
    },
}

/// The lengths of the paper's tasks, from overlap to a delayed response of 3 s, in steps of 20 ms.
const LENGTHS: [usize; 4] = [80, 105, 175, 250];

/// Measures.
pub fn bench(args: &BenchArgs) -> Result<(), Failure> {
    let What::Train { json, jobs } = args.what;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    threads(jobs.map_or(cores, std::num::NonZeroUsize::get))?;
    let steps = bench_train(&LENGTHS).map_err(|error| Failure::Other(error.to_string()))?;
    let cycle = cycle()?;
    if json {
        println!("{}", as_json(&steps, &cycle));
    } else {
        show(&steps, &cycle);
    }
    Ok(())
}

/// The training loop, with a store of its own that is gone afterwards.
fn cycle() -> Result<CycleTime, Failure> {
    let folder =
        tempfile::tempdir().map_err(|error| Failure::Other(format!("no temporary folder: {error}")))?;
    let store = Store::open(folder.path(), Durability::Synced)?;
    bench_cycle(&store).map_err(|error| Failure::Other(error.to_string()))
}

fn as_json(steps: &[StepTime], cycle: &CycleTime) -> Json {
    let rows: Vec<Json> = steps
        .iter()
        .map(|time| json!({ "steps": time.steps, "ms": time.ms, "floor_ms": time.floor_ms }))
        .collect();
    let parts: serde_json::Map<String, Json> =
        cycle.parts.iter().map(|(name, ms)| ((*name).to_owned(), json!(ms))).collect();
    json!({ "train_step": rows, "cycle": { "ms": cycle.ms, "parts": parts } })
}

fn show(steps: &[StepTime], cycle: &CycleTime) {
    println!("one training step, 256 units, 64 trials; floor: its matrix products alone");
    println!("{:>6} {:>9} {:>9} {:>6}", "steps", "ms", "floor ms", "ratio");
    for StepTime { steps, ms, floor_ms } in steps {
        println!("{steps:>6} {ms:>9.1} {floor_ms:>9.1} {:>6.2}", ms / floor_ms);
    }
    println!("\none cycle: 20 training steps over six tasks, a test of 512 trials of each, a checkpoint");
    println!("{:>16} {:>9}", "part", "ms");
    for (name, ms) in &cycle.parts {
        println!("{name:>16} {ms:>9.1}");
    }
    println!("{:>16} {:>9.1}", "cycle", cycle.ms);
}
