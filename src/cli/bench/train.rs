//! `rnnwm bench train`.

use clap::Args;
use serde_json::json;

use crate::network::bench_train;

use super::super::failure::Failure;
use super::super::run::threads;

/// Arguments of `rnnwm bench train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Threads [default: all cores].
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
}

/// The lengths of the paper's tasks, from overlap to a delayed response of 3 s, in steps of 20 ms.
const LENGTHS: [usize; 4] = [80, 105, 175, 250];

/// Measures.
pub fn train(args: &TrainArgs) -> Result<(), Failure> {
    let TrainArgs { json, jobs } = *args;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    threads(jobs.map_or(cores, std::num::NonZeroUsize::get))?;
    let times = bench_train(&LENGTHS).map_err(|error| Failure::Other(error.to_string()))?;
    if json {
        let rows: Vec<_> = times
            .iter()
            .map(|time| json!({ "steps": time.steps, "ms": time.ms, "floor_ms": time.floor_ms }))
            .collect();
        println!("{}", json!({ "train_step": rows }));
        return Ok(());
    }
    println!("one training step, 256 units, 64 trials; floor: its matrix products alone");
    println!("{:>6} {:>9} {:>9} {:>6}", "steps", "ms", "floor ms", "ratio");
    for time in times {
        println!(
            "{:>6} {:>9.1} {:>9.1} {:>6.2}",
            time.steps,
            time.ms,
            time.floor_ms,
            time.ms / time.floor_ms
        );
    }
    Ok(())
}
