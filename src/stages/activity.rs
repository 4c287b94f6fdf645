//! `activity`: what the units of chosen checkpoints do in test trials.
//!
//! Simulating is cheaper than storing (128 trials of 250 steps take tens of milliseconds and 33 MB), so
//! an activity is simulated wherever it is read, always with the same bytes.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::{Recording as Simulation, recording_memory};
use crate::stats::{Deviations, Recording, Stage, deviations, distance_degrees};
use crate::table::{Table, Values};
use crate::tasks::{Scored, Task, TrialBatch, score};
use crate::training::Dynamics;

use super::context::{Context, Inputs, Outcome, StageError};
use super::job::JobInput;
use super::kind::{Arity, Bound, Complaint, Gives, Input, Kind, Needs, Offer, Scope};
use super::model::find_task;
use super::select::Chosen;
use super::simulator::Simulator;
use super::task_name::TaskName;

/// How a statistic takes in activity.
pub const INPUT: Input = Input {
    name: "activity",
    takes: Gives::Activity,
    arity: Arity::AllCheckpoints,
    parts: &[],
    about: "the activity that is analysed",
};

/// The kind `activity`.
pub struct Activity;

/// The activity of a model's units in test trials, at each of the chosen checkpoints: every stimulus
/// location so many times, recurrent noise on. It is simulated when something needs it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActivityParams {
    /// The task of the trials [default: the one that the checkpoints were chosen by].
    task: Option<TaskName>,
    /// The task of the model whose rule unit is on [default: the same task]. Must be said where the model
    /// was not trained on the task of the trials.
    rule: Option<TaskName>,
    /// Whether the input has noise.
    input_noise: bool,
    /// Trials at each stimulus location.
    #[schemars(range(min = 1, max = 10000))]
    repeats: usize,
    /// Which draw of the noise; another number gives other noise.
    draw: u32,
    /// Keep the activity as a Parquet file for each checkpoint. It is large.
    keep: bool,
}

impl Default for ActivityParams {
    fn default() -> Self {
        Self { task: None, rule: None, input_noise: false, repeats: 16, draw: 0, keep: false }
    }
}

/// What `activity` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resolved {
    pub(super) dynamics: Dynamics,
    pub(super) task: Task,
    pub(super) rule: usize,
    pub(super) input_noise: bool,
    pub(super) repeats: usize,
    pub(super) draw: u32,
    pub(super) seed: u64,
}

impl Resolved {
    /// About how many bytes it takes to simulate the trials at so many locations.
    pub(super) fn memory(&self, locations: usize) -> u64 {
        let steps = self.task.steps(self.dynamics.dt_ms).unwrap_or(0);
        recording_memory(&self.dynamics.architecture(), steps, self.repeats.saturating_mul(locations))
    }
}

impl Kind for Activity {
    type Params = ActivityParams;
    type Resolved = Resolved;

    const NAME: &'static str = "activity";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Activity;
    const INPUTS: &'static [Input] = &[Input {
        name: "checkpoints",
        takes: Gives::Selection,
        arity: Arity::EachCheckpoint,
        parts: &[],
        about: "the selection of checkpoints that are simulated",
    }];

    fn bind(params: ActivityParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let upstream = scope.upstream("checkpoints");
        let model = scope.model("checkpoints").map_err(|complaint| vec![complaint])?;
        let selected = upstream.task.unwrap_or_default();
        let (task, own) = match &params.task {
            None => (model.tasks[selected].task, Some(selected)),
            Some(TaskName(name)) => trial_task(name, scope).map_err(|complaint| vec![complaint])?,
        };
        let rule = match (&params.rule, own) {
            (Some(TaskName(name)), _) => model.task("rule", name).map_err(|complaint| vec![complaint])?,
            (None, Some(own)) => own,
            (None, None) => {
                let complaint =
                    Complaint::new("task", "the model was not trained on this task; whose rule unit is on?");
                let family = model.tasks.iter().find(|known| known.task.family() == task.family());
                let suggested = family.or(model.tasks.first()).map_or("", |known| known.name.as_str());
                return Err(vec![
                    complaint.help(format!("add `rule = \"{suggested}\"`, or another of {}", model.list())),
                ]);
            }
        };
        let resolved = Resolved {
            dynamics: model.dynamics,
            task,
            rule: model.tasks[rule].rule,
            input_noise: params.input_noise,
            repeats: params.repeats,
            draw: params.draw,
            seed: model.seed,
        };
        let encoding = resolved.dynamics.encoding(resolved.rule);
        if let Err(error) = task.test_at(&encoding, 0, None, 1) {
            return Err(vec![Complaint::new("task", error.to_string())]);
        }
        let offer = Offer { model: Some(model), task: Some(selected), probe: Some(task), ..Offer::default() };
        Ok(Bound { keep: params.keep, ..Bound::new(resolved, offer) })
    }

    fn needs(resolved: &Resolved) -> Needs {
        Needs::memory(resolved.memory(resolved.dynamics.ring_units))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let recorded = Simulator::new(resolved, inputs.one("checkpoints")?, context)?.whole()?;
        let bytes =
            recorded.table()?.to_parquet().map_err(StageError::because("cannot write the activity"))?;
        Ok(Outcome { outputs: vec![("activity.parquet".to_owned(), bytes)], ..Outcome::default() })
    }
}

