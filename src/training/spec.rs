//! What a training is, from its seed to its last bit.

use super::error::TrainingError;
use crate::network::{Activation, Architecture, Optimizer, RecurrentInit, Regularization};
use crate::tasks::{Coding, Encoding, Loss, Ring, Task};

/// A task of the rule set. Every one has a rule unit, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainedTask {
    /// The task.
    pub task: Task,
    /// How often it is trained, relative to the others. With 0 it has a rule unit only, and is neither
    /// trained nor tested.
    pub probability: f64,
}

/// All that a training depends on, except for when it stops.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSpec {
    /// Names all random numbers.
    pub seed: u64,
    /// The rule set.
    pub tasks: Vec<TrainedTask>,
    /// The input and output ring.
    pub ring: Ring,
    /// Time step in ms.
    pub dt_ms: u32,
    /// Time constant of the units in ms.
    pub tau_ms: u32,
    /// Recurrent units.
    pub units: usize,
    /// Their activation.
    pub activation: Activation,
    /// Their initial recurrent weights.
    pub recurrent_init: RecurrentInit,
    /// Strength of the recurrent noise.
    pub sigma_rec: f32,
    /// Strength of the input noise.
    pub sigma_x: f32,
    /// What is minimised.
    pub loss: Loss,
    /// What keeps rates and weights small.
    pub regularization: Regularization,
    /// How weights follow gradients.
    pub optimizer: Optimizer,
    /// And how fast.
    pub learning_rate: f32,
    /// Trials of a training step.
    pub batch_trials: usize,
    /// Training steps between tests.
    pub segment_steps: u32,
    /// Batches of a test, per task.
    pub test_batches: usize,
    /// Trials of a batch of a test.
    pub test_batch_trials: usize,
}

impl TrainingSpec {
    /// The training of the paper (Xie et al., *Front. Syst. Neurosci.* 16:760864, 2022), on some tasks, each as
    /// often as the others.
    pub fn paper(tasks: impl IntoIterator<Item = Task>, seed: u64) -> Self {
        Self {
            seed,
            tasks: tasks.into_iter().map(|task| TrainedTask { task, probability: 1.0 }).collect(),
            ring: Ring { units: 8, rings: 1, coding: Coding::Gaussian },
            dt_ms: 20,
            tau_ms: 100,
            units: 256,
            activation: Activation::Softplus,
            recurrent_init: RecurrentInit::Randortho,
            sigma_rec: 0.05,
            sigma_x: 0.01,
            loss: Loss::Lsq,
            regularization: Regularization::default(),
            optimizer: Optimizer::Adam,
            learning_rate: 0.001,
            batch_trials: 64,
            segment_steps: 20,
            test_batches: 16,
            test_batch_trials: 32,
        }
    }

    /// The network that is trained.
    pub fn architecture(&self) -> Architecture {
        let encoding = self.encoding(None);
        Architecture {
            n_input: encoding.n_input(),
            units: self.units,
            n_output: encoding.n_output(),
            activation: self.activation,
            alpha: (f64::from(self.dt_ms) / f64::from(self.tau_ms)) as f32,
            sigma_rec: self.sigma_rec,
            loss: self.loss,
        }
    }

    /// How trials are coded for this network with a rule unit on.
    pub fn encoding(&self, rule: Option<usize>) -> Encoding {
        Encoding { dt_ms: self.dt_ms, ring: self.ring, loss: self.loss, n_rule: self.tasks.len(), rule }
    }

    /// The rules of the tasks that are trained, in order, each with its task.
    pub fn trained(&self) -> impl Iterator<Item = (usize, TrainedTask)> {
        self.tasks.iter().copied().enumerate().filter(|(_, task)| task.probability > 0.0)
    }

    /// Fails if a number is out of range.
    pub(super) fn check(&self) -> Result<(), TrainingError> {
        let whole = |name, value: usize| (name, value as f64, value >= 1, "at least 1");
        let size = |name, value: f32| {
            (name, f64::from(value), value >= 0.0 && value.is_finite(), "a number from 0 up")
        };
        let Regularization { l1_h, l2_h, l1_weight, l2_weight } = self.regularization;
        let alpha_fits = 0 < self.dt_ms && self.dt_ms <= self.tau_ms;
        let mut checks = vec![
            ("the time step in ms", f64::from(self.dt_ms), alpha_fits, "from 1 up to the time constant"),
            whole("the number of units", self.units),
            whole("the number of trials of a batch", self.batch_trials),
            whole("the number of steps of a segment", self.segment_steps as usize),
            whole("the number of batches of a test", self.test_batches),
            whole("the number of trials of a test batch", self.test_batch_trials),
            size("sigma_rec", self.sigma_rec),
            size("sigma_x", self.sigma_x),
            size("the learning rate", self.learning_rate),
            size("l1_h", l1_h),
            size("l2_h", l2_h),
            size("l1_weight", l1_weight),
            size("l2_weight", l2_weight),
        ];
        checks
            .extend(self.tasks.iter().map(|task| size("the probability of a task", task.probability as f32)));
        match checks.into_iter().find(|(_, _, fits, _)| !fits) {
            Some((name, found, _, range)) => Err(TrainingError::OutOfRange { name, range, found }),
            None if self.trained().next().is_none() => Err(TrainingError::NoTask),
            None => Ok(()),
        }
    }
}
