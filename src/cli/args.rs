//! What can be typed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::machine::Machine;
use super::{bench, completions, exec, kinds, plan, run, schema, why};

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
    /// Show why a stage will run: what differs from the last time, and which change leads there.
    Why(why::WhyArgs),
    /// Show what stages there are, with all their parameters.
    Kinds(kinds::KindsArgs),
    /// Measure how fast this machine computes.
    Bench(bench::BenchArgs),
    /// Print the JSON Schema of experiment files, for editors that complete and check.
    Schema(schema::SchemaArgs),
    /// Print a script that completes commands and flags in a shell.
    Completions(completions::CompletionsArgs),
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
    /// Only this stage and what it needs: `psth`, `fig_*`, `train[seed=1]`; may be given several times.
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

/// Runs the program.
pub fn main() -> ExitCode {
    let machine = Machine::load();
    let command = match &machine {
        Ok(machine) => machine.defaults(Cli::command()),
        Err(_) => Cli::command(),
    };
    // Help and what is typed wrongly end here, whatever the machine file says.
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let result = machine.and_then(|_| match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Why(args) => why::why(&args),
        Command::Kinds(args) => kinds::kinds(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Completions(args) => completions::completions(&args, Cli::command()),
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
