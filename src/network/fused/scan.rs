//! One shard of a batch through time and back.

use std::ops::Range;

use super::activate::{Activate, Deactivate};
use super::buffer::{Buffer, padded, stride};
use super::matrix::{Matrix, Shape};
use super::product::{Left, Product, Right};
use crate::network::architecture::Architecture;
use crate::network::regularization::{Regularization, sign};
use crate::network::step::{Noise, noise_sd};
use crate::random::fill_normal;
use crate::simd::Instructions;
use crate::stopwatch::{Part, Stopwatch};
use crate::tasks::TrialBatch;

/// Time steps whose derivatives are gathered before they are multiplied into the gradients: few enough for
/// a panel of them to stay in the first-level cache.
const GATHERED: usize = 4;

/// Some trials of a batch.
pub struct Scan<'a> {
    pub instructions: Instructions,
    pub architecture: &'a Architecture,
    pub matrix: &'a Matrix,
    pub batch: &'a TrialBatch,
    pub noise: &'a Noise,
    /// Which trials.
    pub trials: Range<usize>,
}

/// How much of the past is kept.
#[derive(Clone, Copy, PartialEq)]
pub enum Memory {
    /// All, for going back.
    Whole,
    /// What the next step needs.
    Last,
}

impl Memory {
    /// Where the rows of time `t` are kept.
    fn slot(self, t: usize) -> usize {
        match self {
            Self::Whole => t,
            Self::Last => t % 2,
        }
    }
}

/// The memory of a scan, to be used again.
#[derive(Default)]
pub struct Workspace {
    /// `(1, x_t, h_{t-1})` as `[slot, trial, stride]`.
    rows: Buffer,
    /// `(z_t, logits of h_{t-1})` as `[trial, stride]`.
    sums: Buffer,
    /// `alpha f'(z_t)` as `[slot, trial, unit]`.
    slopes: Buffer,
    /// Of the input, `[trial, time, input]`.
    input_noise: Buffer,
    /// Derivatives by the logits of `h_t`, `[time, trial, output]`; whoever observes the way forward fills it.
    pub by_logits: Buffer,
    /// Derivatives by `(z_t, logits of h_{t-1})` of the gathered times, `[time, trial, stride]`.
    by_sums: Buffer,
    /// Derivatives by `h_t`, `[trial, stride]`.
    by_hidden: Buffer,
    pub watch: Stopwatch,
}

impl Workspace {
    /// Makes room for a scan of so many trials.
    fn reserve(&mut self, memory: Memory, shape: Shape, steps: usize, trials: usize) {
        let slots = if memory == Memory::Whole { steps + 1 } else { 2 };
        self.rows.reserve(slots * trials * stride(shape.rows()));
        self.sums.reserve(trials * shape.stride());
        self.input_noise.reserve(trials * steps * (shape.hidden - 1));
        if memory == Memory::Whole {
            self.slopes.reserve(steps * trials * shape.units);
            self.by_logits.reserve(steps * trials * shape.output);
            self.by_sums.reserve(GATHERED * trials * shape.stride());
            self.by_hidden.reserve(trials * stride(shape.units));
        }
    }

    /// Numbers that there is room for.
    #[cfg(test)]
    fn size(&self) -> usize {
        let Self { rows, sums, slopes, input_noise, by_logits, by_sums, by_hidden, watch: _ } = self;
        [rows, sums, slopes, input_noise, by_logits, by_sums, by_hidden].iter().map(|part| part.len()).sum()
    }

    /// Numbers that a scan of so many trials with [`Memory::Whole`] takes, but for those that do not grow with
    /// the steps.
    pub fn whole_size(shape: Shape, steps: usize, trials: usize) -> usize {
        let each = stride(shape.rows()) + shape.hidden - 1 + shape.units + shape.output;
        steps.saturating_mul(trials).saturating_mul(each)
    }
}

