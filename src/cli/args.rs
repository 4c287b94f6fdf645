//! What can be typed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::run::Layout;
use crate::simd::Instructions;

use super::failure::Failure;
use super::machine::Machine;
use super::{
    bench, clean, completions, diff, events, exec, export, gc, graph, kinds, log, plan, run, runs, schema,
    status, verify, why,
};

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
    /// Show how far an experiment is: what is known, running, failed, and still to do.
    Status(status::StatusArgs),
    /// Print the log of a stage.
    Log(log::LogArgs),
    /// Draw the graph of an experiment's stages.
    Graph(graph::GraphArgs),
    /// List past runs.
    Runs(runs::RunsArgs),
    /// Compare two runs: their parameters and their headline numbers.
    Diff(diff::DiffArgs),
    /// Print the events of a run.
    Events(events::EventsArgs),
    /// Write the results of a stage to a folder.
    Export(export::ExportArgs),
    /// Remove what was laid out for an experiment, never the store.
    Clean(clean::CleanArgs),
    /// Show what stages there are, with all their parameters.
    Kinds(kinds::KindsArgs),
    /// Check every record and object of the store, and put away what is damaged.
    Verify(verify::VerifyArgs),
    /// Remove from the store what no experiment needs.
    Gc(gc::GcArgs),
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

/// Where results are laid out.
#[derive(Clone, Debug, Args)]
pub struct LayoutArgs {
    /// Where figures, tables and the report go.
    #[arg(long, value_name = "DIR", default_value = "outputs", env = "RNNWM_OUTPUTS")]
    pub outputs: PathBuf,
    /// Where models are laid out.
    #[arg(long, value_name = "DIR", default_value = "data", env = "RNNWM_DATA")]
    pub data: PathBuf,
}

impl LayoutArgs {
    /// The folders of an experiment whose results are kept in `store`.
    ///
    /// # Errors
    /// If one of them is the store, or in it.
    pub fn of(&self, experiment: &str, store: &StoreArgs) -> Result<Layout, Failure> {
        let layout = Layout { outputs: self.outputs.join(experiment), data: self.data.join(experiment) };
        let inside = [&layout.outputs, &layout.data].into_iter().find(|folder| is_in(folder, &store.store));
        match inside {
            None => Ok(layout),
            Some(folder) => Err(Failure::Input(format!(
                "experiment `{experiment}` would be laid out in {}, where the store is; give it another name, or \
                 other folders with --outputs and --data",
                folder.display()
            ))),
        }
    }
}

/// Whether a folder is another, or in it. Links are followed as far as there is something already.
fn is_in(folder: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        let path = std::path::absolute(path).ok()?;
        let real = |above: &Path| Some(above.canonicalize().ok()?.join(path.strip_prefix(above).ok()?));
        path.ancestors().find_map(real)
    };
    let (folder, other) = (whole(folder), whole(other));
    other.is_some_and(|other| folder.is_some_and(|folder| folder.starts_with(other)))
}

/// A stage of an experiment.
#[derive(Clone, Debug, Args)]
pub struct StageArgs {
    /// The stage: its name, one instance (`train[seed=1]`), or a pattern (`fig_*`).
    pub stage: String,
    /// The experiment file [default: that of the last run].
    #[arg(short, long, value_name = "FILE")]
    pub experiment: Option<PathBuf>,
    /// Replace a value of the experiment, as `run` does.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub settings: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
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
    let machine = Machine::load();
    let command = match &machine {
        Ok(machine) => machine.defaults(Cli::command()),
        Err(_) => Cli::command(),
    };
    // Help and what is typed wrongly end here, whatever the machine file says.
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let result = machine.and_then(|_| force_instructions()).and_then(|()| match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Why(args) => why::why(&args),
        Command::Status(args) => status::status(&args),
        Command::Log(args) => log::log(&args),
        Command::Graph(args) => graph::graph(&args),
        Command::Runs(args) => runs::runs(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Events(args) => events::events(&args),
        Command::Export(args) => export::export(&args),
        Command::Clean(args) => clean::clean(&args),
        Command::Kinds(args) => kinds::kinds(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Gc(args) => gc::gc(&args),
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
