//! What a stage kind is: its parameters, what it takes in, how names in it are resolved, and how it
//! runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::figures::FigureStyle;
use crate::store::KnownFiles;
use crate::tasks::Task;

use super::context::{Context, Inputs, Outcome, StageError};
use super::job::{Job, JobInput};
use super::model::ModelSpec;
use super::simulator;
use super::tables::Tables;

/// What a stage gives to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A model with its training history.
    Model,
    /// Chosen checkpoints of a model.
    Selection,
    /// Unit activity in test trials, one per checkpoint.
    Activity,
    /// Tables of numbers.
    Statistic,
    /// Drawings, which no stage takes in.
    Figure,
}

impl Gives {
    /// What to call it in a message.
    pub fn words(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Selection => "a selection of checkpoints",
            Self::Activity => "activity",
            Self::Statistic => "a statistic",
            Self::Figure => "a figure",
        }
    }
}

/// How many stages, and how many of their instances, an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One instance of one stage.
    One,
    /// One instance of one stage, or nothing where the file names none.
    Optional,
    /// One selection; the stage runs once for each of its checkpoints.
    EachCheckpoint,
    /// One stage, with all checkpoints that it ran for.
    AllCheckpoints,
    /// Several stages, one instance of each.
    Several,
    /// Several stages, with all instances along the axes of `over`.
    Gathered,
}

impl Arity {
    /// Whether the file names the stages in a list.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Several | Self::Gathered)
    }
}

/// An input of a stage kind.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The parameter that names the stage.
    pub name: &'static str,
    /// What that stage must give.
    pub takes: Gives,
    /// How many.
    pub arity: Arity,
    /// Which outputs of it are read; only they count for the key.
    pub parts: &'static [&'static str],
    /// What it is, for the help.
    pub about: &'static str,
}

/// What is known of a stage's result before it has run.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The kind of the stage that gives it.
    pub kind: Option<&'static str>,
    /// The model that it is, or that it is about.
    pub model: Option<Arc<ModelSpec>>,
    /// The task of the model that it is about.
    pub task: Option<usize>,
    /// The task that the model was tested on, which need not be one that it was trained on.
    pub probe: Option<Task>,
}

/// What names in a stage's parameters refer to.
pub struct Scope<'a> {
    /// The experiment's own tasks.
    pub tasks: &'a BTreeMap<String, Task>,
    /// What is upstream, by the name of the input.
    pub inputs: &'a BTreeMap<&'static str, Vec<Offer>>,
    /// The axes that the stage gathers.
    pub over: &'a [&'a str],
    /// The digests of files.
    pub files: &'a KnownFiles,
}

impl Scope<'_> {
    /// What the (first) stage under this input offers.
    pub fn upstream(&self, input: &str) -> Offer {
        self.inputs.get(input).and_then(|offers| offers.first()).cloned().unwrap_or_default()
    }

    /// The model that an input is about.
    ///
    /// # Errors
    /// If it is about none.
    pub fn model(&self, input: &str) -> Result<Arc<ModelSpec>, Complaint> {
        let model = self.upstream(input).model;
        model.ok_or_else(|| Complaint::new(input, format!("`{input}` leads to no model")))
    }
}

/// Something that is wrong with a parameter, and where: keys from the stage's table downwards.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// Keys that lead to the parameter.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Complaint {
    /// A complaint about the parameter at `path` (keys joined by dots).
    pub fn new(path: &str, message: impl Into<String>) -> Self {
        let path = path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        Self { path, message: message.into(), help: None }
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A stage's parameters with all names resolved.
#[derive(Debug)]
pub struct Bound<R> {
    /// What the stage reads, and its key is made of.
    pub resolved: R,
    /// What others can know of its result.
    pub offer: Offer,
    /// Whether a result that could be simulated is kept as well. No part of the key.
    pub keep: bool,
    /// The files outside of the store that the stage reads, by the name of the input.
    pub files: BTreeMap<String, Vec<JobInput>>,
}

impl<R> Bound<R> {
    /// Parameters of a stage about what `offer` says.
    pub fn new(resolved: R, offer: Offer) -> Self {
        Self { resolved, offer, keep: false, files: BTreeMap::new() }
    }
}

/// What running a stage takes, as its kind estimates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Cores that it keeps busy by itself. Work that is parallel in itself goes to the threads that all
    /// stages share, and takes what the others leave.
    pub cores: usize,
    /// Bytes of memory.
    pub memory: u64,
}

impl Needs {
    /// One core and so many bytes, on top of what every stage takes.
    pub fn memory(bytes: u64) -> Self {
        Self { cores: 1, memory: Self::default().memory.saturating_add(bytes) }
    }
}

impl Default for Needs {
    fn default() -> Self {
        Self { cores: 1, memory: 64 << 20 }
    }
}

/// How a statistic is drawn.
pub struct Drawing {
    /// Raised when the drawing of the same tables changes.
    pub version: u32,
    /// From tables to SVG.
    pub draw: fn(&Tables, &FigureStyle) -> Result<String, StageError>,
}