/// What is seen of a scan at one time: hidden states and logits, trial by trial.
pub struct Moment<'a> {
    pub time: usize,
    shape: Shape,
    rows: &'a [f32],
    sums: &'a [f32],
}

impl<'a> Moment<'a> {
    /// The hidden state of every trial.
    pub fn hidden(&self) -> impl Iterator<Item = &'a [f32]> {
        let Shape { hidden, .. } = self.shape;
        let end = self.shape.rows();
        self.rows.chunks_exact(stride(end)).map(move |row| &row[hidden..end])
    }

    /// The logits of every trial.
    pub fn logits(&self) -> impl Iterator<Item = &'a [f32]> {
        let Shape { units, .. } = self.shape;
        let end = self.shape.columns();
        self.sums.chunks_exact(self.shape.stride()).map(move |row| &row[units..end])
    }
}

impl Scan<'_> {
    fn shape(&self) -> Shape {
        Shape::new(self.architecture)
    }

    /// Numbers of one time in [`Workspace::rows`].
    fn rows_size(&self) -> usize {
        self.trials.len() * stride(self.shape().rows())
    }

    /// Forward through time; `observe` sees every time when its hidden state and logits are known.
    pub fn forward(
        &self,
        memory: Memory,
        space: &mut Workspace,
        mut observe: impl FnMut(Moment, &mut [f32]),
    ) {
        space.watch.restart();
        space.reserve(memory, self.shape(), self.batch.steps, self.trials.len());
        space.watch.lap(Part::Forward);
        self.draw_input_noise(space);
        space.watch.lap(Part::Noise);
        let (shape, size) = (self.shape(), self.rows_size());
        space.rows[..size].fill(0.0);
        for t in 0..=self.batch.steps {
            let here = memory.slot(t) * size;
            self.read_input(t, &space.input_noise, &mut space.rows[here..here + size]);
            space.watch.lap(Part::Forward);
            self.draw_noise(t, &mut space.sums);
            space.watch.lap(Part::Noise);
            let rows = &space.rows[here..here + size];
            // The network starts from rest; and after the end only the logits are wanted.
            let depth = if t == 0 { shape.hidden } else { shape.rows() };
            let wanted = if t == self.batch.steps { shape.units } else { 0 };
            self.instructions.run(Product {
                left: self.left(rows, stride(shape.rows()), depth),
                right: self.matrix.forward().columns_from(wanted),
                sum: &mut space.sums,
                sum_stride: shape.stride(),
            });
            if let Some(time) = t.checked_sub(1) {
                let width = self.trials.len() * shape.output;
                let by_logits = match memory {
                    Memory::Whole => &mut space.by_logits[time * width..(time + 1) * width],
                    Memory::Last => &mut [],
                };
                observe(Moment { time, shape, rows, sums: &space.sums }, by_logits);
            }
            if t < self.batch.steps {
                self.activate(t, memory, space);
            }
        }
        space.watch.lap(Part::Forward);
    }

    /// A left factor whose rows are trials.
    fn left<'a>(&self, values: &'a [f32], row_stride: usize, depth: usize) -> Left<'a> {
        Left { values, rows: self.trials.len(), depth, row_stride, depth_stride: 1 }
    }

    fn draw_input_noise(&self, space: &mut Workspace) {
        let length = self.batch.steps * self.batch.n_input;
        if let Some((stream, sd)) = &self.noise.input {
            for (trial, noise) in self.trials.clone().zip(space.input_noise.chunks_exact_mut(length)) {
                fill_normal(
                    self.instructions,
                    stream,
                    self.noise.input_counter(self.batch.first + trial),
                    *sd,
                    noise,
                );
            }
        }
    }

    /// Writes the constant and the input at time `t`, with its noise, into the rows of all trials.
    fn read_input(&self, t: usize, noise: &[f32], rows: &mut [f32]) {
        let TrialBatch { steps, n_input, .. } = *self.batch;
        let row_stride = stride(self.shape().rows());
        for (local, row) in rows.chunks_exact_mut(row_stride).enumerate() {
            let (constant, input) = row[..=n_input].split_at_mut(1);
            constant.fill(1.0);
            // After the end there is no input, only the logits of the last hidden state.
            if t == steps {
                input.fill(0.0);
                continue;
            }
            let start = (self.trials.start + local) * n_input;
            input.copy_from_slice(&self.batch.x.at(t)[start..start + n_input]);
            if self.noise.input.is_some() {
                let noise = &noise[(local * steps + t) * n_input..][..n_input];
                input.iter_mut().zip(noise).for_each(|(input, noise)| *input += noise);
            }
        }
    }

    /// Starts the sums of time `t` with the recurrent noise.
    fn draw_noise(&self, t: usize, sums: &mut [f32]) {
        let Architecture { alpha, sigma_rec, .. } = *self.architecture;
        let units = self.shape().units;
        for (trial, row) in self.trials.clone().zip(sums.chunks_exact_mut(self.shape().stride())) {
            let (z, logits) = row.split_at_mut(units);
            logits.fill(0.0);
            match &self.noise.recurrent {
                Some(stream) if t < self.batch.steps => {
                    let counter = self.noise.recurrent_counter(self.batch.first + trial, t);
                    fill_normal(self.instructions, stream, counter, noise_sd(sigma_rec, alpha), z);
                }
                _ => z.fill(0.0),
            }
        }
    }

    /// The hidden state of time `t`, into the rows of time `t + 1`.
    fn activate(&self, t: usize, memory: Memory, space: &mut Workspace) {
        let shape = self.shape();
        let (units, hidden) = (shape.units, shape.hidden..shape.rows());
        let (row_stride, size) = (stride(shape.rows()), self.rows_size());
        let (here, next) = (memory.slot(t), memory.slot(t + 1));
        let (low, high) = space.rows.split_at_mut(here.max(next) * size);
        let (low, high) = (&mut low[here.min(next) * size..], &mut high[..size]);
        let (from, into) = if here < next { (low, high) } else { (high, low) };
        let trials = from.chunks_exact(row_stride).zip(into.chunks_exact_mut(row_stride));
        for (trial, ((previous, h), z)) in trials.zip(space.sums.chunks_exact(shape.stride())).enumerate() {
            let slope = match memory {
                Memory::Whole => &mut space.slopes[(t * self.trials.len() + trial) * units..][..units],
                Memory::Last => &mut [],
            };
            self.instructions.run(Activate {
                activation: self.architecture.activation,
                alpha: self.architecture.alpha,
                z: &z[..units],
                previous: &previous[hidden.clone()],
                h: &mut h[hidden.clone()],
                slope,
            });
        }
    }

    /// Back through time, after [`Scan::forward`] with [`Memory::Whole`]: adds the gradients of this
    /// shard to `gradients`, see [`Shape::gradients_size`].
    pub fn backward(&self, space: &mut Workspace, regularization: &Regularization, gradients: &mut [f32]) {
        let (shape, size) = (self.shape(), self.rows_size());
        let gathered_size = self.trials.len() * shape.stride();
        let (of_units, of_outputs) = gradients.split_at_mut(shape.unit_gradients_size());
        space.by_hidden.fill(0.0);
        let mut end = self.batch.steps + 1;
        while end > 0 {
            let start = (end - 1) / GATHERED * GATHERED;
            for t in (start..end).rev() {
                self.step_back(t, (t - start) * gathered_size, space, regularization);
            }
            space.watch.lap(Part::Backward);
            let depth = (end - start) * self.trials.len();
            let rows = &space.rows[start * size..end * size];
            let by_sums = &space.by_sums[..depth * shape.stride()];
            self.instructions.run(Product {
                left: Left {
                    values: rows,
                    rows: shape.rows(),
                    depth,
                    row_stride: 1,
                    depth_stride: stride(shape.rows()),
                },
                right: Right::by_rows(by_sums, padded(shape.units), shape.stride()),
                sum: of_units,
                sum_stride: stride(shape.units),
            });
            self.instructions.run(Product {
                left: Left {
                    values: &by_sums[shape.units..],
                    rows: shape.output,
                    depth,
                    row_stride: 1,
                    depth_stride: shape.stride(),
                },
                right: Right::by_rows(rows, padded(shape.rows()), stride(shape.rows())),
                sum: of_outputs,
                sum_stride: stride(shape.rows()),
            });
            space.watch.lap(Part::WeightGradients);
            end = start;
        }
    }

    /// From derivatives by `h_t` to those by `z_t`, at `gathered` in [`Workspace::by_sums`], and by `h_{t-1}`.
    fn step_back(&self, t: usize, gathered: usize, space: &mut Workspace, regularization: &Regularization) {
        let shape = self.shape();
        let gathered = gathered..gathered + self.trials.len() * shape.stride();
        self.through_units(t, gathered.clone(), space);
        if t == 0 {
            return;
        }
        if regularization.of_activity() {
            self.add_activity_gradients(t, space, regularization);
        }
        // After the end there are derivatives by logits only.
        let first = if t == self.batch.steps { shape.units } else { 0 };
        self.instructions.run(Product {
            left: self.left(&space.by_sums[gathered][first..], shape.stride(), shape.columns() - first),
            right: self.matrix.backward().rows_from(first),
            sum: &mut space.by_hidden,
            sum_stride: stride(shape.units),
        });
    }

    /// The part of [`Scan::step_back`] that stays within a unit: through the activation, and along the leak.
    fn through_units(&self, t: usize, gathered: Range<usize>, space: &mut Workspace) {
        let shape = self.shape();
        let Shape { units, output, .. } = shape;
        let trials = self.trials.len();
        let by_hidden = space.by_hidden.chunks_exact_mut(stride(units));
        let by_sums = space.by_sums[gathered].chunks_exact_mut(shape.stride());
        for (trial, (by_sums, by_hidden)) in by_sums.zip(by_hidden).enumerate() {
            let (by_z, rest) = by_sums.split_at_mut(units);
            if t < self.batch.steps {
                self.instructions.run(Deactivate {
                    alpha: self.architecture.alpha,
                    slope: &space.slopes[(t * trials + trial) * units..][..units],
                    by_h: &mut by_hidden[..units],
                    by_z,
                });
            } else {
                by_z.fill(0.0);
            }
            rest.fill(0.0);
            if let Some(time) = t.checked_sub(1) {
                let start = (time * trials + trial) * output;
                rest[..output].copy_from_slice(&space.by_logits[start..start + output]);
            }
        }
    }

    /// Adds what regularisers of activity say about `h_{t-1}`.
    fn add_activity_gradients(&self, t: usize, space: &mut Workspace, regularization: &Regularization) {
        let shape = self.shape();
        let points = (self.batch.steps * self.batch.trials * shape.units) as f32;
        let (l1, l2) = (regularization.l1_h as f32 / points, regularization.l2_h as f32);
        let size = self.rows_size();
        let rows = space.rows[t * size..(t + 1) * size].chunks_exact(stride(shape.rows()));
        for (row, by_hidden) in rows.zip(space.by_hidden.chunks_exact_mut(stride(shape.units))) {
            let hidden = &row[shape.hidden..shape.rows()];
            by_hidden.iter_mut().zip(hidden).for_each(|(by_h, &h)| *by_h += l1 * sign(h) + l2 * h);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_takes_about_what_it_is_said_to() {
        for (hidden, units, output, steps, trials) in [(16, 256, 9, 250, 16), (368, 100, 361, 850, 7)] {
            let shape = Shape { hidden, units, output };
            let mut space = Workspace::default();
            space.reserve(Memory::Whole, shape, steps, trials);
            let said = Workspace::whole_size(shape, steps, trials);
            assert!(said <= space.size() && space.size() < said + said / 50, "{said} {}", space.size());
        }
    }
}
