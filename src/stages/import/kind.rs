//! The stage kind `import`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::network::{TensorFlowWeights, Weights};
use crate::store::{Commit, Key, KnownFiles, now_ms};
use crate::tasks::Task;
use crate::training::Dynamics;

use super::super::context::{Context, Inputs, Outcome, Progress, StageError};
use super::super::job::{JobInput, Source};
use super::super::kind::{Bound, Complaint, Gives, Input, Kind, Offer, Scope};
use super::super::model::{CHECKPOINTS, ModelSpec, NamedTask};
use super::super::train::{TrainingLog, checkpoint_action};
use super::folder::{FOLDER, ModelFolder};
use super::history;
use super::hyperparameters::Hyperparameters;

const HYPERPARAMETERS: &str = "hyperparameters";
const LOG: &str = "log";

/// The kind `import`.
pub struct Import;

/// Takes in a model that the reference implementation trained with TensorFlow: a folder with `hp.json` and
/// `log.json`, and a folder for each checkpoint, named by the trials trained. Stages take it in as they do
/// a model that was trained here.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportParams {
    /// The model's folder. The path starts from the folder of the file that it stands in.
    #[schemars(length(min = 1), extend("format" = "path"))]
    folder: String,
}

/// What `import` reads, but for the files.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    dynamics: Dynamics,
    /// The tasks that it was trained on, as its log names them.
    tasks: Vec<String>,
}

impl Kind for Import {
    type Params = ImportParams;
    type Resolved = Resolved;

    const NAME: &'static str = "import";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Model;
    const INPUTS: &'static [Input] = &[];

    fn bind(params: ImportParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let one = |complaint| vec![complaint];
        let folder = ModelFolder::look(Path::new(&params.folder)).map_err(one)?;
        let Hyperparameters { dynamics, rules, seed } =
            hyperparameters(&folder.hyperparameters).map_err(one)?;
        let tasks = tasks(&rules, &dynamics, scope)?;
        let files = files(&folder, scope.files).map_err(one)?;
        let resolved = Resolved { dynamics, tasks: tasks.iter().map(|task| task.name.clone()).collect() };
        let model = Some(Arc::new(ModelSpec { dynamics, tasks, seed }));
        Ok(Bound { files, ..Bound::new(resolved, Offer { model, ..Offer::default() }) })
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let log = read_log(inputs.one(LOG)?, &resolved.tasks, context)?;
        let collection = inputs.key()?;
        let mut checkpoints: BTreeMap<u64, BTreeMap<String, &JobInput>> = BTreeMap::new();
        for input in inputs.all(CHECKPOINTS) {
            let Part { trials, file } =
                serde_json::from_value(input.item.clone()).map_err(StageError::Job)?;
            checkpoints.entry(trials).or_default().insert(file, input);
        }
        let total = checkpoints.len() as u64;
        for (done, (trials, files)) in checkpoints.iter().enumerate() {
            context.check()?;
            let weights = read_weights(*trials, files, &resolved.dynamics, context)?;
            file_weights(&collection, *trials, &weights, context)?;
            let done = done as u64 + 1;
            context.report.progress(Progress {
                done,
                total,
                unit: "checkpoints",
                fresh: done,
                ..Progress::default()
            });
        }
        let kept: Vec<u64> = checkpoints.into_keys().collect();
        tell(&kept, &log, context);
        let bytes =
            |value: serde_json::Result<Vec<u8>>| value.map_err(StageError::because("cannot write the log"));
        let log = (LOG.to_owned(), bytes(serde_json::to_vec(&log))?);
        let kept = (CHECKPOINTS.to_owned(), bytes(serde_json::to_vec(&kept))?);
        let facts = json!({ "collection": collection });
        Ok(Outcome { outputs: vec![log, kept], facts, ..Outcome::default() })
    }
}

/// Which file of which checkpoint.
#[derive(Serialize, Deserialize)]
struct Part {
    trials: u64,
    file: String,
}

fn hyperparameters(path: &Path) -> Result<Hyperparameters, Complaint> {
    let shown = path.display();
    let text = std::fs::read(path)
        .map_err(|error| Complaint::new(FOLDER, format!("cannot read `{shown}`: {error}")))?;
    Hyperparameters::read(&text).map_err(|flaws| {
        Complaint::new(FOLDER, format!("`{shown}` is of no model that can be used")).help(flaws.join("\n"))
    })
}