/// A stage kind. The doc comment of `Params` is its documentation.
pub trait Kind: Send + Sync + 'static {
    /// What the experiment file may say, apart from inputs.
    type Params: Serialize + DeserializeOwned + JsonSchema;
    /// What the stage reads: parameters with names resolved.
    type Resolved: Serialize + DeserializeOwned;

    /// Its name, as in `kind = "..."`.
    const NAME: &'static str;
    /// Raised when the same job gives other bytes.
    const VERSION: u32;
    /// What it gives to others.
    const GIVES: Gives;
    /// What it takes in.
    const INPUTS: &'static [Input];
    /// How its result is drawn, if it is.
    const DRAWING: Option<Drawing> = None;

    /// Resolves the names in the parameters and checks what types cannot.
    ///
    /// # Errors
    /// All that is wrong.
    fn bind(params: Self::Params, scope: &Scope) -> Result<Bound<Self::Resolved>, Vec<Complaint>>;

    /// Whether it takes in simulated trials some locations at a time, and never holds them all.
    const BY_LOCATION: bool = false;

    /// What running it takes, but for what it simulates.
    fn needs(_resolved: &Self::Resolved) -> Needs {
        Needs::default()
    }

    /// Runs it.
    ///
    /// # Errors
    /// If an input is lost, the disk refuses, or the run is interrupted.
    fn run(resolved: Self::Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError>;
}

/// A [`Kind`] with its types erased, as the registry holds it.
pub trait StageKind: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its version.
    fn version(&self) -> u32;
    /// What it gives.
    fn gives(&self) -> Gives;
    /// What it takes in.
    fn inputs(&self) -> &'static [Input];
    /// How it is drawn.
    fn drawing(&self) -> Option<Drawing>;
    /// The JSON Schema of its parameters.
    fn schema(&self) -> Json;
    /// The parameters with defaults filled in.
    ///
    /// # Errors
    /// If they are none of this kind's.
    fn defaults(&self, params: Json) -> Result<Json, Vec<Complaint>>;
    /// The parameters with names resolved.
    ///
    /// # Errors
    /// All that is wrong with them.
    fn bind(&self, params: Json, scope: &Scope) -> Result<BoundText, Vec<Complaint>>;
    /// What running a job of this kind takes, with what it simulates.
    fn needs(&self, job: &Job) -> Needs;
    /// Runs a job of this kind.
    ///
    /// # Errors
    /// Those of [`Kind::run`], and if the job's parameters are none of this kind's.
    fn run(&self, job: &Job, context: &Context) -> Result<Outcome, StageError>;
}

/// A [`Bound`] with its types erased.
#[derive(Debug)]
pub struct BoundText {
    /// What the key is made of, as canonical JSON.
    pub resolved: Box<str>,
    /// What others can know of the result.
    pub offer: Offer,
    /// Whether a result that could be simulated is kept.
    pub keep: bool,
    /// The files outside of the store that the stage reads, by the name of the input.
    pub files: BTreeMap<String, Vec<JobInput>>,
}

impl<K: Kind> StageKind for K {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn version(&self) -> u32 {
        K::VERSION
    }

    fn gives(&self) -> Gives {
        K::GIVES
    }

    fn inputs(&self) -> &'static [Input] {
        K::INPUTS
    }

    fn drawing(&self) -> Option<Drawing> {
        K::DRAWING
    }

    fn schema(&self) -> Json {
        schemars::schema_for!(K::Params).to_value()
    }

    fn defaults(&self, params: Json) -> Result<Json, Vec<Complaint>> {
        let params: K::Params = serde_json::from_value(params).map_err(unreadable)?;
        serde_json::to_value(&params).map_err(unreadable)
    }

    fn bind(&self, params: Json, scope: &Scope) -> Result<BoundText, Vec<Complaint>> {
        let params: K::Params = serde_json::from_value(params).map_err(unreadable)?;
        let bound = K::bind(params, scope)?;
        let resolved = serde_json::to_value(&bound.resolved).map_err(unreadable)?;
        let resolved = serde_json_canonicalizer::to_string(&resolved).map_err(unreadable)?.into();
        let Bound { offer, keep, files, .. } = bound;
        Ok(BoundText { resolved, offer, keep, files })
    }

    fn needs(&self, job: &Job) -> Needs {
        let resolved: Result<K::Resolved, _> = serde_json::from_value(job.params.clone());
        let own = resolved.map(|resolved| K::needs(&resolved)).unwrap_or_default();
        let simulated: Vec<u64> =
            job.recipes().map(|recipe| simulator::memory(recipe, K::BY_LOCATION)).collect();
        // As many are simulated side by side as there are threads.
        let at_once = simulated.len().min(rayon::current_num_threads()) as u64;
        let most = simulated.into_iter().max().unwrap_or(0).saturating_mul(at_once);
        Needs { memory: own.memory.saturating_add(most), ..own }
    }

    fn run(&self, job: &Job, context: &Context) -> Result<Outcome, StageError> {
        let resolved = serde_json::from_value(job.params.clone()).map_err(StageError::Job)?;
        K::run(resolved, Inputs::new(job), context)
    }
}

fn unreadable(error: serde_json::Error) -> Vec<Complaint> {
    vec![Complaint::new("", error.to_string())]
}
