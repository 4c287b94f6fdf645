//! How gradients change the weights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule by which weights follow gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Adam, in the form of TensorFlow: epsilon is added before the bias is corrected.
    #[default]
    Adam,
    /// Plain gradient descent.
    Sgd,
}

/// Gradients are clipped to this size, each on its own.
const CLIP: f32 = 1.0;
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// What an optimiser remembers between steps.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState {
    /// Steps taken.
    pub steps: u64,
    /// Running means of gradients and of their squares, in the order of the weights; only Adam has them.
    pub moments: Option<Moments>,
}

/// Adam's running means.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Of gradients.
    pub mean: Vec<f32>,
    /// Of squared gradients.
    pub square: Vec<f32>,
}

impl OptimizerState {
    /// The state before the first step, for `weights` weights.
    pub fn new(optimizer: Optimizer, weights: usize) -> Self {
        let moments = match optimizer {
            Optimizer::Adam => Some(Moments { mean: vec![0.0; weights], square: vec![0.0; weights] }),
            Optimizer::Sgd => None,
        };
        Self { steps: 0, moments }
    }

    /// Whether this is a state of `optimizer` for `weights` weights.
    pub fn fits(&self, optimizer: Optimizer, weights: usize) -> bool {
        match (optimizer, &self.moments) {
            (Optimizer::Adam, Some(moments)) => {
                [&moments.mean, &moments.square].iter().all(|m| m.len() == weights)
            }
            (Optimizer::Sgd, None) => true,
            _ => false,
        }
    }

    /// Takes one step: changes `weights` by their `gradients`, which are clipped to `[-1, 1]` first.
    ///
    /// Adam (Kingma and Ba, *ICLR* 2015; the form before their section 2.1): with
    /// `lr_t = lr sqrt(1 - beta_2^t) / (1 - beta_1^t)`, `w -= lr_t m / (sqrt(v) + 1e-8)`.
    pub fn step(&mut self, learning_rate: f32, gradients: &[f32], weights: &mut [f32]) {
        self.steps += 1;
        let clipped = gradients.iter().map(|gradient| gradient.clamp(-CLIP, CLIP));
        let Some(Moments { mean, square }) = &mut self.moments else {
            weights
                .iter_mut()
                .zip(clipped)
                .for_each(|(weight, gradient)| *weight -= learning_rate * gradient);
            return;
        };
        let rate = adam_rate(learning_rate, self.steps);
        let moments = mean.iter_mut().zip(square.iter_mut());
        for ((weight, gradient), (mean, square)) in weights.iter_mut().zip(clipped).zip(moments) {
            *mean += (gradient - *mean) * (1.0 - BETA_1);
            *square += (gradient * gradient - *square) * (1.0 - BETA_2);
            *weight -= *mean * rate / (square.sqrt() + EPSILON);
        }
    }
}

/// Adam's learning rate at a step, counted from 1.
fn adam_rate(learning_rate: f32, step: u64) -> f32 {
    let remaining = |beta: f32| 1.0 - libm::pow(f64::from(beta), step as f64);
    (f64::from(learning_rate) * remaining(BETA_2).sqrt() / remaining(BETA_1)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_of_adam_has_the_size_of_the_learning_rate() {
        let mut weights = [0.5, 0.5, 0.5];
        OptimizerState::new(Optimizer::Adam, 3).step(0.01, &[0.3, -7.0, 0.0], &mut weights);
        for (weight, expected) in weights.into_iter().zip([0.49f32, 0.51, 0.5]) {
            assert!((weight - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn gradients_are_clipped_by_value() {
        let mut weights = [0.0; 3];
        OptimizerState::new(Optimizer::Sgd, 3).step(0.5, &[3.0, -0.5, -1e9], &mut weights);
        assert_eq!(weights, [-0.5, 0.25, 0.5]);
    }

    #[test]
    fn a_gradient_that_is_not_a_number_is_not_hidden() {
        let mut weights = [0.0];
        OptimizerState::new(Optimizer::Adam, 1).step(0.5, &[f32::NAN], &mut weights);
        assert!(weights[0].is_nan());
    }
}
