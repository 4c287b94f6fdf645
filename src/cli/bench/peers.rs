//! Other pipeline runners on the same graph: a stage copies a small file.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::failure::Failure;
use super::graph::Graph;
use super::process::{shortest, time};

/// The runners that there is a comparison with, and on how many stages: the time that DVC takes for a stage
/// grows with their number, and 1,000 of them take more than ten minutes.
pub const PEERS: [(&str, usize); 3] = [("snakemake", 1000), ("dvc", 200), ("doit", 1000)];

/// How fast a runner is.
pub struct PeerTimes {
    /// What it is called.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// The stages of the graph.
    pub stages: usize,
    /// A first run, in milliseconds.
    pub cold_ms: f64,
    /// A run with nothing to do, in milliseconds.
    pub noop_ms: f64,
}

/// Installs a runner, unless it is there, and measures it on a graph of about so many stages.
///
/// # Errors
/// If it cannot be installed or fails.
pub fn peer(name: &'static str, stages: usize, venvs: &Path, scratch: &Path) -> Result<PeerTimes, Failure> {
    let graph = Graph::of(stages);
    let venv = install(name, venvs)?;
    let folder = scratch.join(name);
    let failed =
        |error: std::io::Error| Failure::Other(format!("cannot write {}: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let (file, text) = match name {
        "snakemake" => ("Snakefile", snakefile(graph)),
        "dvc" => ("dvc.yaml", dvc_yaml(graph)),
        _ => ("dodo.py", dodo(graph)),
    };
    std::fs::write(folder.join(file), text).map_err(failed)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).to_string();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path)))
        .unwrap_or(path);
    let command = |arguments: &[&str]| {
        let mut command = Command::new(venv.join("bin").join(name));
        command.current_dir(&folder).args(arguments).env("PATH", &path).env("DVC_NO_ANALYTICS", "1");
        command
    };
    if name == "dvc" {
        time(&mut command(&["init", "--quiet", "--no-scm"]))?;
    }
    let arguments: Vec<&str> = match name {
        "snakemake" => vec!["--quiet", "all", "--cores", &cores],
        "dvc" => vec!["repro", "--quiet"],
        _ => vec!["-n", &cores],
    };
    Ok(PeerTimes {
        name,
        version: version(&venv, name)?,
        stages: graph.stages(),
        cold_ms: time(&mut command(&arguments))?,
        noop_ms: shortest(3, || command(&arguments))?,
    })
}

fn install(name: &str, venvs: &Path) -> Result<PathBuf, Failure> {
    let wanted = match name {
        "snakemake" => "snakemake>=9,<10",
        "dvc" => "dvc>=3,<4",
        other => other,
    };
    let venv = venvs.join(name);
    if !venv.join("bin").join(name).exists() {
        time(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        time(Command::new(venv.join("bin/pip")).args(["install", "--quiet", wanted]))?;
    }
    std::path::absolute(venv).map_err(|error| Failure::Other(error.to_string()))
}

fn version(venv: &Path, name: &str) -> Result<String, Failure> {
    let code = format!("import importlib.metadata as m; print(m.version('{name}'))");
    let output = Command::new(venv.join("bin/python")).args(["-c", &code]).output();
    let output = output.map_err(|error| Failure::Other(error.to_string()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl PeerTimes {
    /// A first run, in milliseconds per stage.
    pub fn overhead_ms(&self) -> f64 {
        self.cold_ms / self.stages as f64
    }
}

/// Every stage with the one that it needs: name, and name of the other.
fn stages(graph: Graph) -> impl Iterator<Item = (String, Option<String>)> {
    (0..graph.seeds).flat_map(move |seed| {
        let train = format!("train_{seed}");
        let select = (0..graph.criteria).map(move |number| format!("select_{seed}_{number}"));
        let growth = (0..graph.windows).map(move |number| format!("growth_{seed}_{number}"));
        let below = select.chain(growth).map({
            let train = train.clone();
            move |name| (name, Some(train.clone()))
        });
        std::iter::once((train, None)).chain(below)
    })
}

fn snakefile(graph: Graph) -> String {
    let Graph { seeds, criteria, windows } = graph;
    format!(
        r#"rule all:
    input:
        expand("out/select_{{s}}_{{c}}.txt", s=range({seeds}), c=range({criteria})),
        expand("out/growth_{{s}}_{{w}}.txt", s=range({seeds}), w=range({windows})),

rule train:
    output: "out/train_{{s}}.txt"
    shell: "echo {{wildcards.s}} > {{output}}"

rule select:
    input: "out/train_{{s}}.txt"
    output: "out/select_{{s}}_{{c}}.txt"
    shell: "cp {{input}} {{output}}"

rule growth:
    input: "out/train_{{s}}.txt"
    output: "out/growth_{{s}}_{{w}}.txt"
    shell: "cp {{input}} {{output}}"
"#
    )
}

fn dvc_yaml(graph: Graph) -> String {
    let mut text = "stages:\n".to_owned();
    for (name, needs) in stages(graph) {
        match needs {
            None => text.push_str(&format!("  {name}:\n    cmd: echo {name} > {name}.txt\n")),
            Some(needs) => text.push_str(&format!(
                "  {name}:\n    cmd: cp {needs}.txt {name}.txt\n    deps:\n      - {needs}.txt\n"
            )),
        }
        text.push_str(&format!("    outs:\n      - {name}.txt\n"));
    }
    text
}

fn dodo(graph: Graph) -> String {
    let mut text = "STAGES = [\n".to_owned();
    for (name, needs) in stages(graph) {
        let needs = needs.map_or("None".to_owned(), |needs| format!("\"{needs}\""));
        text.push_str(&format!("    (\"{name}\", {needs}),\n"));
    }
    text.push_str(
        r#"]

DOIT_CONFIG = {"verbosity": 0}

def task_stage():
    for name, needs in STAGES:
        action = f"cp {needs}.txt {name}.txt" if needs else f"echo {name} > {name}.txt"
        yield {
            "name": name,
            "actions": [action],
            "file_dep": [f"{needs}.txt"] if needs else [],
            "targets": [f"{name}.txt"],
            "uptodate": [True],
        }
"#,
    );
    text
}
