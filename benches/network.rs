//! What a training step is made of, for the paper's network: 256 units, 64 trials of 250 steps; scans are of 16
//! trials, as one thread does them.

use divan::{Bencher, black_box};
use rnnwm::network::{
    Activation, Architecture, Fused, Noise, Optimizer, OptimizerState, RecurrentInit, Regularization,
    ScanParts, Step, Weights, noise_sd, softplus_units,
};
use rnnwm::random::{Stream, fill_normal};
use rnnwm::simd::Instructions;
use rnnwm::tasks::{Coding, Encoding, Loss, RandomTrials, Ring, Task, TrialBatch};

const UNITS: usize = 256;
const TRIALS: usize = 64;
const TEST_TRIALS: usize = 512;

fn main() {
    divan::main();
}

fn encoding() -> Encoding {
    let ring = Ring { units: 8, rings: 1, coding: Coding::Gaussian };
    Encoding { dt_ms: 20, ring, loss: Loss::Lsq, n_rule: 6, rule: Some(3) }
}

fn architecture() -> Architecture {
    Architecture {
        n_input: encoding().n_input(),
        units: UNITS,
        n_output: encoding().n_output(),
        activation: Activation::Softplus,
        alpha: 0.2,
        sigma_rec: 0.05,
        loss: Loss::Lsq,
    }
}

fn weights() -> Weights {
    Weights::initial(&architecture(), RecurrentInit::Randortho, &Stream::new(0, "weights"))
}

fn batch(trials: usize) -> TrialBatch {
    let stream = Stream::new(0, "trials");
    let random = RandomTrials { stream: &stream, step: 0, trials, trials_per_distance: trials };
    let task = Task::named("odr3000").expect("a built-in task");
    task.random_batch(&encoding(), random).expect("a batch")
}

fn noise() -> Noise {
    let stream = |purpose| Stream::new(0, purpose);
    Noise {
        step: 0,
        input: Some((stream("input"), noise_sd(0.01, 0.2))),
        recurrent: Some(stream("recurrent")),
    }
}

#[divan::bench]
fn gradients(bencher: Bencher) {
    let (weights, batch, noise) = (weights(), batch(TRIALS), noise());
    let mut network = Fused::new(architecture());
    let mut gradients = vec![0.0; weights.flat().len()];
    let regularization = Regularization::default();
    bencher.bench_local(|| network.gradients(&weights, &batch, &noise, &regularization, &mut gradients));
}

fn scan() -> ScanParts {
    ScanParts::new(architecture(), &weights(), batch(TRIALS), noise()).expect("a network and its batch")
}

#[divan::bench]
fn scan_forward(bencher: Bencher) {
    let mut scan = scan();
    bencher.bench_local(|| scan.forward());
}

#[divan::bench]
fn scan_backward(bencher: Bencher) {
    let mut scan = scan();
    bencher.bench_local(|| scan.backward());
}

#[divan::bench]
fn softplus_of_one_trial(bencher: Bencher) {
    let (z, previous) = (vec![0.3; UNITS], vec![0.5; UNITS]);
    let (mut h, mut slope) = (vec![0.0; UNITS], vec![0.0; UNITS]);
    bencher.bench_local(|| {
        for _ in 0..250 {
            softplus_units(black_box(&z), &previous, &mut h, &mut slope);
        }
    });
}

#[divan::bench]
fn test_of_512_trials(bencher: Bencher) {
    let (weights, batch, noise) = (weights(), batch(TEST_TRIALS), noise());
    let mut network = Fused::new(architecture());
    let regularization = Regularization::default();
    bencher.bench_local(|| network.evaluate(&weights, &batch, &noise, &regularization));
}

#[divan::bench]
fn recording_of_128_trials(bencher: Bencher) {
    let (weights, batch, noise) = (weights(), batch(128), noise());
    let mut network = Fused::new(architecture());
    bencher.bench_local(|| network.record(&weights, &batch, &noise));
}

#[divan::bench]
fn trials(bencher: Bencher) {
    bencher.bench_local(|| batch(black_box(TRIALS)));
}

#[divan::bench]
fn normals_of_one_trial(bencher: Bencher) {
    let stream = Stream::new(0, "noise");
    let mut row = vec![0.0; UNITS];
    bencher.bench_local(|| {
        for time in 0..250 {
            fill_normal(Instructions::best(), &stream, [0, 0, time], 1.0, black_box(&mut row));
        }
    });
}

#[divan::bench]
fn optimizer(bencher: Bencher) {
    let mut weights = weights();
    let mut state = OptimizerState::new(Optimizer::Adam, weights.flat().len());
    let gradients = vec![1e-3; weights.flat().len()];
    bencher.bench_local(|| state.step(0.001, &gradients, weights.flat_mut()));
}
