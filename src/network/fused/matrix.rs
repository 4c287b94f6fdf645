//! All weights as the one matrix `M` (see [the module](super)), and back.

use rayon::prelude::*;

use super::buffer::{Buffer, LINE, padded, stride};
use super::product::{PANEL, Right};
use crate::network::architecture::Architecture;
use crate::network::weights::Weights;

/// Numbers that a thread sums at a time.
const CHUNK: usize = 8192;

/// The shape of `M`, and which of its elements are weights.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Where the rows of `h` start: behind the constant and the input.
    pub hidden: usize,
    pub units: usize,
    pub output: usize,
}

impl Shape {
    pub fn new(architecture: &Architecture) -> Self {
        Self { hidden: 1 + architecture.n_input, units: architecture.units, output: architecture.n_output }
    }

    pub fn rows(self) -> usize {
        self.hidden + self.units
    }

    pub fn columns(self) -> usize {
        self.units + self.output
    }

    /// The size of a matrix of the form of `M`, and the distance between its rows.
    pub fn size(self) -> usize {
        self.rows() * self.stride()
    }

    /// The size of the gradients by `M` of a shard, in two parts: those of the columns of units, `[row, stride of
    /// units]`, then those of the columns of outputs, transposed: `[output, stride of rows]`. Outputs are few, and
    /// vectors of them would be empty for the most part.
    pub fn gradients_size(self) -> usize {
        self.unit_gradients_size() + self.output * stride(self.rows())
    }

    /// The size of the first part of the gradients.
    pub fn unit_gradients_size(self) -> usize {
        self.rows() * stride(self.units)
    }

    pub fn stride(self) -> usize {
        stride(self.columns())
    }

    /// The parts of `M` that are weights, in the order of the flat weights: rows, and columns of each.
    fn parts(self) -> [(std::ops::Range<usize>, std::ops::Range<usize>); 4] {
        let (units, outputs) = (0..self.units, self.units..self.columns());
        [
            (1..self.rows(), units.clone()),
            (0..1, units),
            (self.hidden..self.rows(), outputs.clone()),
            (0..1, outputs),
        ]
    }

    /// Calls `visit(flat index, matrix index, length)` for every run of weights.
    fn runs(self, mut visit: impl FnMut(usize, usize, usize)) {
        let mut flat = 0;
        for (rows, columns) in self.parts() {
            for row in rows {
                visit(flat, row * self.stride() + columns.start, columns.len());
                flat += columns.len();
            }
        }
    }

    /// Reads gradients out of those of the shards, which are summed in order.
    pub fn sum_shards(self, shards: &mut [Buffer], gradients: &mut [f32]) {
        let Some((sum, others)) = shards.split_first_mut() else { return };
        sum.par_chunks_mut(CHUNK).enumerate().for_each(|(index, sum)| {
            for shard in &*others {
                let values = &shard[index * CHUNK..][..sum.len()];
                sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        });
        let (of_units, of_outputs) = sum.split_at(self.unit_gradients_size());
        let mut flat = gradients;
        for (rows, columns) in self.parts() {
            for row in rows {
                let (here, rest) = std::mem::take(&mut flat).split_at_mut(columns.len());
                if columns.start == 0 {
                    here.copy_from_slice(&of_units[row * stride(self.units)..][..self.units]);
                } else {
                    let outputs = of_outputs.chunks_exact(stride(self.rows()));
                    here.iter_mut().zip(outputs).for_each(|(gradient, output)| *gradient = output[row]);
                }
                flat = rest;
            }
        }
    }
}

/// `M` and its transposed lower rows, packed as right factors.
pub struct Matrix {
    shape: Shape,
    plain: Buffer,
    /// The transpose of the rows of `h`, `[units + output, padded units]`; the padding is 0.
    transposed: Buffer,
    forward: Buffer,
    backward: Buffer,
}

impl Matrix {
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            plain: Buffer::zeros(shape.size()),
            transposed: Buffer::zeros(shape.columns() * padded(shape.units)),
            forward: Buffer::default(),
            backward: Buffer::default(),
        }
    }

    /// Takes new weights.
    pub fn load(&mut self, weights: &Weights) {
        let Shape { hidden, units, .. } = self.shape;
        let stride = self.shape.stride();
        self.shape.runs(|flat, at, len| {
            self.plain[at..at + len].copy_from_slice(&weights.flat()[flat..flat + len]);
        });
        let lower = &self.plain[hidden * stride..];
        let (shape, plain, transposed) = (self.shape, &self.plain, &mut self.transposed);
        let (forward, backward) = (&mut self.forward, &mut self.backward);
        rayon::join(
            || pack(forward, shape.rows(), shape.columns(), plain, stride),
            || {
                transpose(transposed, lower, units, stride);
                pack(backward, shape.columns(), units, transposed, padded(units));
            },
        );
    }

    /// `M`, from `(1, x_t, h_{t-1})` to `(z_t, logits of h_{t-1})`.
    pub fn forward(&self) -> Right<'_> {
        Right::packed(&self.forward, self.shape.rows(), padded(self.shape.columns()))
    }

    /// From derivatives by `(z_t, logits of h_{t-1})` to derivatives by `h_{t-1}`.
    pub fn backward(&self) -> Right<'_> {
        Right::packed(&self.backward, self.shape.columns(), padded(self.shape.units))
    }
}

/// `out`, rows of `padded(rows)` numbers, becomes the transpose of `matrix`, which has `rows` rows; the
/// padding is not touched.
fn transpose(out: &mut [f32], matrix: &[f32], rows: usize, stride: usize) {
    for first in (0..rows).step_by(LINE) {
        let last = (first + LINE).min(rows);
        for (column, line) in out.chunks_exact_mut(padded(rows)).enumerate() {
            for (value, row) in line[first..last].iter_mut().zip(first..) {
                *value = matrix[row * stride + column];
            }
        }
    }
}

/// Packs the right factor `values [depth, columns]`, whose rows are padded with zeros to whole lines.
fn pack(out: &mut Buffer, depth: usize, columns: usize, values: &[f32], stride: usize) {
    out.reserve(depth * padded(columns));
    let mut rest: &mut [f32] = out;
    for start in (0..padded(columns)).step_by(PANEL) {
        let width = PANEL.min(padded(columns) - start);
        let (panel, after) = rest.split_at_mut(depth * width);
        for (row, packed) in panel.chunks_exact_mut(width).enumerate() {
            packed.copy_from_slice(&values[row * stride + start..][..width]);
        }
        rest = after;
    }
}

/// A right factor, padded and packed.
#[cfg(test)]
pub fn packed(depth: usize, columns: usize, values: &[f32]) -> Buffer {
    let mut padded_values = Vec::new();
    for row in values.chunks_exact(columns) {
        padded_values.extend_from_slice(row);
        padded_values.resize(padded_values.len().next_multiple_of(LINE), 0.0);
    }
    let mut out = Buffer::default();
    pack(&mut out, depth, columns, &padded_values, padded(columns));
    out
}
