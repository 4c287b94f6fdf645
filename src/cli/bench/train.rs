//! `rnnwm bench train`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::network::{StepTime, bench_train};
use crate::stages::{CycleTime, Scaling, bench_cycle, bench_scaling};
use crate::store::{Durability, Store};

use super::super::failure::Failure;
use super::super::run::threads;
use super::process::peak_memory;

/// Arguments of `rnnwm bench train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Threads [default: all cores].
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// The lengths of the paper's tasks, from overlap to a delayed response of 3 s, in steps of 20 ms.
const LENGTHS: [usize; 4] = [80, 105, 175, 250];
/// The tasks whose training is weighed: the longest of the paper, and one with a delay of 15 s.
const LONG_TASKS: [&str; 2] = ["odr3000", "odr15000"];

/// What was measured.
struct Measured {
    steps: Vec<StepTime>,
    cycle: CycleTime,
    /// Where there are threads to scale to.
    scaling: Option<Scaling>,
    /// Of a whole process that trains with a task, in MB.
    memory: Vec<(&'static str, f64)>,
}

/// Measures.
pub fn train(args: &TrainArgs) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let count = args.jobs.map_or(cores, NonZeroUsize::get);
    threads(count)?;
    let folder =
        tempfile::tempdir().map_err(|error| Failure::Other(format!("no temporary folder: {error}")))?;
    let store = |name| Store::open(&folder.path().join(name), Durability::Synced);
    let stores = [store("alone")?, store("together")?, store("first")?, store("second")?];
    let failed = |error: crate::stages::StageError| Failure::Other(error.to_string());
    let measured = Measured {
        steps: bench_train(&LENGTHS).map_err(|error| Failure::Other(error.to_string()))?,
        cycle: bench_cycle(&store("cycle")?).map_err(failed)?,
        scaling: (count > 1).then(|| bench_scaling(&stores, count)).transpose().map_err(failed)?,
        memory: memory(folder.path(), count)?,
    };
    super::super::print(&if args.json { as_json(&measured) } else { as_text(&measured) });
    Ok(())
}

/// The memory of processes that train the paper's network a little, as far as the system tells.
fn memory(folder: &Path, threads: usize) -> Result<Vec<(&'static str, f64)>, Failure> {
    let other = |error: std::io::Error| Failure::Other(error.to_string());
    let binary = std::env::current_exe().map_err(other)?;
    let mut all = Vec::new();
    for task in LONG_TASKS {
        let file = folder.join(format!("{task}.toml"));
        let training = format!("[stages.train]\ntasks = [\"{task}\"]\nstop = {{ max_trials = 1280 }}\n");
        std::fs::write(&file, training).map_err(other)?;
        let mut command = Command::new(&binary);
        command.current_dir(folder).args(["run", "--quiet", "--store", task]);
        command.arg("--jobs").arg(threads.to_string()).arg(&file);
        all.extend(peak_memory(&mut command)?.map(|mb| (task, mb)));
    }
    Ok(all)
}

fn as_json(measured: &Measured) -> String {
    let Measured { steps, cycle, scaling, memory } = measured;
    let rows: Vec<Json> = steps
        .iter()
        .map(|time| json!({ "steps": time.steps, "ms": time.ms, "floor_ms": time.floor_ms }))
        .collect();
    let numbers = |all: &[(&'static str, f64)]| -> Map<String, Json> {
        all.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect()
    };
    let scaling = scaling.map(|scaling| {
        let Scaling { threads, one_seed, two_seeds } = scaling;
        json!({ "threads": threads, "one_seed": one_seed, "two_seeds": two_seeds })
    });
    let value = json!({
        "train_step": rows,
        "cycle": { "ms": cycle.ms, "parts": numbers(&cycle.parts) },
        "scaling": scaling,
        "memory_mb": numbers(memory),
    });
    format!("{value}\n")
}

fn as_text(measured: &Measured) -> String {
    let Measured { steps, cycle, scaling, memory } = measured;
    let mut text =
        "one training step, 256 units, 64 trials; floor: its matrix products alone, by `gemm`\n".to_owned();
    text.push_str(&format!("{:>6} {:>9} {:>9} {:>6}\n", "steps", "ms", "floor ms", "ratio"));
    for StepTime { steps, ms, floor_ms } in steps {
        text.push_str(&format!("{steps:>6} {ms:>9.1} {floor_ms:>9.1} {:>6.2}\n", ms / floor_ms));
    }
    text.push_str(
        "\none cycle: 20 training steps over six tasks, a test of 512 trials of each, a checkpoint\n",
    );
    text.push_str(&format!("{:>16} {:>9}\n", "part", "ms"));
    for (name, ms) in &cycle.parts {
        text.push_str(&format!("{name:>16} {ms:>9.1}\n"));
    }
    text.push_str(&format!("{:>16} {:>9.1}\n", "cycle", cycle.ms));
    if let Some(Scaling { threads, one_seed, two_seeds }) = scaling {
        text.push_str(&format!(
            "\n{threads} threads against one: one seed {one_seed:.2}x, two seeds {two_seeds:.2}x\n"
        ));
    }
    for (task, mb) in memory {
        text.push_str(&format!("memory of training {task}: {mb:.0} MB\n"));
    }
    text
}
