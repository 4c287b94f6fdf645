//! All weights as the one matrix `M` (see [the module](super)), and back.

use super::buffer::{Buffer, LINE, padded, stride};
use super::product::{Layout, PANEL, Right};
use crate::network::architecture::Architecture;
use crate::network::weights::Weights;

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

    /// Reads gradients out of the sum over shards of matrices of the form of `M`.
    pub fn sum_shards(self, shards: &[Buffer], gradients: &mut [f32]) {
        self.runs(|flat, at, len| {
            let out = &mut gradients[flat..flat + len];
            out.copy_from_slice(&shards[0][at..at + len]);
            for shard in &shards[1..] {
                out.iter_mut().zip(&shard[at..at + len]).for_each(|(sum, value)| *sum += value);
            }
        });
    }
}

/// `M` and its transposed lower rows, packed as right factors.
pub struct Matrix {
    shape: Shape,
    plain: Buffer,
    forward: Buffer,
    backward: Buffer,
}

impl Matrix {
    pub fn new(shape: Shape) -> Self {
        let (forward, backward) = (Buffer::default(), Buffer::default());
        Self { shape, plain: Buffer::zeros(shape.size()), forward, backward }
    }

    /// Takes new weights.
    pub fn load(&mut self, weights: &Weights) {
        let Shape { hidden, units, .. } = self.shape;
        let stride = self.shape.stride();
        self.shape.runs(|flat, at, len| {
            self.plain[at..at + len].copy_from_slice(&weights.flat()[flat..flat + len]);
        });
        let plain = &self.plain;
        pack_into(&mut self.forward, self.shape.rows(), self.shape.columns(), |k, column| {
            plain[k * stride + column]
        });
        pack_into(&mut self.backward, self.shape.columns(), units, |k, column| {
            plain[(hidden + column) * stride + k]
        });
    }

    /// `M`, from `(1, x_t, h_{t-1})` to `(z_t, logits of h_{t-1})`.
    pub fn forward(&self) -> Right<'_> {
        let columns = padded(self.shape.columns());
        Right { values: &self.forward, columns, layout: Layout::Packed }
    }

    /// From derivatives by `(z_t, logits of h_{t-1})` to derivatives by `h_{t-1}`.
    pub fn backward(&self) -> Right<'_> {
        let columns = padded(self.shape.units);
        Right { values: &self.backward, columns, layout: Layout::Packed }
    }
}

/// Packs the right factor `[depth, columns]`, padding it with zero columns.
fn pack_into(out: &mut Buffer, depth: usize, columns: usize, element: impl Fn(usize, usize) -> f32) {
    out.reserve(depth * padded(columns));
    let mut lines = out.chunks_exact_mut(LINE);
    for panel in (0..padded(columns)).step_by(PANEL) {
        let width = PANEL.min(padded(columns) - panel);
        for k in 0..depth {
            for start in (panel..panel + width).step_by(LINE) {
                let Some(line) = lines.next() else { return };
                for (column, value) in (start..).zip(line) {
                    *value = if column < columns { element(k, column) } else { 0.0 };
                }
            }
        }
    }
}

#[cfg(test)]
pub fn pack(depth: usize, columns: usize, element: impl Fn(usize, usize) -> f32) -> Buffer {
    let mut out = Buffer::default();
    pack_into(&mut out, depth, columns, element);
    out
}
