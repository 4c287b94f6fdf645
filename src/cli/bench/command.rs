//! The arguments of `rnnwm bench`.

use clap::{Args, Subcommand};

use super::super::failure::Failure;
use super::analysis::{AnalysisArgs, analysis};
use super::engine::{EngineArgs, engine};
use super::train::{TrainArgs, train};

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
    Train(TrainArgs),
    /// The analyses of the paper's network: all statistics of one checkpoint on one core, and simulating 90
    /// checkpoints.
    Analysis(AnalysisArgs),
    /// Planning and running experiments of many stages, as whole processes.
    Engine(EngineArgs),
}

/// Measures.
pub fn bench(args: &BenchArgs) -> Result<(), Failure> {
    match &args.what {
        What::Train(args) => train(args),
        What::Analysis(args) => analysis(args),
        What::Engine(args) => engine(args),
    }
}
