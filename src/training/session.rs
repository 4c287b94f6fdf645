//! A network in training.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::network::{Fused, HiddenSums, NetworkError, Noise, OptimizerState, Pull, Step, Weights, noise_sd};
use crate::random::Stream;
use crate::stopwatch::{Part, Stopwatch, Times};
use crate::tasks::{RandomTrials, TaskError, performance, score};

use super::spec::TrainingSpec;

/// The trials of a test stand for so many batches: each has a distractor distance of its own, and what
/// is logged is the mean over them.
const TEST_BATCHES: usize = 16;

/// Why training cannot go on.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// A task cannot be laid out.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The network does not fit.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The cost is no longer a number.
    #[error("training has diverged after {trials} trials: the cost is {cost}; lower the learning rate")]
    Diverged {
        /// Trials trained.
        trials: u64,
        /// The cost.
        cost: f64,
    },
}

/// How a network does after so many trials, one number per task in the order of rule units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestEntry {
    /// Trials trained.
    pub trials: u64,
    /// Mean cost.
    pub cost: Vec<f64>,
    /// Mean cost of the regularisers.
    pub creg: Vec<f64>,
    /// Share of correct trials.
    pub performance: Vec<f64>,
}

impl TestEntry {
    /// The performance of the task that is learnt worst.
    pub fn lowest(&self) -> f64 {
        self.performance.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Where the random numbers of one purpose come from.
struct Streams {
    trials: Stream,
    input: Stream,
    recurrent: Stream,
}

impl Streams {
    fn new(seed: u64, purpose: &str) -> Self {
        let stream = |what: &str| Stream::new(seed, &format!("{purpose} {what}"));
        Self { trials: stream("trials"), input: stream("input noise"), recurrent: stream("recurrent noise") }
    }

    fn noise(&self, step: u32, input_sd: f32) -> Noise {
        Noise { step, input: Some((self.input, input_sd)), recurrent: Some(self.recurrent) }
    }
}

/// A network in training. Its state is its weights, its optimiser and the number of steps; nothing else
/// is remembered.
pub struct Session {
    spec: TrainingSpec,
    step: u64,
    weights: Weights,
    optimizer: OptimizerState,
    network: Fused,
    gradients: Vec<f32>,
    pull: Option<Pull>,
    order: Stream,
    training: Streams,
    testing: Vec<Streams>,
    watch: Stopwatch,
    /// What the network spent on tests.
    testing_times: Times,
}

impl Session {
    /// New weights.
    pub fn new(spec: TrainingSpec) -> Self {
        let weights = initial(&spec);
        let pull = pull(&spec, &weights);
        let optimizer = OptimizerState::new(spec.optimizer, weights.flat().len());
        Self::with(spec, 0, weights, optimizer, pull)
    }

    /// Weights and optimiser as they were after `trials` trials, at the end of a segment.
    pub fn resume(spec: TrainingSpec, trials: u64, weights: Weights, optimizer: OptimizerState) -> Self {
        // Initial weights are dear to make, and wanted for nothing else.
        let pull = if spec.regularization.of_distance() { pull(&spec, &initial(&spec)) } else { None };
        Self::with(spec, trials, weights, optimizer, pull)
    }

    fn with(
        spec: TrainingSpec,
        trials: u64,
        weights: Weights,
        optimizer: OptimizerState,
        pull: Option<Pull>,
    ) -> Self {
        let testing = (0..spec.tasks.len()).map(|task| Streams::new(spec.seed, &format!("test {task}")));
        Self {
            pull,
            step: trials / spec.batch_size as u64,
            network: Fused::new(spec.architecture()),
            gradients: vec![0.0; weights.flat().len()],
            order: Stream::new(spec.seed, "task order"),
            training: Streams::new(spec.seed, "training"),
            testing: testing.collect(),
            watch: Stopwatch::default(),
            testing_times: Times::default(),
            weights,
            optimizer,
            spec,
        }
    }

    /// Trials trained.
    pub fn trials(&self) -> u64 {
        self.step * self.spec.batch_size as u64
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The optimiser's state.
    pub fn optimizer(&self) -> &OptimizerState {
        &self.optimizer
    }

    /// Where the time went so far. What the network does in training steps is added up over threads; a
    /// test is one part.
    pub fn times(&self) -> Times {
        let mut times = self.network.times() - self.testing_times;
        times += self.watch.times();
        times
    }

    /// Trains up to the next test. `Ok(false)` means that it was cancelled on the way; the session is
    /// then between two segments and of no more use.
    ///
    /// # Errors
    /// If a task cannot be laid out, or the cost is no longer a number.
    pub fn train_segment(&mut self, cancel: &AtomicBool) -> Result<bool, TrainingError> {
        for _ in 0..self.spec.display_step {
            if cancel.load(Ordering::Relaxed) {
                return Ok(false);
            }
            self.train_step()?;
        }
        Ok(true)
    }

    fn train_step(&mut self) -> Result<(), TrainingError> {
        self.watch.restart();
        let step = self.step as u32;
        let rule = self.spec.draw(self.order.uniform([step, 0, 0, 0]));
        let random = RandomTrials {
            stream: &self.training.trials,
            step,
            trials: self.spec.batch_size,
            trials_per_distance: self.spec.batch_size,
        };
        let batch = self.spec.tasks[rule].random_batch(&self.spec.dynamics.encoding(rule), random)?;
        self.watch.lap(Part::Trials);
        let noise = self.training.noise(step, self.input_sd());
        let regularization = &self.spec.regularization;
        let cost =
            self.network.gradients(&self.weights, &batch, &noise, regularization, &mut self.gradients)?;
        self.check(cost.loss + cost.regularization)?;
        self.watch.restart();
        if let Some(pull) = &self.pull {
            pull.add_gradients(&self.weights, &mut self.gradients);
        }
        self.optimizer.step(self.spec.learning_rate as f32, &self.gradients, self.weights.flat_mut());
        self.watch.lap(Part::Optimizer);
        self.step += 1;
        Ok(())
    }

    /// Tests all tasks on fresh random trials.
    ///
    /// # Errors
    /// If the cost is no longer a number.
    pub fn test(&mut self) -> Result<TestEntry, TrainingError> {
        let trials = self.trials();
        let number = (self.step / self.spec.display_step as u64) as u32;
        let batches = TEST_BATCHES.min(self.spec.test_trials);
        let before = self.network.times();
        self.watch.restart();
        let mut entry = TestEntry { trials, cost: Vec::new(), creg: Vec::new(), performance: Vec::new() };
        for (rule, streams) in self.testing.iter().enumerate() {
            let random = RandomTrials {
                stream: &streams.trials,
                step: number,
                trials: self.spec.test_trials,
                trials_per_distance: self.spec.test_trials.div_ceil(batches),
            };
            let batch = self.spec.tasks[rule].random_batch(&self.spec.dynamics.encoding(rule), random)?;
            let noise = streams.noise(number, self.input_sd());
            let regularization = &self.spec.regularization;
            let result = self.network.evaluate(&self.weights, &batch, &noise, regularization)?;
            let added = self.mean_regularization(result.hidden, batches);
            self.check(result.loss + added)?;
            entry.cost.push(result.loss);
            entry.creg.push(added);
            entry.performance.push(performance(&score(&result.last, batch.y_loc.last())));
        }
        self.watch.lap(Part::Test);
        self.testing_times += self.network.times() - before;
        Ok(entry)
    }

    fn check(&self, cost: f64) -> Result<(), TrainingError> {
        if cost.is_finite() { Ok(()) } else { Err(TrainingError::Diverged { trials: self.trials(), cost }) }
    }

    fn input_sd(&self) -> f32 {
        noise_sd(self.spec.dynamics.sigma_x as f32, self.spec.dynamics.alpha())
    }

    /// Activity is summed over one batch of the several that a test stands for.
    fn mean_regularization(&self, hidden: HiddenSums, batches: usize) -> f64 {
        let hidden = HiddenSums { sum_of_squares: hidden.sum_of_squares / batches as f64, ..hidden };
        let pull = self.pull.as_ref().map_or(0.0, |pull| pull.cost(&self.weights));
        self.spec.regularization.cost(&self.weights, &hidden) + pull
    }
}

fn pull(spec: &TrainingSpec, initial: &Weights) -> Option<Pull> {
    Pull::new(&spec.regularization, initial, &Stream::new(spec.seed, "pinned weights"))
}

fn initial(spec: &TrainingSpec) -> Weights {
    let stream = Stream::new(spec.seed, "initial weights");
    Weights::initial(&spec.architecture(), spec.recurrent_init, &stream)
}