/// The task of the trials and, where the model was trained on it, its position among the model's. A bare
/// family name means what the model was trained on, if that is one task.
fn trial_task(name: &str, scope: &Scope) -> Result<(Task, Option<usize>), Complaint> {
    let model = scope.model("checkpoints")?;
    let trained = |task: Task| model.tasks.iter().position(|known| known.task == task);
    if let Some(own) = scope.tasks.get(name) {
        return Ok((*own, trained(*own)));
    }
    match model.task("task", name) {
        Ok(position) => Ok((model.tasks[position].task, Some(position))),
        // A bare family name that could mean several tasks of the model is never guessed.
        Err(complaint) if model.tasks.iter().any(|known| known.task.family() == name) => Err(complaint),
        Err(_) => find_task("task", name, scope).map(|task| (task, trained(task))),
    }
}

/// The task of the activity that a statistic takes in, and its time step in ms.
///
/// # Errors
/// If the input leads to no model.
pub fn probe(scope: &Scope) -> Result<(Task, u32), Complaint> {
    let model = scope.model(INPUT.name)?;
    let task = scope.upstream(INPUT.name).probe;
    let task = task.ok_or_else(|| Complaint::new(INPUT.name, "this activity has no task"))?;
    Ok((task, model.dynamics.dt_ms))
}

/// The phases of a trial for figures: the table `spans` with `name`, `start_ms`, `end_ms`.
///
/// # Errors
/// If the task cannot be laid out.
pub fn spans(task: Task, dt_ms: u32) -> Result<Table, StageError> {
    let spans = task.spans(dt_ms).map_err(StageError::because("cannot lay out the trial"))?;
    Table::new([
        ("name", Values::Text(spans.iter().map(|span| span.name.to_owned()).collect())),
        ("start_ms", Values::F64(spans.iter().map(|span| span.start_ms).collect())),
        ("end_ms", Values::F64(spans.iter().map(|span| span.end_ms).collect())),
    ])
    .map_err(StageError::because("cannot build the table"))
}

/// The simulated activity of one checkpoint, at all locations or some that follow one another.
pub struct Recorded {
    simulation: Simulation,
    batch: TrialBatch,
    dynamics: Dynamics,
    locations: Range<usize>,
    /// Of each trial, from the first of the locations `[trial]`.
    location: Vec<usize>,
    correct: Vec<bool>,
}

/// How one trial ended.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// Distance of the saccade's endpoint from the response target, in degrees.
    pub distance_degrees: f64,
    /// Whether the trial was correct.
    pub correct: bool,
}

/// Simulates one input of a statistic: the checkpoint as its selection describes it, and what its
/// units did.
///
/// # Errors
/// If the weights are lost or the job is none of an activity.
pub fn simulate(input: &JobInput, context: &Context) -> Result<(Chosen, Recorded), StageError> {
    let (chosen, simulator) = Simulator::of(input, context)?;
    Ok((chosen, simulator.whole()?))
}

/// Simulates one input of a statistic, for how its trials end.
///
/// # Errors
/// Those of [`simulate`].
pub fn simulate_endings(input: &JobInput, context: &Context) -> Result<(Chosen, Vec<Ending>), StageError> {
    let (chosen, simulator) = Simulator::of(input, context)?;
    let mut endings = Vec::new();
    simulator.by_location(context, |_, recorded| {
        endings.extend(recorded.endings());
        Ok(())
    })?;
    Ok((chosen, endings))
}

