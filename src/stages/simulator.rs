//! Simulates a checkpoint in test trials: all of them at once, or some locations at a time where all
//! would not fit into memory. A trial is the same bytes either way.

use std::ops::Range;

use serde::Deserialize;

use crate::network::{Fused, Noise, Step, Weights, noise_sd};
use crate::random::Stream;
use crate::tasks::Task;
use crate::training::Dynamics;

use super::activity::{Recorded, Resolved};
use super::context::{Context, Inputs, StageError};
use super::job::{Job, JobInput, Source};
use super::select::Chosen;

/// Trials that are simulated at once, where locations are taken one after the other. With 360 locations, 256
/// units and 250 steps they take 80 MB, most of it outputs.
const BLOCK_TRIALS: usize = 128;

/// A checkpoint that can be simulated.
pub struct Simulator {
    weights: Weights,
    /// Trials trained.
    trials: u64,
    activity: Resolved,
}

/// About how many bytes it takes to simulate an activity: all of its trials, or as many as are taken at a time
/// `by_location`. Nothing where the job is none of an activity.
pub fn memory(job: &Job, by_location: bool) -> u64 {
    let Ok(activity) = serde_json::from_value::<Resolved>(job.params.clone()) else { return 0 };
    let locations = if by_location { block(activity.repeats) } else { usize::MAX };
    activity.memory(locations.min(activity.dynamics.ring_units))
}

/// Locations of a block.
fn block(repeats: usize) -> usize {
    (BLOCK_TRIALS / repeats).max(1)
}

#[derive(Deserialize)]
struct Checkpoint {
    trials: u64,
}

impl Simulator {
    /// The simulator of one activity that a statistic takes in, and its checkpoint as the selection
    /// describes it.
    ///
    /// # Errors
    /// If the weights are lost or the job is none of an activity.
    pub fn of(input: &JobInput, context: &Context) -> Result<(Chosen, Self), StageError> {
        let chosen = serde_json::from_value(input.item.clone()).map_err(StageError::Job)?;
        let job = recipe(input)?;
        context.check()?;
        let activity = serde_json::from_value(job.params.clone()).map_err(StageError::Job)?;
        Ok((chosen, Self::new(activity, Inputs::new(job).one("checkpoints")?, context)?))
    }

    /// The simulator of `activity` at one checkpoint of a selection.
    ///
    /// # Errors
    /// If the weights are lost.
    pub fn new(activity: Resolved, checkpoint: &JobInput, context: &Context) -> Result<Self, StageError> {
        let Checkpoint { trials } =
            serde_json::from_value(checkpoint.item.clone()).map_err(StageError::Job)?;
        let bytes = context.read(checkpoint, "weights")?;
        let weights = Weights::from_safetensors(&bytes, &activity.dynamics.architecture())
            .map_err(StageError::because("cannot read the weights"))?;
        Ok(Self { weights, trials, activity })
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How the network computes.
    pub fn dynamics(&self) -> &Dynamics {
        &self.activity.dynamics
    }

    /// The same checkpoint in another task, with the rule unit `rule` on.
    pub fn in_task(&self, task: Task, rule: usize) -> Self {
        let activity = Resolved { task, rule, ..self.activity.clone() };
        Self { weights: self.weights.clone(), trials: self.trials, activity }
    }

    /// The same checkpoint in the same trials with other noise: that of the next `draw`.
    pub fn next_draw(&self) -> Self {
        let activity = Resolved { draw: self.activity.draw.wrapping_add(1), ..self.activity.clone() };
        Self { weights: self.weights.clone(), trials: self.trials, activity }
    }

    /// Stimulus locations.
    pub fn locations(&self) -> usize {
        self.activity.dynamics.ring_units
    }

    /// All trials.
    ///
    /// # Errors
    /// If they cannot be built.
    pub fn whole(&self) -> Result<Recorded, StageError> {
        self.record(0..self.locations())
    }

    /// The trials at some of the locations.
    ///
    /// # Errors
    /// If they cannot be built.
    pub fn record(&self, locations: Range<usize>) -> Result<Recorded, StageError> {
        let Resolved { dynamics, task, rule, input_noise, repeats, draw, seed } = &self.activity;
        let batch = task
            .test_part(&dynamics.encoding(*rule), *repeats, locations.clone())
            .map_err(StageError::because("cannot build the trials"))?;
        let task = serde_json::to_string(task).map_err(StageError::Job)?;
        let stream = |noise: &str| {
            let purpose = format!("activity {noise} noise/{}/{task}/{draw}", self.trials);
            Stream::new(*seed, &purpose)
        };
        let input_sd = noise_sd(dynamics.sigma_x as f32, dynamics.alpha());
        let noise = Noise {
            step: 0,
            input: input_noise.then(|| (stream("input"), input_sd)),
            recurrent: Some(stream("recurrent")),
        };
        let simulation = Fused::new(dynamics.architecture())
            .record(&self.weights, &batch, &noise)
            .map_err(StageError::because("cannot simulate the network"))?;
        Ok(Recorded::new(simulation, batch, *dynamics, locations))
    }

    /// Shows `reduce` all trials, some locations at a time in ascending order: the first of these locations
    /// and their trials.
    ///
    /// # Errors
    /// Those of `reduce`, and if the run is interrupted.
    pub fn by_location(
        &self,
        context: &Context,
        mut reduce: impl FnMut(usize, &Recorded) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        let step = block(self.activity.repeats);
        for first in (0..self.locations()).step_by(step) {
            context.check()?;
            reduce(first, &self.record(first..(first + step).min(self.locations()))?)?;
        }
        Ok(())
    }
}

fn recipe(input: &JobInput) -> Result<&Job, StageError> {
    match &input.source {
        Source::Recipe(job) => Ok(job),
        Source::Stored(_) | Source::File { .. } => {
            Err(StageError::Failed("an activity came without its recipe".to_owned()))
        }
    }
}
