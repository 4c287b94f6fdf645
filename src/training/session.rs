//! A training under way.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::TrainingError;
use super::spec::{TrainedTask, TrainingSpec};
use crate::network::{Cost, Fused, HiddenSums, Noise, OptimizerState, Step, Weights};
use crate::random::Stream;
use crate::tasks::{RandomTrials, TrialBatch, performance, score};

/// A network in training: segments of training steps, with tests between them.
///
/// Every random number is named by the seed, what it is for, and the training step, so a session that is
/// resumed from weights and optimiser state goes on with the bits of one that was never interrupted.
pub struct Session {
    spec: TrainingSpec,
    steps: u32,
    weights: Weights,
    optimizer: OptimizerState,
    network: Fused,
    gradients: Vec<f32>,
    streams: Streams,
}

/// How a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// All steps were taken.
    Done,
    /// It was cancelled in between; only a session resumed from an earlier state can go on.
    Cancelled,
}

/// A test of all trained tasks, each value a mean over its batches, in the order of the rules.
#[derive(Clone, Debug, PartialEq)]
pub struct TestEntry {
    /// Trials trained so far.
    pub trials: u64,
    /// Loss.
    pub cost: Vec<f64>,
    /// What regularisers add to it.
    pub creg: Vec<f64>,
    /// Share of correct trials.
    pub perf: Vec<f64>,
}

