//! What every implementation of the network computes.

use super::architecture::Architecture;
use super::error::NetworkError;
use super::regularization::{HiddenSums, Regularization};
use super::weights::Weights;
use crate::random::Stream;
use crate::tasks::{Loss, TrialBatch};

/// The noise of one simulation. Every trial, time and unit has a number of its own in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// The first word of all counters: the training step, or the number of the simulation.
    pub step: u32,
    /// Noise on all input channels, if any: its stream and its standard deviation (see [`noise_sd`]).
    pub input: Option<(Stream, f32)>,
    /// Noise on the summed input of all units, if any. Its standard deviation follows from the network's
    /// `sigma_rec`.
    pub recurrent: Option<Stream>,
}

impl Noise {
    /// No noise at all.
    pub const NONE: Self = Self { step: 0, input: None, recurrent: None };

    /// The counter of a unit's noise in a trial (numbered in the whole batch); the fourth word counts units.
    pub(super) fn recurrent_counter(&self, trial: usize, time: usize) -> [u32; 3] {
        [self.step, trial as u32, time as u32]
    }

    /// The counter of the input noise of a trial (numbered in the whole batch); the fourth word counts `[time, input]`.
    pub(super) fn input_counter(&self, trial: usize) -> [u32; 3] {
        [self.step, trial as u32, 0]
    }
}

/// The standard deviation of noise of strength `sigma` in a time step: `sigma sqrt(2 / alpha)`.
pub fn noise_sd(sigma: f32, alpha: f32) -> f32 {
    (2.0 / alpha).sqrt() * sigma
}

/// What a batch costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// The loss.
    pub loss: f64,
    /// What regularisers add.
    pub regularization: f64,
}

/// How a network does on a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The loss.
    pub loss: f64,
    /// Of the activity; zeros unless activity is regularised.
    pub hidden: HiddenSums,
    /// Output at the last time step `[trial, output]`.
    pub last: Vec<f32>,
}

/// The activity of a network on a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Hidden state `[time, trial, unit]`; rates are `h * 1000 / dt` Hz.
    pub h: Vec<f32>,
    /// Output `[time, trial, output]`.
    pub y_hat: Vec<f32>,
}

/// An implementation of the network.
pub trait Step {
    /// The cost of a batch, and its derivatives by all weights, in their order, before clipping.
    ///
    /// # Errors
    /// If batch, weights or gradients do not fit the network.
    fn gradients(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
        gradients: &mut [f32],
    ) -> Result<Cost, NetworkError>;

    /// The loss of a batch and the output at the end of its trials, without keeping the activity.
    ///
    /// # Errors
    /// If batch or weights do not fit the network.
    fn evaluate(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
    ) -> Result<Evaluation, NetworkError>;

    /// The activity on a batch.
    ///
    /// # Errors
    /// If batch or weights do not fit the network.
    fn record(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
    ) -> Result<Recording, NetworkError>;
}

/// Fails unless weights and batch fit the network.
pub(super) fn check(
    architecture: &Architecture,
    weights: &Weights,
    batch: &TrialBatch,
) -> Result<(), NetworkError> {
    let mask = match architecture.loss {
        Loss::Lsq => batch.n_output,
        Loss::CrossEntropy => 1,
    };
    let sizes = [
        ("the input of the weights", weights.n_input(), architecture.n_input),
        ("the weights' number of units", weights.units(), architecture.units),
        ("the output of the weights", weights.n_output(), architecture.n_output),
        ("the input of the batch", batch.n_input, architecture.n_input),
        ("the output of the batch", batch.n_output, architecture.n_output),
    ];
    sizes.into_iter().try_for_each(|(what, found, expected)| check_size(what, found, expected))?;
    let arrays = [
        ("`x`", &batch.x, batch.n_input),
        ("`y`", &batch.y, batch.n_output),
        ("the cost mask", &batch.c_mask, mask),
    ];
    for (what, array, width) in arrays {
        check_size(what, array.steps(), batch.steps)?;
        check_size(what, array.width(), batch.trials * width)?;
    }
    let least = batch.steps.min(batch.trials).min(batch.n_input).min(batch.n_output).min(weights.units());
    check_size("the smallest dimension", least.min(1), 1)
}

pub(super) fn check_size(what: &'static str, found: usize, expected: usize) -> Result<(), NetworkError> {
    if found == expected { Ok(()) } else { Err(NetworkError::Size { what, expected, found }) }
}
