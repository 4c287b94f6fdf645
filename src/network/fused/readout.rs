//! From logits to outputs, their loss, and its derivatives by the logits.

use pulp::{Simd, WithSimd};

use crate::simd::{Instructions, math};
use crate::tasks::{Held, Loss, TrialBatch};

/// Turns logits into outputs in place, `[trial, output]`: sigmoids, or softmax over each trial's outputs.
pub fn outputs(instructions: Instructions, loss: Loss, n_output: usize, logits: &mut [f32]) {
    match loss {
        Loss::Lsq => instructions.run(Map(Function::Sigmoid, logits)),
        Loss::CrossEntropy => {
            for row in logits.chunks_exact_mut(n_output) {
                let largest = largest(row);
                row.iter_mut().for_each(|logit| *logit -= largest);
            }
            instructions.run(Map(Function::Exp, logits));
            for row in logits.chunks_exact_mut(n_output) {
                let sum: f32 = row.iter().sum();
                row.iter_mut().for_each(|value| *value /= sum);
            }
        }
    }
}

/// The largest number of a row. A NaN may be passed over: it comes out in the differences from this one.
fn largest(row: &[f32]) -> f32 {
    row.iter().fold(f32::NEG_INFINITY, |largest, &value| if value <= largest { largest } else { value })
}

/// Target outputs and cost mask of some trials at one time.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    loss: Loss,
    y: &'a [f32],
    mask: &'a [f32],
    n_output: usize,
    /// What a point of the mean over the batch weighs.
    weight: f64,
}

impl<'a> Target<'a> {
    /// Of the trials from `first` on.
    pub fn new(loss: Loss, batch: &'a TrialBatch, time: usize, first: usize, trials: usize) -> Self {
        let TrialBatch { n_output, .. } = *batch;
        let points = batch.steps * batch.trials;
        let part = |values: &'a Held, width: usize| &values.at(time)[first * width..(first + trials) * width];
        let (mask_width, elements) = match loss {
            Loss::Lsq => (n_output, points * n_output),
            Loss::CrossEntropy => (1, points),
        };
        let (y, mask) = (part(&batch.y, n_output), part(&batch.c_mask, mask_width));
        Self { loss, y, mask, n_output, weight: 1.0 / elements as f64 }
    }

    /// What these trials add to the loss: the mean over the batch of the masked squared error
    /// `((y_hat - y) mask)^2`, or of the masked cross entropy `-mask sum(y ln y_hat)`.
    pub fn loss(&self, y_hat: &[f32]) -> f64 {
        let pairs = y_hat.iter().zip(self.y);
        let sum: f64 = match self.loss {
            Loss::Lsq => {
                pairs.zip(self.mask).map(|((y_hat, y), mask)| f64::from((y_hat - y) * mask).powi(2)).sum()
            }
            Loss::CrossEntropy => {
                let masks = self.mask.iter().flat_map(|mask| std::iter::repeat_n(mask, self.n_output));
                let expected = pairs.zip(masks).filter(|((_, y), _)| **y != 0.0);
                expected.map(|((y_hat, y), mask)| -f64::from(mask * y) * libm::log(f64::from(*y_hat))).sum()
            }
        };
        sum * self.weight
    }

    /// The derivatives of the batch's loss by these trials' logits, `[trial, output]`.
    pub fn derivatives(&self, y_hat: &[f32], out: &mut [f32]) {
        let weight = self.weight as f32;
        let points = out.iter_mut().zip(y_hat.iter().zip(self.y));
        match self.loss {
            Loss::Lsq => {
                for ((out, (&y_hat, &y)), &mask) in points.zip(self.mask) {
                    let by_output = 2.0 * weight * mask * mask * (y_hat - y);
                    *out = by_output * y_hat * (1.0 - y_hat);
                }
            }
            Loss::CrossEntropy => {
                let masks = self.mask.iter().flat_map(|mask| std::iter::repeat_n(mask, self.n_output));
                for ((out, (&y_hat, &y)), &mask) in points.zip(masks) {
                    *out = weight * mask * (y_hat - y);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Function {
    Sigmoid,
    /// Of numbers that are not positive.
    Exp,
}

/// A function of every number.
struct Map<'a>(Function, &'a mut [f32]);

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for chunk in self.1.chunks_mut(S::F32_LANES) {
            let value = simd.partial_load_f32s(chunk);
            let result = match self.0 {
                Function::Sigmoid => math::sigmoid(simd, value),
                Function::Exp => math::exp_nonpositive(simd, value),
            };
            simd.partial_store_f32s(chunk, result);
        }
    }
}
