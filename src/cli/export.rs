//! `rnnwm export`.
//!
//! ```text
//! DIR/<stage instance>/
//!   manifest.json                 what it is: key, parameters, and the files with their digests
//!   <table>.parquet, .csv         of a statistic
//!   figure.svg, ...               of a figure
//!   hp.json, log.json             of a model
//!   <trials>/model.safetensors    of a model's checkpoints
//!   <trials>/activity.parquet     of an activity, simulated here
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};

use crate::plan::{Instance, Plan, State};
use crate::stages::{Context, Gives, Job, checkpoints, kind, model_files};
use crate::store::{Digest, Durability, Store, write_atomically};
use crate::table::Table;

use super::args::StageArgs;
use super::exec::StandardError;
use super::experiment_file;
use super::failure::Failure;
use super::interrupt;
use super::text::{counted, size};

/// Arguments of `rnnwm export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// The folder to write to; each stage instance gets a folder of its own there.
    folder: PathBuf,
    /// The checkpoints of models and activities: `all`, `last`, or trials such as `0,12800`.
    #[arg(long, value_name = "WHICH", default_value = "all")]
    checkpoints: Checkpoints,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which checkpoints are wanted.
#[derive(Clone, Debug, PartialEq)]
enum Checkpoints {
    All,
    Last,
    These(Vec<u64>),
}

impl std::str::FromStr for Checkpoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "last" => Ok(Self::Last),
            list => {
                let trials = list.split(',').map(|trials| trials.trim().parse());
                let trials = trials.collect::<Result<_, _>>();
                trials
                    .map(Self::These)
                    .map_err(|_| "expected `all`, `last`, or trials such as `0,12800`".into())
            }
        }
    }
}

impl Checkpoints {
    /// Those of `there` (by trials, ascending) that are wanted.
    fn choose<T>(&self, mut there: Vec<(u64, T)>) -> Result<Vec<(u64, T)>, Failure> {
        match self {
            Self::All => {}
            Self::Last => drop(there.drain(..there.len().saturating_sub(1))),
            Self::These(wanted) => {
                let trials: Vec<u64> = there.iter().map(|(trials, _)| *trials).collect();
                if let Some(missing) = wanted.iter().find(|wanted| !trials.contains(wanted)) {
                    let nearest = trials.iter().min_by_key(|trials| trials.abs_diff(*missing));
                    let nearest =
                        nearest.map_or(String::new(), |nearest| format!("; the nearest is at {nearest}"));
                    return Err(Failure::Input(format!(
                        "there is no checkpoint at {missing} trials{nearest}"
                    )));
                }
                there.retain(|(trials, _)| wanted.contains(trials));
            }
        }
        Ok(there)
    }
}

/// Writes the results of stage instances.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    let store = Store::open(&args.stage.store.store, Durability::Synced)?;
    let plan = experiment_file::plan_of_stage(&args.stage, &store)?;
    let selected = plan.select(&args.stage.stage)?;
    let known = |node: &NodeIndex| is_known(&plan.graph[*node]);
    let (known, unknown): (Vec<NodeIndex>, Vec<NodeIndex>) = selected.into_iter().partition(known);
    let names: Vec<&str> = unknown.iter().map(|node| plan.graph[*node].address.as_str()).collect();
    if known.is_empty() {
        return Err(Failure::Input(format!("not known yet: {}; `rnnwm run` computes it", names.join(", "))));
    }
    for name in names {
        eprintln!("warning: {name} is not known yet, and left out");
    }
    let cancel = interrupt::flag();
    let mut exported = Vec::new();
    for node in known {
        let folder = args.folder.join(plan.graph[node].file_name());
        let mut export =
            Export { plan: &plan, store: &store, folder, cancel: &cancel, files: BTreeMap::new() };
        export.instance(node, &args.checkpoints)?;
        let bytes = export.files.values().map(|file| file.bytes).sum::<u64>();
        exported.push((export.folder, export.files.len(), bytes));
    }
    if args.json {
        let shown = exported
            .iter()
            .map(|(folder, files, bytes)| json!({ "folder": folder, "files": files, "bytes": bytes }));
        super::print_json(&shown.collect());
    } else {
        let shown = exported.iter().map(|(folder, files, bytes)| {
            format!("{}: {}, {}\n", folder.display(), counted(*files, "file"), size(*bytes))
        });
        super::print(&shown.collect::<String>());
    }
    Ok(())
}

fn is_known(instance: &Instance) -> bool {
    instance.settled().is_some() || matches!(instance.state, State::Expanded(_) | State::Simulated)
}

/// A file that was written.
struct Written {
    digest: Digest,
    bytes: u64,
}

/// The export of one stage instance.
struct Export<'a> {
    plan: &'a Plan,
    store: &'a Store,
    folder: PathBuf,
    cancel: &'a AtomicBool,
    files: BTreeMap<String, Written>,
}

