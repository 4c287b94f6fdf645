//! Parts of a training step by themselves, to be timed.

use super::activate::Activate;
use super::buffer::Buffer;
use super::matrix::Shape;
use super::scan::{Memory, Workspace};
use super::shards::{Fused, shards};
use crate::network::architecture::{Activation, Architecture};
use crate::network::error::NetworkError;
use crate::network::regularization::Regularization;
use crate::network::step::{Noise, check};
use crate::network::weights::Weights;
use crate::simd::Instructions;
use crate::tasks::TrialBatch;

/// The scan of the first trials of a batch, as one thread does it.
pub struct ScanParts {
    network: Fused,
    batch: TrialBatch,
    noise: Noise,
    space: Workspace,
    gradients: Buffer,
}

impl ScanParts {
    /// A scan that has gone forward once.
    ///
    /// # Errors
    /// If the weights or the batch do not fit the network.
    pub fn new(
        architecture: Architecture,
        weights: &Weights,
        batch: TrialBatch,
        noise: Noise,
    ) -> Result<Self, NetworkError> {
        check(&architecture, weights, &batch)?;
        let mut network = Fused::new(architecture);
        network.load(weights);
        let gradients = Buffer::zeros(Shape::new(&architecture).gradients_size());
        let mut parts = Self { network, batch, noise, space: Workspace::default(), gradients };
        parts.forward();
        Ok(parts)
    }

    /// Forward through time, without the loss.
    pub fn forward(&mut self) {
        let trials = shards(self.batch.trials).swap_remove(0);
        let scan = self.network.scan(&self.batch, &self.noise, trials);
        scan.forward(Memory::Whole, &mut self.space, |_, by_logits| by_logits.fill(1e-3));
    }

    /// Back through time, gradients of weights included.
    pub fn backward(&mut self) {
        let trials = shards(self.batch.trials).swap_remove(0);
        let scan = self.network.scan(&self.batch, &self.noise, trials);
        scan.backward(&mut self.space, &Regularization::default(), &mut self.gradients);
    }
}

/// Softplus and its derivative on the units of one trial, all slices `[unit]`: from summed inputs and the
/// previous hidden state to the next one and its slope.
pub fn softplus_units(z: &[f32], previous: &[f32], h: &mut [f32], slope: &mut [f32]) {
    let activation = Activation::Softplus;
    Instructions::best().run(Activate { activation, alpha: 0.2, z, previous, h, slope });
}
