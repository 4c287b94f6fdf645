//! Regularisers: what keeps rates and weights small.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::weights::Weights;

/// Strengths of the regularisers; 0 turns one off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Regularization {
    /// Of the mean of `|h|` over time, trials and units.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub l1_h: f64,
    /// Of half the sum of `h^2` over time, trials and units.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub l2_h: f64,
    /// Of the mean of `|w|`, summed over kernel and output weights.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub l1_weight: f64,
    /// Of half the sum of `w^2` over kernel and output weights.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub l2_weight: f64,
    /// Of half the sum of `(w - w_0)^2` over kernel and output weights, `w_0` being the initial ones.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub l2_weight_init: f64,
    /// The share of kernel and output weights that are free to change; the others, drawn at random, are
    /// softly pinned to their initial values.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p_weight_train: Option<f64>,
}

/// What the regularisers of activity need to know about it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HiddenSums {
    /// Mean of `|h|`.
    pub mean_absolute: f64,
    /// Sum of `h^2`.
    pub sum_of_squares: f64,
}

impl Regularization {
    /// Whether activity counts.
    pub fn of_activity(&self) -> bool {
        self.l1_h != 0.0 || self.l2_h != 0.0
    }

    /// Whether weights are pulled towards their initial values.
    pub fn of_distance(&self) -> bool {
        self.l2_weight_init != 0.0 || self.p_weight_train.is_some_and(|share| share < 1.0)
    }

    /// What the regularisers add to the cost.
    pub fn cost(&self, weights: &Weights, hidden: &HiddenSums) -> f64 {
        let mut cost = self.l1_h * hidden.mean_absolute + self.l2_h * hidden.sum_of_squares / 2.0;
        if self.l1_weight == 0.0 && self.l2_weight == 0.0 {
            return cost;
        }
        for variable in weights.variables().into_iter().filter(|variable| variable.regularized) {
            let values = || weights.flat()[variable.range.clone()].iter().map(|&value| f64::from(value));
            let absolute: f64 = values().map(f64::abs).sum();
            let squares: f64 = values().map(|value| value * value).sum();
            cost += self.l1_weight * absolute / variable.range.len() as f64 + self.l2_weight * squares / 2.0;
        }
        cost
    }

    /// Adds the gradients of the regularisers of weights, `[weights]`.
    pub(super) fn add_weight_gradients(&self, weights: &Weights, gradients: &mut [f32]) {
        if self.l1_weight == 0.0 && self.l2_weight == 0.0 {
            return;
        }
        for variable in weights.variables().into_iter().filter(|variable| variable.regularized) {
            let l1 = self.l1_weight as f32 / variable.range.len() as f32;
            let l2 = self.l2_weight as f32;
            let values = &weights.flat()[variable.range.clone()];
            for (gradient, &value) in gradients[variable.range].iter_mut().zip(values) {
                *gradient += l1 * sign(value) + l2 * value;
            }
        }
    }
}

/// -1, 0 or 1.
pub(super) fn sign(value: f32) -> f32 {
    f32::from(u8::from(value > 0.0)) - f32::from(u8::from(value < 0.0))
}
