//! Regularisers that hold weights near where they started.

use super::regularization::Regularization;
use super::weights::Weights;
use crate::random::Stream;

/// A pinned weight is held with `((w - w_0) * 0.1)^2 / 2`.
const PINNED: f32 = 0.01;

/// A pull on every weight towards its initial value: the cost is half the sum of
/// `stiffness * (w - w_0)^2` over kernel and output weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    initial: Vec<f32>,
    /// 0 where a weight is free.
    stiffness: Vec<f32>,
}

impl Pull {
    /// The pull that `regularization` asks for, if it does. Which weights are pinned is drawn from `stream`,
    /// each on its own: a share `1 - p_weight_train` of them.
    pub fn new(regularization: &Regularization, initial: &Weights, stream: &Stream) -> Option<Self> {
        if !regularization.of_distance() {
            return None;
        }
        let pinned_share = 1.0 - regularization.p_weight_train.unwrap_or(1.0);
        let stiff = regularization.l2_weight_init as f32;
        let mut stiffness = vec![0.0; initial.flat().len()];
        for variable in initial.variables().into_iter().filter(|variable| variable.regularized) {
            for at in variable.range {
                let pinned = stream.uniform([0, 0, 0, at as u32]) < pinned_share;
                stiffness[at] = stiff + if pinned { PINNED } else { 0.0 };
            }
        }
        Some(Self { initial: initial.flat().to_vec(), stiffness })
    }

    /// What it adds to the cost.
    pub fn cost(&self, weights: &Weights) -> f64 {
        let pulled = self.stiffness.iter().zip(weights.flat().iter().zip(&self.initial));
        let squares = pulled.map(|(&stiffness, (&now, &then))| {
            f64::from(stiffness) * (f64::from(now) - f64::from(then)).powi(2)
        });
        squares.sum::<f64>() / 2.0
    }

    /// Adds its gradients, `[weights]`.
    pub fn add_gradients(&self, weights: &Weights, gradients: &mut [f32]) {
        let pulled = self.stiffness.iter().zip(weights.flat().iter().zip(&self.initial));
        for (gradient, (&stiffness, (&now, &then))) in gradients.iter_mut().zip(pulled) {
            *gradient += stiffness * (now - then);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::{Activation, Architecture, RecurrentInit};
    use super::*;
    use crate::tasks::Loss;

    fn weights() -> Weights {
        let architecture = Architecture {
            n_input: 5,
            units: 40,
            n_output: 4,
            activation: Activation::Softplus,
            alpha: 0.2,
            sigma_rec: 0.0,
            loss: Loss::Lsq,
        };
        Weights::initial(&architecture, RecurrentInit::Randgauss, &Stream::new(3, "weights"))
    }

    fn moved(by: f32) -> Weights {
        let mut moved = weights();
        moved.flat_mut().iter_mut().for_each(|weight| *weight += by);
        moved
    }

    #[test]
    fn nothing_is_pulled_unless_asked_for() {
        assert_eq!(Pull::new(&Regularization::default(), &weights(), &Stream::new(0, "pins")), None);
        let all_free = Regularization { p_weight_train: Some(1.0), ..Regularization::default() };
        assert_eq!(Pull::new(&all_free, &weights(), &Stream::new(0, "pins")), None);
    }

    #[test]
    fn moved_weights_cost_half_the_square_and_biases_are_free() {
        let regularization = Regularization { l2_weight_init: 0.5, ..Regularization::default() };
        let pull = Pull::new(&regularization, &weights(), &Stream::new(0, "pins")).expect("a pull");
        assert_eq!(pull.cost(&weights()), 0.0);
        let pulled = (45 * 40 + 40 * 4) as f64;
        assert!((pull.cost(&moved(0.25)) - 0.5 * pulled * 0.0625 / 2.0).abs() < 1e-3);
        let mut gradients = vec![0.0; weights().flat().len()];
        pull.add_gradients(&moved(0.25), &mut gradients);
        let biases = &weights().variables()[1];
        assert!(gradients[biases.range.clone()].iter().all(|gradient| *gradient == 0.0));
        assert!((gradients[0] - 0.125).abs() < 1e-6);
    }

    #[test]
    fn the_pinned_share_is_as_asked() {
        let regularization = Regularization { p_weight_train: Some(0.3), ..Regularization::default() };
        let pull = Pull::new(&regularization, &weights(), &Stream::new(0, "pins")).expect("a pull");
        let pinned = pull.stiffness.iter().filter(|stiffness| **stiffness == PINNED).count() as f64;
        let share = pinned / (45 * 40 + 40 * 4) as f64;
        assert!((share - 0.7).abs() < 0.05, "{share}");
    }
}
