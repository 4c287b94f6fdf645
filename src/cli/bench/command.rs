//! The arguments of `rnnwm bench`.

use clap::{Args, Subcommand};

use super::super::failure::Failure;
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
    /// A training step of the paper's network (256 units, 64 trials), against its matrix products alone.
    Train(TrainArgs),
    /// Planning and running experiments of many stages, as whole processes.
    Engine(EngineArgs),
}

/// Measures.
pub fn bench(args: &BenchArgs) -> Result<(), Failure> {
    match &args.what {
        What::Train(args) => train(args),
        What::Engine(args) => engine(args),
    }
}
