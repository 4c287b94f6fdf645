//! All that decides a training but when to stop.

use serde::{Deserialize, Serialize};

use crate::network::{Architecture, Optimizer, RecurrentInit, Regularization};
use crate::tasks::Task;

use super::dynamics::Dynamics;

/// All that decides a training but when to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSpec {
    /// The network and how trials are coded for it.
    pub dynamics: Dynamics,
    /// The tasks, in the order of their rule units.
    pub tasks: Vec<Task>,
    /// How often each task is drawn, relative to the others.
    pub probabilities: Vec<f64>,
    /// Seeds everything that is random.
    pub seed: u64,
    /// How the recurrent weights start.
    pub recurrent_init: RecurrentInit,
    /// How weights follow gradients.
    pub optimizer: Optimizer,
    /// The learning rate.
    pub learning_rate: f64,
    /// What is added to the cost.
    pub regularization: Regularization,
    /// Trials in a training step.
    pub batch_size: usize,
    /// Training steps between two tests.
    pub display_step: usize,
    /// Trials of each task in a test.
    pub test_trials: usize,
}

impl TrainingSpec {
    /// Trials between two tests.
    pub fn segment_trials(&self) -> u64 {
        self.batch_size as u64 * self.display_step as u64
    }

    /// The network's shape and equations.
    pub fn architecture(&self) -> Architecture {
        self.dynamics.architecture()
    }

    /// The task that a uniform number in `[0, 1)` draws.
    pub(super) fn draw(&self, uniform: f64) -> usize {
        let total: f64 = self.probabilities.iter().sum();
        let mut left = uniform * total;
        for (task, probability) in self.probabilities.iter().enumerate() {
            left -= probability;
            if left < 0.0 {
                return task;
            }
        }
        // Rounding may leave a sliver at the end; it belongs to the last task that can be drawn.
        self.probabilities.iter().rposition(|probability| *probability > 0.0).unwrap_or(0)
    }
}
