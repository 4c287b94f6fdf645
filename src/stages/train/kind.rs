//! The stage kind `train`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::network;
use crate::store::Key;
use crate::training::{Dynamics, TrainingSpec};

use super::super::context::{Context, Inputs, Outcome, StageError};
use super::super::job::Job;
use super::super::kind::{Bound, Complaint, Gives, Input, Kind, Needs, Offer, Scope};
use super::super::model::{ModelSpec, NamedTask, find_task};
use super::log::TrainingLog;
use super::params::{StopParams, TrainParams};
use super::trajectory::{Trajectory, VERSION, collection_key};

/// The kind `train`.
pub struct Train;

/// The trajectory that a job trains along, and to how many trials at the most; `None` for a job of
/// another kind.
pub fn trajectory_of(job: &Job) -> Option<(Key, u64)> {
    let of_train = job.kind == Train::NAME;
    let resolved: Resolved = of_train.then(|| serde_json::from_value(job.params.clone()).ok())??;
    let segment = resolved.trajectory.segment_trials();
    let most = resolved.stop.max_trials.div_ceil(segment.max(1)).saturating_mul(segment);
    Some((collection_key(&resolved.trajectory).ok()?, most))
}

/// What `train` reads: the trajectory, and how far along it to go.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    /// All but the stopping rule.
    pub trajectory: TrainingSpec,
    /// The stopping rule.
    pub stop: StopParams,
}

impl Kind for Train {
    type Params = TrainParams;
    type Resolved = Resolved;

    const NAME: &'static str = "train";
    const VERSION: u32 = VERSION;
    const GIVES: Gives = Gives::Model;
    const INPUTS: &'static [Input] = &[];

    fn bind(params: TrainParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut tasks: Vec<NamedTask> = Vec::new();
        for (position, name) in params.tasks.iter().enumerate() {
            let path = format!("tasks.{position}");
            match find_task(&path, &name.0, scope) {
                Ok(task) if tasks.iter().any(|other| other.name == name.0) => {
                    let twice = format!("the task `{}` is named twice ({})", name.0, task.name());
                    complaints.push(Complaint::new(&path, twice));
                }
                Ok(task) => tasks.push(NamedTask { name: name.0.clone(), task, rule: position }),
                Err(complaint) => complaints.push(complaint),
            }
        }
        let model = &params.model;
        if model.dt_ms > model.tau_ms {
            let message = format!("dt_ms = {} is more than tau_ms = {}", model.dt_ms, model.tau_ms);
            complaints.push(
                Complaint::new("model.dt_ms", message)
                    .help("the time step must not exceed the time constant"),
            );
        }
        if let Some(probabilities) = &params.probabilities {
            complaints.extend(check_probabilities(probabilities, params.tasks.len()));
        }
        let dynamics = dynamics(&params);
        if complaints.is_empty() {
            for (position, task) in tasks.iter().enumerate() {
                if let Err(error) = task.task.test_at(&dynamics.encoding(position), 0, None, 1) {
                    complaints.push(Complaint::new(&format!("tasks.{position}"), error.to_string()));
                }
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let spec = TrainingSpec {
            dynamics,
            tasks: tasks.iter().map(|task| task.task).collect(),
            probabilities: params.probabilities.clone().unwrap_or_else(|| vec![1.0; tasks.len()]),
            seed: params.seed,
            recurrent_init: model.recurrent_init,
            optimizer: params.optimizer.kind,
            learning_rate: params.optimizer.learning_rate,
            regularization: params.regularization,
            batch_size: params.batch_size,
            display_step: params.display_step,
            test_trials: params.test_trials,
        };
        let model = Arc::new(ModelSpec { dynamics, tasks, seed: params.seed });
        let resolved = Resolved { trajectory: spec, stop: params.stop };
        Ok(Bound::new(resolved, Offer { model: Some(model), ..Offer::default() }))
    }

    fn needs(resolved: &Resolved) -> Needs {
        Needs::memory(training_memory(&resolved.trajectory))
    }

    fn run(resolved: Resolved, _inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let collection = collection_key(&resolved.trajectory)?;
        let _lock = context.lock(&collection)?;
        context.store.refresh()?;
        let mut trajectory =
            Trajectory::new(&resolved.trajectory, collection, resolved.stop.max_trials, context);
        let mut log = TrainingLog::default();
        let mut above = 0;
        loop {
            let test = trajectory.next()?;
            let (trials, lowest) = (test.trials, test.lowest());
            log.tests.push(test);
            above += u64::from(lowest > resolved.stop.target_perf);
            let reached = above >= resolved.stop.tests_above_target;
            if !reached && trials < resolved.stop.max_trials {
                continue;
            }
            trajectory.finish()?;
            let stopped = if reached { "target" } else { "max_trials" };
            context
                .report
                .log(format!("stopped at {trials} trials ({stopped}), lowest performance {lowest:.4}"));
            if !reached {
                let wanted = resolved.stop.tests_above_target;
                context.report.log(format!(
                    "warning: the target was not reached: {above} of {wanted} tests were above it, and the last \
                     had a lowest performance of {lowest:.3}"
                ));
            }
            let bytes = serde_json::to_vec(&log).map_err(StageError::because("cannot write the log"))?;
            return Ok(Outcome {
                outputs: vec![("log".to_owned(), bytes)],
                facts: json!({ "collection": collection, "trials": trials, "stopped": stopped }),
                took_ms: Some(trajectory.took_ms()),
            });
        }
    }
}

/// About how many bytes a training takes; a test keeps less than a training step.
fn training_memory(spec: &TrainingSpec) -> u64 {
    let steps = spec.tasks.iter().filter_map(|task| task.steps(spec.dynamics.dt_ms).ok());
    network::training_memory(&spec.architecture(), steps.max().unwrap_or(0), spec.batch_size)
}

fn dynamics(params: &TrainParams) -> Dynamics {
    let model = &params.model;
    Dynamics {
        units: model.units,
        activation: model.activation,
        loss: model.loss,
        dt_ms: model.dt_ms,
        tau_ms: model.tau_ms,
        sigma_rec: model.sigma_rec,
        sigma_x: model.sigma_x,
        ring_units: model.ring_units,
        rings: 1,
        coding: model.coding,
        rules: params.tasks.len(),
    }
}

fn check_probabilities(probabilities: &[f64], tasks: usize) -> Option<Complaint> {
    let complaint = |message: &str| Some(Complaint::new("probabilities", message));
    if probabilities.len() != tasks {
        return complaint("there is not one probability for each task");
    }
    let sum: f64 = probabilities.iter().sum();
    if probabilities.iter().any(|p| *p < 0.0) || sum <= 0.0 || !sum.is_finite() {
        return complaint("probabilities must not be negative, not all 0, and not too large to be added");
    }
    None
}
