//! `rnnwm bench`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::network::bench_train;
use crate::stages::{AnalysisTime, bench_analysis};

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
    /// A training step of the paper's network (256 units, 64 trials), against its matrix products alone.
    Train {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Threads [default: all cores].
        #[arg(short, long, value_name = "N")]
        jobs: Option<std::num::NonZeroUsize>,
    },
    /// The analyses of the paper's network: all statistics of one checkpoint on one core, and simulating 90
    /// checkpoints.
    Analysis {
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
    let (What::Train { jobs, .. } | What::Analysis { jobs, .. }) = args.what;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    threads(jobs.map_or(cores, std::num::NonZeroUsize::get))?;
    match args.what {
        What::Train { json, .. } => train(json),
        What::Analysis { json, .. } => analysis(json),
    }
}

fn analysis(json: bool) -> Result<(), Failure> {
    let time = bench_analysis().map_err(|error| Failure::Other(error.to_string()))?;
    let AnalysisTime { statistics_ms, activity_s } = time;
    if json {
        println!("{}", json!({ "statistics_ms": statistics_ms, "activity_s": activity_s }));
    } else {
        println!("256 units, 128 trials of a delayed response of 3 s");
        println!("all statistics of one checkpoint, on one core: {statistics_ms:.1} ms");
        println!("activity and PSTHs of 90 checkpoints: {activity_s:.2} s");
    }
    Ok(())
}

fn train(json: bool) -> Result<(), Failure> {
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
