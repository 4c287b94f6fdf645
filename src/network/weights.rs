//! The trainable numbers of a network.

use std::ops::Range;

use super::architecture::Architecture;

/// One named array of the weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name that TensorFlow gives it.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where it lies in the flat weights.
    pub range: Range<usize>,
    /// Whether regularisers of weights apply: matrices, not biases.
    pub regularized: bool,
}

/// All weights in one flat array, in TensorFlow's order: the kernel `[n_input + units, units]`, which is
/// input weights above recurrent weights, the bias `[units]`, the output weights `[units, output]` and the
/// output biases `[output]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    values: Vec<f32>,
    n_input: usize,
    units: usize,
    n_output: usize,
}

impl Weights {
    /// Weights that are all 0.
    pub fn zeros(architecture: &Architecture) -> Self {
        let mut weights = Self::without_values(architecture);
        weights.values = vec![0.0; weights.ends()[3]];
        weights
    }

    /// The arrays of such a network, in order.
    pub fn layout(architecture: &Architecture) -> [Variable; 4] {
        Self::without_values(architecture).variables()
    }

    fn without_values(architecture: &Architecture) -> Self {
        let Architecture { n_input, units, n_output, .. } = *architecture;
        Self { values: Vec::new(), n_input, units, n_output }
    }

    /// The arrays, in order.
    pub fn variables(&self) -> [Variable; 4] {
        let [kernel, bias, output, output_bias] = self.ends();
        let Self { n_input, units, n_output, .. } = *self;
        let variable = |name, shape, range, regularized| Variable { name, shape, range, regularized };
        [
            variable("rnn/leaky_rnn_cell/kernel", vec![n_input + units, units], 0..kernel, true),
            variable("rnn/leaky_rnn_cell/bias", vec![units], kernel..bias, false),
            variable("output/weights", vec![units, n_output], bias..output, true),
            variable("output/biases", vec![n_output], output..output_bias, false),
        ]
    }

    /// All values.
    pub fn flat(&self) -> &[f32] {
        &self.values
    }

    /// All values.
    pub fn flat_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Input weights `[n_input, units]`.
    pub fn input(&self) -> &[f32] {
        &self.values[..self.n_input * self.units]
    }

    /// Recurrent weights `[units, units]`, from row to column.
    pub fn recurrent(&self) -> &[f32] {
        &self.values[self.n_input * self.units..self.ends()[0]]
    }

    /// Biases `[units]`.
    pub fn bias(&self) -> &[f32] {
        &self.values[self.ends()[0]..self.ends()[1]]
    }

    /// Output weights `[units, output]`.
    pub fn output(&self) -> &[f32] {
        &self.values[self.ends()[1]..self.ends()[2]]
    }

    /// Output biases `[output]`.
    pub fn output_bias(&self) -> &[f32] {
        &self.values[self.ends()[2]..]
    }

    /// Input channels.
    pub fn n_input(&self) -> usize {
        self.n_input
    }

    /// Recurrent units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Output channels.
    pub fn n_output(&self) -> usize {
        self.n_output
    }

    /// Where each array ends.
    fn ends(&self) -> [usize; 4] {
        let kernel = (self.n_input + self.units) * self.units;
        let bias = kernel + self.units;
        let output = bias + self.units * self.n_output;
        [kernel, bias, output, output + self.n_output]
    }
}
