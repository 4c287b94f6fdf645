//! The fast implementation as a whole: shards, threads, and what they add up to.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::buffer::Buffer;
use super::matrix::{Matrix, Shape};
use super::readout::{Target, outputs};
use super::scan::{Memory, Moment, Scan, Workspace};
use crate::network::architecture::Architecture;
use crate::network::error::NetworkError;
use crate::network::regularization::{HiddenSums, Regularization};
use crate::network::step::{Cost, Evaluation, Noise, Recording, Step, check, check_size};
use crate::network::weights::Weights;
use crate::simd::Instructions;
use crate::stopwatch::Times;
use crate::tasks::TrialBatch;

/// Trials of a shard. Sums over trials depend on it, so it is part of what is reproducible.
const SHARD: usize = 16;

/// The fast implementation of the network. It runs on the threads of the current rayon pool.
pub struct Fused {
    architecture: Architecture,
    instructions: Instructions,
    matrix: Matrix,
    gradients: Vec<Buffer>,
    idle: Mutex<Vec<Workspace>>,
}

/// What a shard adds to the cost.
#[derive(Default)]
struct Tally {
    loss: f64,
    absolute: f64,
    squares: f64,
}

impl Tally {
    /// Adds the hidden states of a time.
    fn add_hidden(&mut self, moment: &Moment) {
        for row in moment.hidden() {
            let (absolute, squares) = lane_sums(row);
            self.absolute += absolute;
            self.squares += squares;
        }
    }

    fn sum(shards: &[Self]) -> Self {
        shards.iter().fold(Self::default(), |sum, shard| Self {
            loss: sum.loss + shard.loss,
            absolute: sum.absolute + shard.absolute,
            squares: sum.squares + shard.squares,
        })
    }

    fn hidden(&self, points: usize) -> HiddenSums {
        HiddenSums { mean_absolute: self.absolute / points as f64, sum_of_squares: self.squares }
    }
}

/// Sums of `|h|` and `h^2`, over 16 lanes first, so that the order does not depend on the machine.
fn lane_sums(row: &[f32]) -> (f64, f64) {
    const LANES: usize = 16;
    let (mut absolute, mut squares) = ([0.0f32; LANES], [0.0f32; LANES]);
    for chunk in row.chunks(LANES) {
        for ((absolute, square), h) in absolute.iter_mut().zip(&mut squares).zip(chunk) {
            *absolute += h.abs();
            *square += h * h;
        }
    }
    let total = |lanes: [f32; LANES]| lanes.into_iter().map(f64::from).sum();
    (total(absolute), total(squares))
}

impl Fused {
    /// For networks of this architecture, with the best instructions of this machine.
    pub fn new(architecture: Architecture) -> Self {
        Self::with_instructions(architecture, Instructions::best())
    }

    /// With given instructions; results do not depend on them.
    pub fn with_instructions(architecture: Architecture, instructions: Instructions) -> Self {
        let matrix = Matrix::new(Shape::new(&architecture));
        Self { architecture, instructions, matrix, gradients: Vec::new(), idle: Mutex::default() }
    }

    /// Where the time of all steps so far went, added up over threads.
    pub fn times(&self) -> Times {
        let mut times = Times::default();
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.iter().for_each(|space| times += space.watch.times());
        times
    }

    /// Takes new weights.
    pub(super) fn load(&mut self, weights: &Weights) {
        self.matrix.load(weights);
    }

