//! `rnnwm bench analysis`.

use clap::Args;
use serde_json::json;

use crate::stages::{AnalysisTime, bench_analysis};

use super::super::failure::Failure;
use super::super::run::threads;

/// Arguments of `rnnwm bench analysis`.
#[derive(Debug, Args)]
pub struct AnalysisArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Threads [default: all cores].
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
}

/// Measures.
pub fn analysis(args: &AnalysisArgs) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    threads(args.jobs.map_or(cores, std::num::NonZeroUsize::get))?;
    let time = bench_analysis().map_err(|error| Failure::Other(error.to_string()))?;
    let AnalysisTime { statistics_ms, activity_s } = time;
    if args.json {
        println!("{}", json!({ "statistics_ms": statistics_ms, "activity_s": activity_s }));
    } else {
        println!("256 units, 128 trials of a delayed response of 3 s");
        println!("all statistics of one checkpoint, on one core: {statistics_ms:.1} ms");
        println!("activity and PSTHs of 90 checkpoints: {activity_s:.2} s");
    }
    Ok(())
}
