//! `rnnwm bench engine`.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::json;

use super::super::failure::Failure;
use super::graph::Graph;
use super::peers::{PEERS, PeerTimes, peer};
use super::process::{peak_memory, shortest, time};

/// The stages of the experiment that everything is measured with that is measured once.
const STAGES: usize = 1000;

/// Arguments of `rnnwm bench engine`.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Sizes of the experiments, in stages.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1000, 10_000, 100_000])]
    stages: Vec<usize>,
    /// Leave the experiments in this folder.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Also run Snakemake, DVC and doit, from PyPI, on such a graph.
    #[arg(long)]
    peers: bool,
    /// Where the peers are installed, and found the next time [default: a temporary folder].
    #[arg(long, value_name = "DIR", requires = "peers")]
    venvs: Option<PathBuf>,
}

/// What was measured of one experiment.
struct Size {
    stages: usize,
    noop_ms: f64,
    plan_ms: f64,
    memory_mb: Option<f64>,
}

/// Measures.
pub fn engine(args: &EngineArgs) -> Result<(), Failure> {
    let scratch = tempfile::tempdir().map_err(|error| Failure::Other(error.to_string()))?;
    let experiments = args.write.as_deref().unwrap_or(scratch.path());
    let program = Program {
        binary: std::env::current_exe().map_err(|error| Failure::Other(error.to_string()))?,
        folder: scratch.path(),
    };
    let mut sizes = Vec::new();
    for stages in &args.stages {
        let file = write(experiments, *stages)?;
        sizes.push(measure(&program, *stages, &file)?);
    }
    let file = write(experiments, STAGES)?;
    let cold = |store: &'static str, arguments: &[&str]| {
        Ok::<f64, Failure>(time(&mut program.run(&file, store, arguments))? / STAGES as f64)
    };
    let (overhead, no_sync) = (cold("durable", &[])?, cold("fast", &["--no-sync"])?);
    let help = shortest(5, || program.command(&["--help"]))?;
    let mut peers = Vec::new();
    if args.peers {
        let venvs = args.venvs.clone().unwrap_or_else(|| scratch.path().join("venvs"));
        for (name, stages) in PEERS {
            peers.push(peer(name, stages, &venvs, scratch.path())?);
        }
    }
    let text = if args.json {
        as_json(&sizes, overhead, no_sync, help, &peers)
    } else {
        as_text(&sizes, overhead, no_sync, help, &peers)
    };
    super::super::print(&text);
    Ok(())
}

/// The program as others run it.
struct Program<'a> {
    binary: PathBuf,
    folder: &'a Path,
}

impl Program<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.folder).args(arguments);
        command
    }

    fn run(&self, file: &Path, store: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(&["run", "--quiet", "--store", store]);
        command.args(["--outputs".to_owned(), format!("{store}-outputs")]);
        command.args(["--data".to_owned(), format!("{store}-data")]);
        command.args(arguments).arg(file);
        command
    }
}

fn measure(program: &Program, stages: usize, file: &Path) -> Result<Size, Failure> {
    let store = format!("store{stages}");
    time(&mut program.run(file, &store, &["--no-sync"]))?;
    let times = if stages > STAGES { 3 } else { 10 };
    let plan = || {
        let mut command = program.command(&["plan", "--store", &store]);
        command.arg(file);
        command
    };
    Ok(Size {
        stages: Graph::of(stages).stages(),
        noop_ms: shortest(times, || program.run(file, &store, &[]))?,
        plan_ms: shortest(times, plan)?,
        memory_mb: peak_memory(&mut program.run(file, &store, &[]))?,
    })
}

fn write(folder: &Path, stages: usize) -> Result<PathBuf, Failure> {
    let failed =
        |error: std::io::Error| Failure::Other(format!("cannot write {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let path = std::path::absolute(folder.join(format!("stages-{stages}.toml"))).map_err(failed)?;
    std::fs::write(&path, Graph::of(stages).experiment()).map_err(failed)?;
    Ok(path)
}

fn as_json(sizes: &[Size], overhead: f64, no_sync: f64, help: f64, peers: &[PeerTimes]) -> String {
    let each = |ms: fn(&Size) -> f64| -> Vec<_> {
        sizes.iter().map(|size| json!({ "stages": size.stages, "ms": ms(size) })).collect()
    };
    let memory: Vec<_> = sizes
        .iter()
        .filter_map(|size| Some(json!({ "stages": size.stages, "mb": size.memory_mb? })))
        .collect();
    let mut value = json!({
        "noop": each(|size| size.noop_ms),
        "plan": each(|size| size.plan_ms),
        "memory": memory,
        "overhead_ms": overhead,
        "overhead_no_sync_ms": no_sync,
        "help_ms": help,
    });
    if !peers.is_empty() {
        let times = peers.iter().map(|peer| {
            let times = json!({
                "version": peer.version, "stages": peer.stages, "noop_ms": peer.noop_ms,
                "overhead_ms": peer.overhead_ms(),
            });
            (peer.name.to_owned(), times)
        });
        value["peers"] = times.collect::<serde_json::Map<_, _>>().into();
    }
    format!("{value}\n")
}

fn as_text(sizes: &[Size], overhead: f64, no_sync: f64, help: f64, peers: &[PeerTimes]) -> String {
    let mut text = "whole processes; nothing to do: everything is known\n".to_owned();
    text.push_str(&format!("{:>8} {:>12} {:>10} {:>10}\n", "stages", "nothing ms", "plan ms", "memory MB"));
    for size in sizes {
        let memory = size.memory_mb.map_or("?".to_owned(), |mb| format!("{mb:.0}"));
        text.push_str(&format!(
            "{:>8} {:>12.1} {:>10.1} {memory:>10}\n",
            size.stages, size.noop_ms, size.plan_ms
        ));
    }
    text.push_str(&format!("\n{:<24} {:>8} {:>16} {:>12}\n", "", "stages", "cold, ms/stage", "nothing ms"));
    let mut row = |name: &str, stages: usize, cold: f64, nothing: Option<f64>| {
        let nothing = nothing.map_or(String::new(), |ms| format!("{ms:.1}"));
        text.push_str(format!("{name:<24} {stages:>8} {cold:>16.2} {nothing:>12}").trim_end());
        text.push('\n');
    };
    let noop = sizes.iter().find(|size| size.stages == STAGES).map(|size| size.noop_ms);
    row("rnnwm, durable", STAGES, overhead, noop);
    row("rnnwm, --no-sync", STAGES, no_sync, None);
    for peer in peers {
        let name = format!("{} {}", peer.name, peer.version);
        row(&name, peer.stages, peer.overhead_ms(), Some(peer.noop_ms));
    }
    text.push_str(&format!("\nrnnwm --help: {help:.1} ms\n"));
    text
}
