//! What can be typed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::simd::Instructions;

use super::failure::Failure;
use super::{bench, exec, kinds, plan, run};

/// Experiment pipelines for recurrent-network models of working memory.
///
/// One TOML file describes the stages of an experiment: train networks, select checkpoints, record
/// activity, compute statistics, draw figures. What is known is never computed again.
#[derive(Debug, Parser)]
#[command(name = "rnnwm", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an experiment: compute what is not known yet, and lay out figures, tables and the report.
    Run(run::RunArgs),
    /// Show what a run would do, stage by stage, and why.
    Plan(plan::PlanArgs),
    /// Show what stages there are, with all their parameters.
    Kinds(kinds::KindsArgs),
    /// Measure how fast this machine computes.
    Bench(bench::BenchArgs),
    /// Run one job, as another process or machine was told to.
    #[command(hide = true)]
    Exec(exec::ExecArgs),
}

/// Which experiment, and where its results are kept.
#[derive(Clone, Debug, Args)]
pub struct ExperimentArgs {
    /// The experiment file.
    pub file: PathBuf,
    /// Replace a value of the experiment, e.g. `--set stages.train.stop.max_trials=200000`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub settings: Vec<String>,
    /// Only this stage and what it needs; may be given several times.
    #[arg(long, value_name = "STAGE")]
    pub only: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Where results are kept.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// The store of results.
    #[arg(long, value_name = "DIR", default_value = "data/store", env = "RNNWM_STORE")]
    pub store: PathBuf,
}

/// Forces the vector instructions that `RNNWM_INSTRUCTIONS` names, if it is set.
fn force_instructions() -> Result<(), Failure> {
    let Ok(name) = std::env::var("RNNWM_INSTRUCTIONS") else { return Ok(()) };
    Instructions::force(&name).map_err(|available| {
        let available = available.join(", ");
        Failure::Input(format!("RNNWM_INSTRUCTIONS is `{name}`, and this machine has {available}"))
    })
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = force_instructions().and_then(|()| match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Kinds(args) => kinds::kinds(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Exec(args) => exec::exec(&args),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.say();
            ExitCode::from(failure.code())
        }
    }
}