/// The tasks of these names: the built-in ones, and for names that are none, the experiment's.
fn tasks(
    rules: &[(String, usize)],
    dynamics: &Dynamics,
    scope: &Scope,
) -> Result<Vec<NamedTask>, Vec<Complaint>> {
    let mut tasks = Vec::new();
    let mut complaints = Vec::new();
    for (name, rule) in rules {
        let Some(task) = Task::named(name).or_else(|| scope.tasks.get(name).copied()) else {
            let message = format!("the model was trained on `{name}`, which is no task that is known");
            let help = format!("if it is one under another name, add `{name} = {{ kind = ... }}` to [tasks]");
            complaints.push(Complaint::new(FOLDER, message).help(help));
            continue;
        };
        match task.test_at(&dynamics.encoding(*rule), 0, None, 1) {
            Ok(_) => tasks.push(NamedTask { name: name.clone(), task, rule: *rule }),
            Err(error) => complaints.push(Complaint::new(FOLDER, format!("the task `{name}`: {error}"))),
        }
    }
    if complaints.is_empty() { Ok(tasks) } else { Err(complaints) }
}

/// All files of a model, by content.
fn files(folder: &ModelFolder, known: &KnownFiles) -> Result<BTreeMap<String, Vec<JobInput>>, Complaint> {
    let file = |path: &Path, item: Json| {
        let digest = known.digest(path).map_err(|error| Complaint::new(FOLDER, error.to_string()))?;
        // A job may run in another folder.
        let path = std::path::absolute(path).map_err(|error| Complaint::new(FOLDER, error.to_string()))?;
        Ok(JobInput { item, source: Source::File { path, digest } })
    };
    let parts = folder.checkpoints.iter().flat_map(|(trials, files)| {
        files.iter().map(|(name, path)| file(path, json!({ "trials": *trials, "file": name })))
    });
    Ok(BTreeMap::from([
        (HYPERPARAMETERS.to_owned(), vec![file(&folder.hyperparameters, Json::Null)?]),
        (LOG.to_owned(), vec![file(&folder.log, Json::Null)?]),
        (CHECKPOINTS.to_owned(), parts.collect::<Result<_, _>>()?),
    ]))
}

fn read_log(input: &JobInput, tasks: &[String], context: &Context) -> Result<TrainingLog, StageError> {
    let (path, bytes) = context.read_file(input)?;
    let doing = format!("cannot use the log `{}`", path.display());
    history::read(&bytes, tasks).map_err(StageError::because(&doing))
}

fn read_weights(
    trials: u64,
    files: &BTreeMap<String, &JobInput>,
    dynamics: &Dynamics,
    context: &Context,
) -> Result<Weights, StageError> {
    let mut folder = String::new();
    let mut read = BTreeMap::new();
    for (name, input) in files {
        let (path, bytes) = context.read_file(input)?;
        folder = path.parent().unwrap_or(path).display().to_string();
        read.insert(name.clone(), bytes);
    }
    let doing = format!("cannot import the checkpoint in `{folder}`");
    let TensorFlowWeights { weights, rounded } =
        TensorFlowWeights::read(&read, &dynamics.architecture()).map_err(StageError::because(&doing))?;
    if !rounded.is_empty() {
        let rounded = rounded.join(", ");
        context.report.log(format!("checkpoint {trials}: rounded to single precision: {rounded}"));
    }
    Ok(weights)
}

/// Files weights as a training here does, so that whoever needs a checkpoint finds it.
fn file_weights(
    collection: &Key,
    trials: u64,
    weights: &Weights,
    context: &Context,
) -> Result<(), StageError> {
    let action = checkpoint_action(collection, trials);
    let commit = Commit {
        key: Key::of(&action).map_err(StageError::Job)?,
        action,
        outputs: vec![("weights".to_owned(), weights.to_safetensors())],
        facts: Json::Null,
        started_ms: now_ms(),
    };
    context.store.commit(commit)?;
    Ok(())
}

/// Says what was found, and what cannot be used.
fn tell(kept: &[u64], log: &TrainingLog, context: &Context) {
    let (found, tests) = (kept.len(), log.tests.len());
    context.report.log(format!("{found} checkpoints; the log has {tests} tests"));
    let untested = kept.iter().filter(|trials| log.tests.iter().all(|test| test.trials != **trials));
    for trials in untested {
        context.report.log(format!(
            "warning: the log has no test at {trials} trials; that checkpoint cannot be selected"
        ));
    }
}
