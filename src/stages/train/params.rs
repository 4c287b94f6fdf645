//! What an experiment says of a training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::{Activation, Optimizer, RecurrentInit, Regularization};
use crate::tasks::{Coding, Loss};

use super::super::task_name::TaskName;

/// Seeds are whole numbers that JSON can carry exactly.
pub const LARGEST_SEED: u64 = 1 << 53;

/// Trains a recurrent network on a set of tasks, one of them at a time, until it can do all of them.
/// Every `display_step` steps all tasks are tested and a checkpoint is kept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainParams {
    /// The tasks, in the order of their rule units.
    #[schemars(length(min = 1))]
    pub tasks: Vec<TaskName>,
    /// How often each task is drawn, relative to the others [default: equally often].
    #[serde(default)]
    pub probabilities: Option<Vec<f64>>,
    /// Seeds everything that is random: weights, trials, noise, the order of tasks.
    #[serde(default)]
    #[schemars(range(max = LARGEST_SEED))]
    pub seed: u64,
    /// The network.
    #[serde(default)]
    pub model: ModelParams,
    /// How weights follow gradients.
    #[serde(default)]
    pub optimizer: OptimizerParams,
    /// What is added to the cost to keep activity and weights small.
    #[serde(default)]
    pub regularization: Regularization,
    /// Trials in a training step.
    #[serde(default = "batch_size")]
    #[schemars(range(min = 1, max = 65536))]
    pub batch_size: usize,
    /// Training steps between two tests.
    #[serde(default = "display_step")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub display_step: usize,
    /// Trials of each task in a test.
    #[serde(default = "test_trials")]
    #[schemars(range(min = 1, max = 65536))]
    pub test_trials: usize,
    /// When to stop.
    #[serde(default)]
    pub stop: StopParams,
}

fn batch_size() -> usize {
    64
}

fn display_step() -> usize {
    20
}

fn test_trials() -> usize {
    512
}

/// The network.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelParams {
    /// Recurrent units.
    #[schemars(range(min = 1, max = 16384))]
    pub units: usize,
    /// Activation function.
    pub activation: Activation,
    /// How the recurrent weights start.
    pub recurrent_init: RecurrentInit,
    /// Time step in ms.
    #[schemars(range(min = 1, max = 1000))]
    pub dt_ms: u32,
    /// Time constant in ms; at least the time step.
    #[schemars(range(min = 1, max = 100_000))]
    pub tau_ms: u32,
    /// Strength of the recurrent noise.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub sigma_rec: f64,
    /// Strength of the input noise.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub sigma_x: f64,
    /// Location units of the input and output rings.
    #[schemars(range(min = 1, max = 4096))]
    pub ring_units: usize,
    /// How stimuli are coded on the input ring.
    pub coding: Coding,
    /// What is minimised.
    pub loss: Loss,
}

impl Default for ModelParams {
    fn default() -> Self {
        Self {
            units: 256,
            activation: Activation::default(),
            recurrent_init: RecurrentInit::default(),
            dt_ms: 20,
            tau_ms: 100,
            sigma_rec: 0.05,
            sigma_x: 0.01,
            ring_units: 8,
            coding: Coding::default(),
            loss: Loss::default(),
        }
    }
}

/// How weights follow gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerParams {
    /// The rule.
    pub kind: Optimizer,
    /// The learning rate.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
}

impl Default for OptimizerParams {
    fn default() -> Self {
        Self { kind: Optimizer::default(), learning_rate: 0.001 }
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StopParams {
    /// The performance that the task which is learnt worst must exceed.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target_perf: f64,
    /// At which of the tests above `target_perf` to stop: 1 is the first. They need not be in a row.
    #[schemars(range(min = 1))]
    pub tests_above_target: u64,
    /// Stop after so many trials in any case.
    pub max_trials: u64,
}

impl Default for StopParams {
    fn default() -> Self {
        Self { target_perf: 0.995, tests_above_target: 1, max_trials: 1_500_000 }
    }
}
