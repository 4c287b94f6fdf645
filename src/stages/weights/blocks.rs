//! Weights as matrices `[to, from]`, their units in a given order.

use crate::network::Weights;
use crate::training::Dynamics;

/// A matrix of weights.
pub struct Block {
    /// Its name.
    pub name: &'static str,
    /// Columns.
    pub width: usize,
    /// Values `[to, from]`.
    pub values: Vec<f64>,
}

impl Block {
    /// A block of `rows x width` weights.
    fn new(name: &'static str, rows: usize, width: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let cells = (0..rows).flat_map(|row| (0..width).map(move |column| (row, column)));
        let values = cells.map(|(row, column)| f64::from(weight(row, column))).collect();
        Self { name, width, values }
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.values.len() / self.width.max(1)
    }
}

/// The weights of a network in blocks, units by `order`: from the fixation input, the rings, the rule
/// units and the other units to the units, their biases, from the units to the fixation output and the
/// output ring, and the biases of the output. Blocks without weights are left out.
pub fn blocks(weights: &Weights, dynamics: &Dynamics, order: &[usize]) -> Vec<Block> {
    let (units, outputs) = (weights.units(), weights.n_output());
    let rings = dynamics.rings * dynamics.ring_units;
    let input =
        |from: usize| move |row: usize, column: usize| weights.input()[(from + column) * units + order[row]];
    let output =
        |to: usize| move |row: usize, column: usize| weights.output()[order[column] * outputs + to + row];
    let n = order.len();
    let all = [
        Block::new("fixation", n, 1, input(0)),
        Block::new("ring", n, rings, input(1)),
        Block::new("rules", n, weights.n_input() - 1 - rings, input(1 + rings)),
        Block::new("recurrent", n, n, |row, column| weights.recurrent()[order[column] * units + order[row]]),
        Block::new("bias", n, 1, |row, _| weights.bias()[order[row]]),
        Block::new("output fixation", 1, n, output(0)),
        Block::new("output ring", outputs - 1, n, output(1)),
        Block::new("output bias", outputs, 1, |row, _| weights.output_bias()[row]),
    ];
    all.into_iter().filter(|block| !block.values.is_empty()).collect()
}