impl Export<'_> {
    fn instance(&mut self, node: NodeIndex, which: &Checkpoints) -> Result<(), Failure> {
        let (plan, instance) = (self.plan, &self.plan.graph[node]);
        match (plan.stage(node).kind.gives(), &instance.state) {
            (Gives::Activity, State::Expanded(checkpoints)) => {
                let there = checkpoints
                    .iter()
                    .filter_map(|node| Some((plan.graph[*node].item.as_ref()?.trials, *node)));
                for (_, checkpoint) in which.choose(there.collect())? {
                    self.activity(checkpoint)?;
                }
            }
            (Gives::Activity, _) => self.activity(node)?,
            (Gives::Model, _) => self.model(instance, which)?,
            _ => self.outputs(instance)?,
        }
        let manifest = serde_json::to_vec_pretty(&self.manifest(node)?)
            .map_err(|error| Failure::Other(error.to_string()))?;
        write_atomically(&self.folder.join("manifest.json"), &manifest)?;
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_atomically(&self.folder.join(name), bytes)?;
        self.files.insert(name.to_owned(), Written { digest: Digest::of(bytes), bytes: bytes.len() as u64 });
        Ok(())
    }

    fn read(&self, digest: &Digest) -> Result<Vec<u8>, Failure> {
        self.store
            .read(digest)
            .map_err(|error| Failure::Other(format!("{error}; `rnnwm run` makes it again")))
    }

    fn outputs(&mut self, instance: &Instance) -> Result<(), Failure> {
        for (output, digest) in instance.settled().iter().flat_map(|settled| settled.outputs.iter()) {
            let bytes = self.read(digest)?;
            // A selection is stored under a name without an extension.
            let name = if Path::new(output).extension().is_some() {
                output.to_owned()
            } else {
                format!("{output}.json")
            };
            self.write(&name, &bytes)?;
            if let Some(table) = name.strip_suffix(".parquet") {
                let read = Table::from_parquet(&bytes).map_err(|error| Failure::Other(error.to_string()))?;
                self.write(&format!("{table}.csv"), read.to_csv().as_bytes())?;
            }
        }
        Ok(())
    }

    fn model(&mut self, instance: &Instance, which: &Checkpoints) -> Result<(), Failure> {
        let (Some(settled), Some(spec)) = (instance.settled(), &instance.offer.model) else { return Ok(()) };
        let facts = settled.facts(self.store);
        let there = checkpoints(&facts, &settled.outputs, self.store);
        let there = there.into_iter().map(|checkpoint| (checkpoint.trials, checkpoint.weights.digest));
        let chosen = which.choose(there.collect())?;
        if let Some(log) = settled.outputs.get("log") {
            let log = self.read(log)?;
            let files = model_files(&instance.params(), spec, &facts, &log, &self.folder, self.store);
            for (name, bytes) in files.into_iter().flatten() {
                self.write(name, &bytes)?;
            }
        }
        for (trials, digest) in chosen {
            let bytes = self.read(&digest)?;
            self.write(&format!("{trials}/model.safetensors"), &bytes)?;
        }
        Ok(())
    }

    /// The activity of one checkpoint: as it is stored, or simulated.
    fn activity(&mut self, node: NodeIndex) -> Result<(), Failure> {
        let checkpoint = &self.plan.graph[node];
        let trials = checkpoint.item.as_ref().map_or(0, |item| item.trials);
        let outputs = match (checkpoint.settled(), self.plan.job(node)) {
            (Some(settled), _) => {
                let read = |(name, digest): (&str, &Digest)| Ok((name.to_owned(), self.read(digest)?));
                settled.outputs.iter().map(read).collect::<Result<Vec<_>, Failure>>()?
            }
            (None, Some(job)) => self.simulate(&job)?,
            (None, None) => Vec::new(),
        };
        for (name, bytes) in outputs {
            self.write(&format!("{trials}/{name}"), &bytes)?;
        }
        Ok(())
    }

    fn simulate(&self, job: &Job) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let kind = kind(&job.kind).ok_or_else(|| Failure::Other(format!("no stage kind `{}`", job.kind)))?;
        let context = Context { store: self.store, report: &StandardError, cancel: self.cancel };
        context.check()?;
        Ok(kind.run(job, &context)?.outputs)
    }

    fn manifest(&self, node: NodeIndex) -> Result<Json, Failure> {
        let instance = &self.plan.graph[node];
        let kind = self.plan.stage(node).kind;
        let record = instance.settled().and_then(|settled| self.store.lookup(&settled.key));
        let files: BTreeMap<&String, Json> = self
            .files
            .iter()
            .map(|(name, file)| (name, json!({ "blake3": file.digest, "bytes": file.bytes })))
            .collect();
        Ok(json!({
            "program": concat!("rnnwm ", env!("CARGO_PKG_VERSION")),
            "experiment": self.plan.experiment.name,
            "stage": instance.address,
            "kind": kind.name(),
            "version": kind.version(),
            "key": instance.settled().map(|settled| settled.key),
            "parameters": instance.params(),
            "made": record.map(|record| json!({
                "by": record.program,
                "on": record.host,
                "started_ms": record.started_ms,
                "duration_ms": record.duration_ms,
            })),
            "files": files,
        }))
    }
}