impl TestEntry {
    /// The lowest performance of a task.
    pub fn lowest(&self) -> f64 {
        self.perf.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Streams of random numbers of training.
struct Streams {
    task_order: Stream,
    train: Draws,
    /// By rule.
    test: Vec<Draws>,
}

/// Streams of random numbers of batches.
struct Draws {
    trials: Stream,
    input: Stream,
    recurrent: Stream,
}

impl Draws {
    fn new(seed: u64, purpose: &str) -> Self {
        let stream = |what| Stream::new(seed, &format!("{purpose} {what}"));
        Self { trials: stream("trials"), input: stream("input noise"), recurrent: stream("recurrent noise") }
    }

    fn noise(&self, step: u32, sigma_x: f32) -> Noise {
        Noise { step, input: Some((self.input, sigma_x)), recurrent: Some(self.recurrent) }
    }
}

impl Session {
    /// A network with initial weights, before its first step.
    ///
    /// # Errors
    /// If the specification is impossible.
    pub fn new(spec: TrainingSpec) -> Result<Self, TrainingError> {
        spec.check()?;
        let stream = Stream::new(spec.seed, "initial weights");
        let weights = Weights::initial(&spec.architecture(), spec.recurrent_init, &stream);
        let optimizer = OptimizerState::new(spec.optimizer, weights.flat().len());
        Self::resume(spec, 0, weights, optimizer)
    }

    /// A network that has been trained for `steps` steps.
    ///
    /// # Errors
    /// If the specification is impossible, or weights and optimiser state do not fit it.
    pub fn resume(
        spec: TrainingSpec,
        steps: u32,
        weights: Weights,
        optimizer: OptimizerState,
    ) -> Result<Self, TrainingError> {
        spec.check()?;
        let architecture = spec.architecture();
        if weights.variables() != Weights::zeros(&architecture).variables() {
            return Err(TrainingError::Misfit("weights"));
        }
        if !optimizer.fits(spec.optimizer, weights.flat().len()) {
            return Err(TrainingError::Misfit("optimiser's numbers"));
        }
        let stream = Stream::new(spec.seed, "layout");
        let one = RandomTrials { stream: &stream, step: 0, trials: 1, trials_per_distance: 1 };
        for (rule, TrainedTask { task, .. }) in spec.trained() {
            task.random_batch(&spec.encoding(Some(rule)), one)?;
        }
        let streams = Streams {
            task_order: Stream::new(spec.seed, "task order"),
            train: Draws::new(spec.seed, "training"),
            test: (0..spec.tasks.len())
                .map(|rule| Draws::new(spec.seed, &format!("test of rule {rule}")))
                .collect(),
        };
        let gradients = vec![0.0; weights.flat().len()];
        let network = Fused::new(architecture);
        Ok(Self { spec, steps, weights, optimizer, network, gradients, streams })
    }

    /// Training steps taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Trials trained.
    pub fn trials(&self) -> u64 {
        u64::from(self.steps) * self.spec.batch_trials as u64
    }

    /// The weights now.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The optimiser's state now.
    pub fn optimizer(&self) -> &OptimizerState {
        &self.optimizer
    }

    /// Trains up to the next test. `cancel` is looked at before every step.
    ///
    /// # Errors
    /// If training has diverged.
    pub fn train_segment(&mut self, cancel: &AtomicBool) -> Result<Segment, TrainingError> {
        for _ in 0..self.spec.segment_steps {
            if cancel.load(Ordering::Relaxed) {
                return Ok(Segment::Cancelled);
            }
            self.step()?;
        }
        let finite = self.weights.flat().iter().all(|weight| weight.is_finite());
        if finite { Ok(Segment::Done) } else { Err(self.diverged(f64::NAN)) }
    }

    /// One training step.
    fn step(&mut self) -> Result<(), TrainingError> {
        let batch = self.training_batch()?;
        let noise = self.streams.train.noise(self.steps, self.spec.sigma_x);
        let Self { network, weights, spec, gradients, .. } = self;
        let Cost { loss, regularization } =
            network.gradients(weights, &batch, &noise, &spec.regularization, gradients)?;
        let cost = loss + regularization;
        if !cost.is_finite() {
            return Err(self.diverged(cost));
        }
        self.optimizer.step(self.spec.learning_rate, &self.gradients, self.weights.flat_mut());
        self.steps += 1;
        Ok(())
    }

    fn diverged(&self, cost: f64) -> TrainingError {
        TrainingError::Diverged { step: self.steps, cost }
    }

    /// The trials of the step to come.
    fn training_batch(&self) -> Result<TrialBatch, TrainingError> {
        let spec = &self.spec;
        let (rule, TrainedTask { task, .. }) = self.draw_task()?;
        let trials = RandomTrials {
            stream: &self.streams.train.trials,
            step: self.steps,
            trials: spec.batch_trials,
            trials_per_distance: spec.batch_trials,
        };
        Ok(task.random_batch(&spec.encoding(Some(rule)), trials)?)
    }

    /// The task of the step to come, by the relative probabilities.
    fn draw_task(&self) -> Result<(usize, TrainedTask), TrainingError> {
        let total: f64 = self.spec.trained().map(|(_, task)| task.probability).sum();
        let mut left = total * self.streams.task_order.uniform([self.steps, 0, 0, 0]);
        let mut chosen = None;
        for (rule, task) in self.spec.trained() {
            chosen = Some((rule, task));
            left -= task.probability;
            if left < 0.0 {
                break;
            }
        }
        chosen.ok_or(TrainingError::NoTask)
    }

    /// Tests all trained tasks on fresh trials, with noise.
    ///
    /// # Errors
    /// Never after a session could be made.
    pub fn test(&mut self) -> Result<TestEntry, TrainingError> {
        let mut entry =
            TestEntry { trials: self.trials(), cost: Vec::new(), creg: Vec::new(), perf: Vec::new() };
        let tasks: Vec<(usize, TrainedTask)> = self.spec.trained().collect();
        for (rule, TrainedTask { task, .. }) in tasks {
            let Self { spec, streams, network, weights, steps, .. } = self;
            let draws = &streams.test[rule];
            // All batches at once: only the distance from cue to distractor is shared within one.
            let trials = RandomTrials {
                stream: &draws.trials,
                step: *steps,
                trials: spec.test_batches * spec.test_batch_trials,
                trials_per_distance: spec.test_batch_trials,
            };
            let batch = task.random_batch(&spec.encoding(Some(rule)), trials)?;
            let noise = draws.noise(*steps, spec.sigma_x);
            let found = network.evaluate(weights, &batch, &noise, &spec.regularization)?;
            let sum_of_squares = found.hidden.sum_of_squares / spec.test_batches as f64;
            let hidden = HiddenSums { sum_of_squares, ..found.hidden };
            let last = &batch.y_loc[batch.y_loc.len() - batch.trials..];
            entry.cost.push(found.loss);
            entry.creg.push(spec.regularization.cost(weights, &hidden));
            entry.perf.push(performance(&score(&found.last, last)));
        }
        Ok(entry)
    }
}