    pub(super) fn scan<'a>(
        &'a self,
        batch: &'a TrialBatch,
        noise: &'a Noise,
        trials: Range<usize>,
    ) -> Scan<'a> {
        let Self { architecture, instructions, matrix, .. } = self;
        Scan { instructions: *instructions, architecture, matrix, batch, noise, trials }
    }

    /// Runs `work` with a workspace that no other thread is using.
    fn with_workspace<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut space = idle().pop().unwrap_or_default();
        let result = work(&mut space);
        idle().push(space);
        result
    }

    /// The outputs at one time, into `y_hat` `[trial, output]`.
    fn read_out(&self, moment: &Moment, y_hat: &mut Vec<f32>) {
        y_hat.clear();
        moment.logits().for_each(|logits| y_hat.extend_from_slice(logits));
        outputs(self.instructions, self.architecture.loss, self.architecture.n_output, y_hat);
    }

    fn target<'a>(&self, batch: &'a TrialBatch, time: usize, trials: &Range<usize>) -> Target<'a> {
        Target::new(self.architecture.loss, batch, time, trials.start, trials.len())
    }

    /// One shard's cost and gradients.
    fn shard_gradients(&self, scan: &Scan, regularization: &Regularization, gradients: &mut Buffer) -> Tally {
        let mut tally = Tally::default();
        gradients.fill(0.0);
        self.with_workspace(|space| {
            let mut y_hat = Vec::new();
            scan.forward(Memory::Whole, space, |moment, by_logits| {
                self.read_out(&moment, &mut y_hat);
                let target = self.target(scan.batch, moment.time, &scan.trials);
                tally.loss += target.loss(&y_hat);
                target.derivatives(&y_hat, by_logits);
                if regularization.of_activity() {
                    tally.add_hidden(&moment);
                }
            });
            scan.backward(space, regularization, gradients);
        });
        tally
    }

    /// One shard's cost and last outputs.
    fn shard_evaluation(&self, scan: &Scan, regularization: &Regularization) -> (Tally, Vec<f32>) {
        let mut tally = Tally::default();
        let mut y_hat = Vec::new();
        self.with_workspace(|space| {
            scan.forward(Memory::Last, space, |moment, _| {
                self.read_out(&moment, &mut y_hat);
                tally.loss += self.target(scan.batch, moment.time, &scan.trials).loss(&y_hat);
                if regularization.of_activity() {
                    tally.add_hidden(&moment);
                }
            });
        });
        (tally, y_hat)
    }

    /// One shard's activity, into its part of the recording: hidden states and outputs, time by time.
    fn shard_recording(&self, scan: &Scan, mut h: Vec<&mut [f32]>, mut y_hat: Vec<&mut [f32]>) {
        let mut outputs = Vec::new();
        self.with_workspace(|space| {
            scan.forward(Memory::Last, space, |moment, _| {
                let rows = h[moment.time].chunks_exact_mut(self.architecture.units);
                rows.zip(moment.hidden()).for_each(|(row, hidden)| row.copy_from_slice(hidden));
                self.read_out(&moment, &mut outputs);
                y_hat[moment.time].copy_from_slice(&outputs);
            });
        });
    }
}

/// The shards of a batch.
pub fn shards(trials: usize) -> Vec<Range<usize>> {
    (0..trials).step_by(SHARD).map(|start| start..(start + SHARD).min(trials)).collect()
}

/// Divides an array `[time, trial, width]` among shards: of each its trials, time by time.
fn divide(array: &mut [f32], trials: usize, width: usize) -> Vec<Vec<&mut [f32]>> {
    let mut parts: Vec<Vec<&mut [f32]>> = shards(trials).iter().map(|_| Vec::new()).collect();
    for time in array.chunks_exact_mut(trials * width) {
        parts.iter_mut().zip(time.chunks_mut(SHARD * width)).for_each(|(part, rows)| part.push(rows));
    }
    parts
}

impl Step for Fused {
    fn gradients(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
        gradients: &mut [f32],
    ) -> Result<Cost, NetworkError> {
        check(&self.architecture, weights, batch)?;
        check_size("the gradients", gradients.len(), weights.flat().len())?;
        self.load(weights);
        let shape = Shape::new(&self.architecture);
        let shards = shards(batch.trials);
        let mut sums = std::mem::take(&mut self.gradients);
        sums.resize_with(shards.len().max(sums.len()), || Buffer::zeros(shape.gradients_size()));
        let work = shards.into_par_iter().zip(&mut sums);
        let tallies: Vec<Tally> = work
            .map(|(trials, sums)| {
                self.shard_gradients(&self.scan(batch, noise, trials), regularization, sums)
            })
            .collect();
        shape.sum_shards(&mut sums[..tallies.len()], gradients);
        self.gradients = sums;
        regularization.add_weight_gradients(weights, gradients);
        let tally = Tally::sum(&tallies);
        let hidden = tally.hidden(batch.steps * batch.trials * shape.units);
        Ok(Cost { loss: tally.loss, regularization: regularization.cost(weights, &hidden) })
    }

    fn evaluate(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
    ) -> Result<Evaluation, NetworkError> {
        check(&self.architecture, weights, batch)?;
        self.load(weights);
        let work = shards(batch.trials).into_par_iter();
        let (tallies, last): (Vec<Tally>, Vec<Vec<f32>>) = work
            .map(|trials| self.shard_evaluation(&self.scan(batch, noise, trials), regularization))
            .unzip();
        let tally = Tally::sum(&tallies);
        let hidden = tally.hidden(batch.steps * batch.trials * self.architecture.units);
        Ok(Evaluation { loss: tally.loss, hidden, last: last.concat() })
    }

    fn record(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
    ) -> Result<Recording, NetworkError> {
        check(&self.architecture, weights, batch)?;
        self.load(weights);
        let points = batch.steps * batch.trials;
        let mut h = vec![0.0; points * self.architecture.units];
        let mut y_hat = vec![0.0; points * self.architecture.n_output];
        let parts = (
            divide(&mut h, batch.trials, self.architecture.units),
            divide(&mut y_hat, batch.trials, self.architecture.n_output),
        );
        let work = shards(batch.trials).into_par_iter().zip(parts);
        work.for_each(|(trials, (h, y_hat))| {
            self.shard_recording(&self.scan(batch, noise, trials), h, y_hat);
        });
        Ok(Recording { h, y_hat })
    }
}