/// The inputs whose checkpoints were chosen for one of these stages of training.
///
/// # Errors
/// If an input is none of an activity.
pub fn of_stages<'a>(inputs: &'a [JobInput], stages: &[Stage]) -> Result<Vec<&'a JobInput>, StageError> {
    let mut kept = Vec::new();
    for input in inputs {
        let chosen: Chosen = serde_json::from_value(input.item.clone()).map_err(StageError::Job)?;
        if chosen.stages.iter().any(|stage| stages.contains(stage)) {
            kept.push(input);
        }
    }
    Ok(kept)
}

impl Recorded {
    /// What `batch`, the trials at `locations`, made of a network.
    pub(super) fn new(
        simulation: Simulation,
        batch: TrialBatch,
        dynamics: Dynamics,
        locations: Range<usize>,
    ) -> Self {
        let location = batch.location.iter().map(|location| location - locations.start).collect();
        let recorded = Self { simulation, batch, dynamics, locations, location, correct: Vec::new() };
        let correct = recorded.scored().iter().map(|trial| trial.correct).collect();
        Self { correct, ..recorded }
    }

    /// The activity of this recording with the saccades of another one of the same trials.
    pub fn with_saccades_of(self, other: Self) -> Self {
        let simulation = Simulation { h: self.simulation.h, ..other.simulation };
        Self { simulation, ..other }
    }

    /// How the saccades of the correct trials deviate from the median of their location.
    pub fn deviations(&self) -> Deviations {
        let endpoints: Vec<f64> = self.scored().iter().map(|trial| trial.location).collect();
        let targets: Vec<f64> = self.targets().iter().map(|target| f64::from(*target)).collect();
        deviations(&endpoints, &targets, &self.location, &self.correct)
    }

    /// As statistics take it in; locations count from the first of them.
    pub fn recording(&self) -> Recording<'_> {
        Recording {
            h: &self.simulation.h,
            steps: self.batch.steps,
            units: self.dynamics.units,
            dt_ms: f64::from(self.dynamics.dt_ms),
            location: &self.location,
            n_locations: self.locations.len(),
            correct: &self.correct,
        }
    }

    /// Target angles at the last time step, in radians `[trial]`.
    fn targets(&self) -> &[f32] {
        self.batch.y_loc.last()
    }

    fn scored(&self) -> Vec<Scored> {
        let last = (self.batch.steps - 1) * self.batch.trials * self.batch.n_output;
        score(&self.simulation.y_hat[last..], self.targets())
    }

    fn endings(&self) -> Vec<Ending> {
        let trials = self.scored().into_iter().zip(self.targets());
        trials
            .map(|(trial, target)| Ending {
                distance_degrees: distance_degrees(trial.location, f64::from(*target)),
                correct: trial.correct,
            })
            .collect()
    }

    /// One row for each time step and trial: location, outcome, and the rate of every unit in Hz.
    fn table(&self) -> Result<Table, StageError> {
        let (steps, trials, units) = (self.batch.steps, self.batch.trials, self.dynamics.units);
        let row = |of: fn(usize, usize) -> i64| {
            (0..steps * trials).map(|row| of(row, trials)).collect::<Vec<i64>>()
        };
        let names: Vec<String> = (0..units).map(|unit| format!("unit{unit}")).collect();
        let scale = 1000.0 / f64::from(self.dynamics.dt_ms);
        let mut columns = vec![
            ("step", Values::I64(row(|row, trials| (row / trials) as i64))),
            ("trial", Values::I64(row(|row, trials| (row % trials) as i64))),
            (
                "location",
                Values::I64(
                    (0..steps * trials).map(|row| self.batch.location[row % trials] as i64).collect(),
                ),
            ),
            ("correct", Values::Bool((0..steps * trials).map(|row| self.correct[row % trials]).collect())),
        ];
        for (unit, name) in names.iter().enumerate() {
            let rates = self.simulation.h.iter().skip(unit).step_by(units).map(|h| f64::from(*h) * scale);
            columns.push((name, Values::F64(rates.collect())));
        }
        Table::new(columns).map_err(StageError::because("cannot build the table"))
    }
}
