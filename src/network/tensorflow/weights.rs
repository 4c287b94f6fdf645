//! The weights of a network from a TensorFlow checkpoint.

use super::super::architecture::Architecture;
use super::super::weights::Weights;
use super::bundle::{Bundle, Files};
use super::error::BundleError;

/// Weights that were read from a TensorFlow checkpoint.
#[derive(Debug)]
pub struct TensorFlowWeights {
    /// The weights.
    pub weights: Weights,
    /// Variables that are stored in double precision, and were rounded.
    pub rounded: Vec<&'static str>,
}

impl TensorFlowWeights {
    /// Reads the weights of such a network from the files of a checkpoint, by name: `checkpoint` (which may
    /// be missing), `*.index` and `*.data-?????-of-?????`. Other variables, such as an optimiser's, are
    /// passed over.
    ///
    /// # Errors
    /// If a file is missing or damaged, or does not hold the finite weights of such a network.
    pub fn read(files: &Files, architecture: &Architecture) -> Result<Self, BundleError> {
        let bundle = Bundle::open(files)?;
        let variables = Weights::layout(architecture);
        // All are found before there is memory for any: what a file does not hold needs none.
        let located = variables
            .iter()
            .map(|variable| bundle.locate(variable.name, &variable.shape))
            .collect::<Result<Vec<_>, _>>()?;
        let mut weights = Weights::zeros(architecture);
        let mut rounded = Vec::new();
        for (variable, located) in variables.into_iter().zip(located) {
            for (value, read) in weights.flat_mut()[variable.range].iter_mut().zip(located.values()) {
                *value = read;
            }
            if located.is_double() {
                rounded.push(variable.name);
            }
        }
        Ok(Self { weights, rounded })
    }
}
