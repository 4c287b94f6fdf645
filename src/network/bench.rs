//! How long a training step takes, and how long it must at least take.

#![expect(unsafe_code, reason = "`gemm` takes pointers")]

use std::time::Instant;

use rayon::prelude::*;

use super::architecture::{Activation, Architecture, RecurrentInit};
use super::error::NetworkError;
use super::fused::Fused;
use super::optimizer::{Optimizer, OptimizerState};
use super::regularization::Regularization;
use super::step::{Noise, Step};
use super::weights::Weights;
use crate::random::Stream;
use crate::tasks::{Held, Loss, TrialBatch};

/// Of the paper's network.
const UNITS: usize = 256;
const N_INPUT: usize = 15;
const N_OUTPUT: usize = 9;
const TRIALS: usize = 64;
/// Of which the median is taken.
const REPEATS: usize = 7;

/// The time of a training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTime {
    /// Time steps of a trial.
    pub steps: usize,
    /// One training step (gradients and Adam) in ms.
    pub ms: f64,
    /// Its matrix products alone in ms, by the `gemm` crate in the faster of two ways: each
    /// product on all threads, or trials shared out among the threads.
    pub floor_ms: f64,
}

/// Times a training step of the paper's network (256 units, 64 trials, with noise, softplus) for trials of
/// given lengths, on the threads of the current rayon pool.
///
/// # Errors
/// If a length is 0.
pub fn bench_train(lengths: &[usize]) -> Result<Vec<StepTime>, NetworkError> {
    let architecture = Architecture {
        n_input: N_INPUT,
        units: UNITS,
        n_output: N_OUTPUT,
        activation: Activation::Softplus,
        alpha: 0.2,
        sigma_rec: 0.05,
        loss: Loss::Lsq,
    };
    let mut weights = Weights::initial(&architecture, RecurrentInit::Randortho, &Stream::new(0, "bench"));
    let mut state = OptimizerState::new(Optimizer::Adam, weights.flat().len());
    let mut gradients = vec![0.0; weights.flat().len()];
    let mut fused = Fused::new(architecture);
    let stream = Stream::new(0, "bench noise");
    let mut times = Vec::new();
    for &steps in lengths {
        let batch = batch(steps);
        let mut train = || -> Result<(), NetworkError> {
            let noise = Noise { step: steps as u32, input: Some((stream, 0.01)), recurrent: Some(stream) };
            fused.gradients(&weights, &batch, &noise, &Regularization::default(), &mut gradients)?;
            state.step(0.001, &gradients, weights.flat_mut());
            Ok(())
        };
        let mut products = [1, rayon::current_num_threads()].map(|parts| Products::new(steps, parts));
        // Taken in turn, so that what else the machine does falls on all alike; and each once before it is
        // timed, so that the caches hold what is its own.
        let (mut ours, mut together, mut apart) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            train()?;
            let (trained, ms) = timed(&mut train);
            trained?;
            ours.push(ms);
            let [whole, shared] = &mut products;
            for (products, times) in [(whole, &mut together), (shared, &mut apart)] {
                products.multiply();
                times.push(timed(|| products.multiply()).1);
            }
        }
        times.push(StepTime { steps, ms: median(ours), floor_ms: median(together).min(median(apart)) });
    }
    Ok(times)
}

fn batch(steps: usize) -> TrialBatch {
    let ramp = |width: usize| -> Held {
        Held::moving(width, &(0..steps * width).map(|at| (at % 7) as f32 / 7.0).collect::<Vec<f32>>())
    };
    TrialBatch {
        steps,
        trials: TRIALS,
        first: 0,
        n_input: N_INPUT,
        n_output: N_OUTPUT,
        x: ramp(TRIALS * N_INPUT),
        y: ramp(TRIALS * N_OUTPUT),
        c_mask: ramp(TRIALS * N_OUTPUT),
        y_loc: ramp(TRIALS),
        stimulus: vec![0.0; TRIALS],
        location: vec![0; TRIALS],
    }
}

/// What `work` returns, and the time it took in ms.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1e3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The factors of a training step's products, the trials in parts.
struct Products {
    steps: usize,
    parts: Vec<Factors>,
}

/// The factors of one part.
struct Factors {
    trials: usize,
    /// `[time, trial, row of the weights]`.
    history: Vec<f32>,
    /// `[time, trial, unit]`.
    sums: Vec<f32>,
    /// `[row, unit]`.
    weights: Vec<f32>,
    out: Vec<f32>,
}

/// Rows of the weights: inputs and units.
const ROWS: usize = N_INPUT + UNITS;

impl Products {
    fn new(steps: usize, parts: usize) -> Self {
        let trials = TRIALS.div_ceil(parts);
        let factors = || Factors {
            trials,
            history: vec![0.5; steps * trials * ROWS],
            sums: vec![0.5; steps * trials * UNITS],
            weights: vec![0.5; ROWS * UNITS],
            out: vec![0.0; ROWS * UNITS.max(trials)],
        };
        Self { steps, parts: (0..parts).map(|_| factors()).collect() }
    }

    /// Multiplies: the parts side by side, each on one thread; one part is on all threads.
    fn multiply(&mut self) {
        let steps = self.steps;
        let parallelism =
            if self.parts.len() == 1 { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
        self.parts.par_iter_mut().for_each(|factors| {
            let Factors { trials, history, sums, weights, out } = factors;
            let trials = *trials;
            for step in 0..steps {
                let (history, sums) = (&history[step * trials * ROWS..], &sums[step * trials * UNITS..]);
                product(out, [trials, ROWS, UNITS], history, [ROWS, 1], weights, parallelism);
                product(out, [trials, UNITS, UNITS], sums, [UNITS, 1], weights, parallelism);
            }
            product(out, [ROWS, steps * trials, UNITS], history, [1, ROWS], sums, parallelism);
        });
    }
}

/// `out [m, n] = left [m, k] right [k, n]`, with the distances of the left one's rows and columns.
fn product(
    out: &mut [f32],
    [m, k, n]: [usize; 3],
    left: &[f32],
    left_strides: [usize; 2],
    right: &[f32],
    parallelism: gemm::Parallelism,
) {
    let last = (m - 1) * left_strides[0] + (k - 1) * left_strides[1];
    assert!(m * n <= out.len() && last < left.len() && k * n <= right.len());
    let [row, column] = left_strides.map(|stride| stride as isize);
    let (out, left, right) = (out.as_mut_ptr(), left.as_ptr(), right.as_ptr());
    let width = n as isize;
    // SAFETY: all elements exist, as asserted, and `out` is not read elsewhere.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            width,
            false,
            left,
            column,
            row,
            right,
            1,
            width,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
