//! Both implementations of the network do what the reference system did, file by file.

mod golden;

use std::f32::consts::{PI, TAU};

use candle_core::DType;
use golden::{Golden, assert_close};
use rnnwm::network::{
    Activation, Architecture, Fused, Noise, Optimizer, OptimizerState, Oracle, Regularization, Step, Weights,
};
use rnnwm::tasks::{Held, Loss, TrialBatch, score};

/// Of results in single precision, relative to the largest.
const SINGLE: f64 = 1e-5;
/// After several optimiser steps.
const AFTER_STEPS: f64 = 1e-4;

fn read<T: serde::de::DeserializeOwned>(golden: &Golden, key: &str) -> T {
    serde_json::from_value(golden.meta(key).into()).unwrap()
}

fn number(golden: &Golden, key: &str) -> f32 {
    golden.meta(key).parse().unwrap()
}

fn architecture(golden: &Golden) -> Architecture {
    let form = (golden.meta("rnn_type"), golden.meta("use_separate_input"));
    assert_eq!(form, ("LeakyRNN", "False"), "{}", golden.name);
    let size = |key| golden.meta(key).parse().unwrap();
    Architecture {
        n_input: size("n_input"),
        units: size("n_rnn"),
        n_output: size("n_output"),
        activation: read::<Activation>(golden, "activation"),
        alpha: number(golden, "alpha"),
        sigma_rec: number(golden, "sigma_rec"),
        loss: read::<Loss>(golden, "loss_type"),
    }
}

fn batch(golden: &Golden) -> TrialBatch {
    let [steps, trials, n_input] = golden.shape("x")[..] else { panic!("{}: shape of x", golden.name) };
    let moving = |name: &str| {
        let values = golden.f32(name);
        Held::moving(values.len() / steps, &values)
    };
    TrialBatch {
        steps,
        trials,
        first: 0,
        n_input,
        n_output: golden.shape("y")[2],
        x: moving("x"),
        y: moving("y"),
        c_mask: moving("c_mask"),
        y_loc: moving("y_loc"),
        stimulus: vec![0.0; trials],
        location: vec![0; trials],
    }
}

fn regularization(golden: &Golden) -> Regularization {
    let strength = |key| golden.meta(key).parse().unwrap();
    Regularization {
        l1_h: strength("l1_h"),
        l2_h: strength("l2_h"),
        l1_weight: strength("l1_weight"),
        l2_weight: strength("l2_weight"),
        ..Regularization::default()
    }
}

/// The weights of a golden file under a prefix such as `init/`.
fn weights(golden: &Golden, architecture: &Architecture) -> Weights {
    let mut weights = Weights::zeros(architecture);
    let names: Vec<String> = serde_json::from_str(golden.meta("variables")).unwrap();
    for (variable, name) in weights.variables().into_iter().zip(names) {
        assert_eq!(variable.name, name, "{}", golden.name);
        let values = golden.f32(&format!("init/{name}"));
        assert_eq!(golden.shape(&format!("init/{name}")), variable.shape);
        weights.flat_mut()[variable.range].copy_from_slice(&values);
    }
    weights
}

fn compare(golden: &Golden, tensor: &str, ours: &[f32], tolerance: f64) {
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    let what = format!("{}: {tensor}", golden.name);
    assert_close(&wide(ours), &wide(&golden.f32(tensor)), tolerance, &what);
}

/// Compares angles in radians, which are near one another on both sides of 0 too.
fn compare_angles(golden: &Golden, tensor: &str, ours: &[f32]) {
    let golden_angles = golden.f32(tensor);
    let nearest = |(angle, golden): (&f32, &f32)| golden + (angle - golden + PI).rem_euclid(TAU) - PI;
    let ours: Vec<f32> = ours.iter().zip(&golden_angles).map(nearest).collect();
    compare(golden, tensor, &ours, SINGLE);
}

/// Compares flat weights or gradients with the arrays under a prefix; returns how many there are.
fn compare_all(golden: &Golden, prefix: &str, weights: &Weights, flat: &[f32], tolerance: f64) -> usize {
    let names = golden.names(prefix);
    for variable in weights.variables() {
        let name = format!("{prefix}{}", variable.name);
        assert!(names.contains(&name), "{}: no {name}", golden.name);
        compare(golden, &name, &flat[variable.range], tolerance);
    }
    names.len()
}

/// Checks one file; returns how many of its tensors were compared.
fn check(golden: &Golden, step: &mut dyn Step) -> usize {
    let (architecture, batch) = (architecture(golden), batch(golden));
    let regularization = regularization(golden);
    let mut weights = weights(golden, &architecture);

    let recording = step.record(&weights, &batch, &Noise::NONE).unwrap();
    compare(golden, "h", &recording.h, SINGLE);
    compare(golden, "y_hat", &recording.y_hat, SINGLE);
    let locations = score(&recording.y_hat, &batch.y_loc.to_vec());
    let locations: Vec<f32> = locations.iter().map(|trial| trial.location as f32).collect();
    compare_angles(golden, "y_hat_loc", &locations);

    let mut gradients = vec![0.0; weights.flat().len()];
    let mut run = |weights: &Weights, gradients: &mut [f32]| {
        step.gradients(weights, &batch, &Noise::NONE, &regularization, gradients).unwrap()
    };
    let cost = run(&weights, &mut gradients);
    compare(golden, "cost_lsq", &[cost.loss as f32], SINGLE);
    compare(golden, "cost_reg", &[cost.regularization as f32], SINGLE);
    let mut compared = 5 + compare_all(golden, "grad/", &weights, &gradients, SINGLE);

    let optimizer = read::<Optimizer>(golden, "optimizer");
    let mut state = OptimizerState::new(optimizer, gradients.len());
    let learning_rate = number(golden, "learning_rate");
    for taken in 1..=5 {
        run(&weights, &mut gradients);
        state.step(learning_rate, &gradients, weights.flat_mut());
        match taken {
            1 => compared += compare_all(golden, "step1/", &weights, weights.flat(), SINGLE),
            5 => compared += compare_all(golden, "step5/", &weights, weights.flat(), AFTER_STEPS),
            _ => {}
        }
    }
    let again = run(&weights, &mut gradients);
    let evaluation = step.evaluate(&weights, &batch, &Noise::NONE, &regularization).unwrap();
    let regularized = regularization.cost(&weights, &evaluation.hidden);
    assert!((evaluation.loss - again.loss).abs() <= 1e-6 * again.loss, "{}", golden.name);
    assert!((regularized - again.regularization).abs() <= 1e-6 * again.regularization, "{}", golden.name);
    compared
}

fn check_all(implementation: fn(Architecture) -> Box<dyn Step>) {
    for golden in golden::walk("network") {
        let compared = check(&golden, &mut *implementation(architecture(&golden)));
        let given = golden.names("init/").len() + ["x", "y", "y_loc", "c_mask"].len();
        assert_eq!(compared + given, golden.names("").len(), "{}: a tensor is not compared", golden.name);
    }
}

#[test]
fn golden_networks_by_the_reference_implementation() {
    check_all(|architecture| Box::new(Oracle::new(architecture, DType::F32)));
}

#[test]
fn golden_networks_by_the_fast_implementation() {
    check_all(|architecture| Box::new(Fused::new(architecture)));
}
