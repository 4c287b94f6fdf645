//! What both implementations of the network promise: they agree with each other and with a scalar
//! reference, and the fast one gives the same bits however it is run.

use std::ops::Range;

use candle_core::DType;
use proptest::prelude::*;
use rnnwm::network::{
    Activation, Architecture, Fused, NetworkError, Noise, Oracle, RecurrentInit, Regularization, Step,
    Weights,
};
use rnnwm::random::{Stream, fill_normal};
use rnnwm::simd::Instructions;
use rnnwm::tasks::{Held, Loss, TrialBatch};

const EVERYTHING: Regularization = Regularization {
    l1_h: 0.02,
    l2_h: 1e-4,
    l1_weight: 0.03,
    l2_weight: 0.002,
    l2_weight_init: 0.0,
    p_weight_train: None,
};

/// Units, trials, inputs and outputs: of a ring of 8 and one of 360 locations, and the least that there can be.
const ODD_SIZES: [(usize, usize, usize, usize); 3] = [(100, 20, 15, 9), (16, 3, 367, 361), (1, 1, 2, 2)];

fn normals(purpose: &str, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    fill_normal(Instructions::best(), &Stream::new(11, purpose), [0; 3], 1.0, &mut out);
    out
}

/// A batch of random input, targets and masks.
fn batch(architecture: &Architecture, steps: usize, trials: usize) -> TrialBatch {
    let Architecture { n_input, n_output, loss, .. } = *architecture;
    let points = steps * trials;
    let (y, mask_width): (Vec<f32>, usize) = match loss {
        Loss::Lsq => (normals("y", points * n_output).into_iter().map(|y| 0.5 + 0.1 * y).collect(), n_output),
        Loss::CrossEntropy => {
            let one_hot = (0..points * n_output)
                .map(|at| f32::from(u8::from(at % n_output == at / n_output % n_output)));
            (one_hot.collect(), 1)
        }
    };
    let mask: Vec<f32> = normals("mask", points * mask_width).into_iter().map(f32::abs).collect();
    TrialBatch {
        steps,
        trials,
        first: 0,
        n_input,
        n_output,
        x: Held::moving(trials * n_input, &normals("x", points * n_input)),
        y: Held::moving(trials * n_output, &y),
        c_mask: Held::moving(trials * mask_width, &mask),
        y_loc: Held::moving(trials, &vec![0.0; points]),
        stimulus: vec![0.0; trials],
        location: vec![0; trials],
    }
}

/// Initial weights with biases that are not 0.
fn weights(architecture: &Architecture) -> Weights {
    let init = RecurrentInit::Randgauss;
    let mut weights = Weights::initial(architecture, init, &Stream::new(5, "initial weights"));
    let biases = normals("bias", weights.flat().len());
    for variable in weights.variables().into_iter().filter(|variable| !variable.regularized) {
        for at in variable.range {
            weights.flat_mut()[at] = 0.3 * biases[at];
        }
    }
    weights
}

fn noisy() -> Noise {
    Noise {
        step: 9,
        input: Some((Stream::new(2, "input noise"), 0.1)),
        recurrent: Some(Stream::new(2, "recurrent noise")),
    }
}

fn architectures() -> impl Strategy<Value = Architecture> {
    let activation = prop::sample::select(Activation::ALL.to_vec());
    let loss = prop::sample::select(vec![Loss::Lsq, Loss::CrossEntropy]);
    (1usize..40, 1usize..140, 1usize..24, activation, loss, 0.05f32..1.0).prop_map(
        |(n_input, units, n_output, activation, loss, alpha)| Architecture {
            n_input,
            units,
            n_output,
            activation,
            alpha,
            sigma_rec: 0.05,
            loss,
        },
    )
}

fn plain(activation: Activation, loss: Loss, units: usize) -> Architecture {
    Architecture { n_input: 5, units, n_output: 4, activation, alpha: 0.2, sigma_rec: 0.05, loss }
}

fn largest(values: &[f32]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(f64::from(value.abs())))
}

/// `max|a-b|`.
fn distance(ours: &[f32], reference: &[f32]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    ours.iter().zip(reference).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

/// `max|a-b| / max|b|`.
fn difference(ours: &[f32], reference: &[f32]) -> f64 {
    distance(ours, reference) / largest(reference).max(1e-12)
}

/// Fails unless the fast implementation computes what the plain one does in double precision.
fn agrees_with_the_reference(
    architecture: Architecture,
    (steps, trials): (usize, usize),
    noise: &Noise,
    regularization: &Regularization,
) -> Result<(), TestCaseError> {
    let (batch, weights) = (batch(&architecture, steps, trials), weights(&architecture));
    let run = |step: &mut dyn Step| {
        let mut gradients = vec![0.0; weights.flat().len()];
        let cost = step.gradients(&weights, &batch, noise, regularization, &mut gradients).unwrap();
        let evaluation = step.evaluate(&weights, &batch, noise, regularization).unwrap();
        (gradients, cost, evaluation, step.record(&weights, &batch, noise).unwrap())
    };
    let ours = run(&mut Fused::new(architecture));
    let reference = run(&mut Oracle::new(architecture, DType::F64));
    // Where the terms of a gradient nearly cancel (those of two softmax outputs do), it is as exact as
    // its terms are.
    let terms = 0.1 * largest(&reference.0);
    for variable in weights.variables() {
        let (ours, reference) = (&ours.0[variable.range.clone()], &reference.0[variable.range]);
        let differ = distance(ours, reference) / largest(reference).max(terms).max(1e-12);
        prop_assert!(differ < 2e-5, "{}: {differ}", variable.name);
    }
    let close = |a: f64, b: f64| (a - b).abs() <= 2e-6 * b.abs();
    prop_assert!(close(ours.1.loss, reference.1.loss));
    prop_assert!(close(ours.1.regularization, reference.1.regularization));
    prop_assert!(close(ours.2.loss, reference.2.loss));
    prop_assert!(close(ours.2.hidden.mean_absolute, reference.2.hidden.mean_absolute));
    prop_assert!(close(ours.2.hidden.sum_of_squares, reference.2.hidden.sum_of_squares));
    prop_assert!(difference(&ours.3.h, &reference.3.h) < 5e-6);
    prop_assert!(difference(&ours.3.y_hat, &reference.3.y_hat) < 5e-6);
    let last = ours.3.y_hat.len() - trials * architecture.n_output;
    prop_assert_eq!(&ours.2.last, &ours.3.y_hat[last..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_fast_implementation_agrees_with_the_reference(
        architecture in architectures(),
        steps in 1usize..12,
        trials in 1usize..40,
        regularized in any::<bool>(),
        with_noise in any::<bool>(),
    ) {
        let noise = if with_noise { noisy() } else { Noise::NONE };
        let regularization = if regularized { EVERYTHING } else { Regularization::default() };
        agrees_with_the_reference(architecture, (steps, trials), &noise, &regularization)?;
    }
}

#[test]
fn sizes_that_are_no_multiple_of_a_vector_agree_with_the_reference() {
    for (units, trials, n_input, n_output) in ODD_SIZES {
        for loss in [Loss::Lsq, Loss::CrossEntropy] {
            let architecture = Architecture { n_input, n_output, ..plain(Activation::Softplus, loss, units) };
            agrees_with_the_reference(architecture, (7, trials), &noisy(), &EVERYTHING).unwrap();
        }
    }
}

/// The cost of a batch without noise, one number at a time in double precision.
fn scalar_cost(
    architecture: &Architecture,
    weights: &[f64],
    batch: &TrialBatch,
    regularization: &Regularization,
) -> f64 {
    let Architecture { n_input, units, n_output, loss, .. } = *architecture;
    let alpha = f64::from(architecture.alpha);
    let (kernel, rest) = weights.split_at((n_input + units) * units);
    let (bias, rest) = rest.split_at(units);
    let (output, output_bias) = rest.split_at(units * n_output);
    let activate = |z: f64| match architecture.activation {
        Activation::Softplus => libm::log1p(libm::exp(z)),
        Activation::Relu => z.max(0.0),
        Activation::Tanh => libm::tanh(z),
        Activation::Power => z.max(0.0).powi(2),
        Activation::Retanh => libm::tanh(z.max(0.0)),
    };
    let (mut cost, mut absolute, mut squares) = (0.0, 0.0, 0.0);
    let points = (batch.steps * batch.trials) as f64;
    let (x, y, mask) = (batch.x.to_vec(), batch.y.to_vec(), batch.c_mask.to_vec());
    for trial in 0..batch.trials {
        let mut h = vec![0.0; units];
        for time in 0..batch.steps {
            let point = time * batch.trials + trial;
            let x = x[point * n_input..][..n_input].iter().map(|&x| f64::from(x));
            let row: Vec<f64> = x.chain(h.iter().copied()).collect();
            h = (0..units)
                .map(|unit| {
                    let sum: f64 =
                        row.iter().enumerate().map(|(k, value)| value * kernel[k * units + unit]).sum();
                    (1.0 - alpha) * h[unit] + alpha * activate(sum + bias[unit])
                })
                .collect();
            absolute += h.iter().map(|h| h.abs()).sum::<f64>();
            squares += h.iter().map(|h| h * h).sum::<f64>();
            let logits = (0..n_output).map(|channel| {
                output_bias[channel]
                    + (0..units).map(|unit| h[unit] * output[unit * n_output + channel]).sum::<f64>()
            });
            let logits: Vec<f64> = logits.collect();
            let y = y[point * n_output..][..n_output].iter().map(|&y| f64::from(y));
            cost += match loss {
                Loss::Lsq => {
                    let masks = &mask[point * n_output..][..n_output];
                    let errors = logits.iter().zip(y).zip(masks).map(|((logit, y), &mask)| {
                        ((1.0 / (1.0 + libm::exp(-logit)) - y) * f64::from(mask)).powi(2)
                    });
                    errors.sum::<f64>() / (points * n_output as f64)
                }
                Loss::CrossEntropy => {
                    let all = libm::log(logits.iter().map(|&logit| libm::exp(logit)).sum());
                    let entropy: f64 = logits.iter().zip(y).map(|(logit, y)| y * (all - logit)).sum();
                    f64::from(mask[point]) * entropy / points
                }
            };
        }
    }
    let mean = |values: &[f64]| values.iter().map(|value| value.abs()).sum::<f64>() / values.len() as f64;
    let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>() / 2.0;
    cost + regularization.l1_h * absolute / (points * units as f64)
        + regularization.l2_h * squares / 2.0
        + regularization.l1_weight * (mean(kernel) + mean(output))
        + regularization.l2_weight * (square(kernel) + square(output))
}

#[test]
fn gradients_are_the_slopes_of_the_cost() {
    let smooth = [Activation::Softplus, Activation::Tanh, Activation::Power];
    for (activation, loss) in
        smooth.into_iter().flat_map(|activation| [(activation, Loss::Lsq), (activation, Loss::CrossEntropy)])
    {
        let architecture = plain(activation, loss, 6);
        let (batch, weights) = (batch(&architecture, 7, 3), weights(&architecture));
        let mut gradients = vec![0.0; weights.flat().len()];
        let mut step = Fused::new(architecture);
        let cost = step.gradients(&weights, &batch, &Noise::NONE, &EVERYTHING, &mut gradients).unwrap();
        let mut wide: Vec<f64> = weights.flat().iter().map(|&weight| f64::from(weight)).collect();
        let mut slopes = Vec::new();
        for at in 0..wide.len() {
            const NUDGE: f64 = 1e-5;
            let mut cost_at = |nudge: f64| {
                let original = wide[at];
                wide[at] += nudge;
                let cost = scalar_cost(&architecture, &wide, &batch, &EVERYTHING);
                wide[at] = original;
                cost
            };
            slopes.push(((cost_at(NUDGE) - cost_at(-NUDGE)) / (2.0 * NUDGE)) as f32);
        }
        let differ = difference(&gradients, &slopes);
        assert!(differ < 1e-5, "{activation:?} {loss:?}: {differ}");
        let exact = scalar_cost(&architecture, &wide, &batch, &EVERYTHING);
        assert!((cost.loss + cost.regularization - exact).abs() < 1e-6 * exact);
    }
}

/// Everything the fast implementation computes, as bits.
fn bits(architecture: Architecture, trials: usize, instructions: Instructions) -> Vec<u64> {
    let (batch, weights) = (batch(&architecture, 9, trials), weights(&architecture));
    let mut step = Fused::with_instructions(architecture, instructions);
    let mut gradients = vec![0.0; weights.flat().len()];
    let cost = step.gradients(&weights, &batch, &noisy(), &EVERYTHING, &mut gradients).unwrap();
    let evaluation = step.evaluate(&weights, &batch, &noisy(), &EVERYTHING).unwrap();
    let recording = step.record(&weights, &batch, &noisy()).unwrap();
    let costs = [cost.loss, cost.regularization, evaluation.loss, evaluation.hidden.sum_of_squares];
    let arrays = [gradients, evaluation.last, recording.h, recording.y_hat].concat();
    let arrays = arrays.into_iter().map(|value| u64::from(value.to_bits()));
    costs.into_iter().map(f64::to_bits).chain(arrays).collect()
}

#[test]
fn bits_do_not_depend_on_instructions_or_threads() {
    for (activation, loss) in
        Activation::ALL.into_iter().zip([Loss::Lsq, Loss::CrossEntropy].into_iter().cycle())
    {
        for (units, trials, n_input, n_output) in ODD_SIZES.into_iter().chain([(128, 50, 5, 4)]) {
            let architecture = Architecture { n_input, n_output, ..plain(activation, loss, units) };
            let expected = bits(architecture, trials, Instructions::available()[0]);
            for instructions in Instructions::available() {
                for threads in 1..=3 {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let found = pool.install(|| bits(architecture, trials, instructions));
                    assert!(found == expected, "{activation:?} {units} {instructions:?} {threads}");
                }
            }
        }
    }
}

#[test]
fn a_trial_does_not_depend_on_the_others() {
    let architecture = plain(Activation::Softplus, Loss::Lsq, 33);
    let all = batch(&architecture, 6, 37);
    let mut few = batch(&architecture, 6, 5);
    let take = |values: &[f32], width: usize| {
        values.chunks(37 * width).flat_map(|time| time[..5 * width].to_vec()).collect::<Vec<_>>()
    };
    let n_input = architecture.n_input;
    few.x = Held::moving(5 * n_input, &take(&all.x.to_vec(), n_input));
    let weights = weights(&architecture);
    let mut step = Fused::new(architecture);
    let of_all = step.record(&weights, &all, &noisy()).unwrap();
    let of_few = step.record(&weights, &few, &noisy()).unwrap();
    assert_eq!(take(&of_all.h, 33), of_few.h);
    assert_eq!(take(&of_all.y_hat, architecture.n_output), of_few.y_hat);
}

#[test]
fn a_part_of_a_batch_is_simulated_as_in_the_whole() {
    let architecture = plain(Activation::Softplus, Loss::Lsq, 33);
    let weights = weights(&architecture);
    let whole = batch(&architecture, 9, 40);
    let record = |batch: &TrialBatch| Fused::new(architecture).record(&weights, batch, &noisy()).unwrap();
    let all = record(&whole);
    let rows = |array: &[f32], width: usize, trials: Range<usize>| -> Vec<f32> {
        let steps = array.chunks_exact(40 * width);
        steps.flat_map(|step| step[trials.start * width..trials.end * width].to_vec()).collect()
    };
    for trials in [0..1, 3..20, 17..40] {
        let part_of = |array: &Held, width: usize| {
            Held::moving(trials.len() * width, &rows(&array.to_vec(), width, trials.clone()))
        };
        let part = TrialBatch {
            trials: trials.len(),
            first: trials.start,
            x: part_of(&whole.x, whole.n_input),
            y: part_of(&whole.y, whole.n_output),
            c_mask: part_of(&whole.c_mask, whole.n_output),
            ..whole.clone()
        };
        let part = record(&part);
        assert_eq!(part.h, rows(&all.h, 33, trials.clone()), "{trials:?}");
        assert_eq!(part.y_hat, rows(&all.y_hat, architecture.n_output, trials));
    }
}

#[test]
fn noise_is_as_strong_as_it_says() {
    let architecture = Architecture {
        n_input: 1,
        units: 1,
        n_output: 1,
        activation: Activation::Relu,
        alpha: 0.5,
        sigma_rec: 0.3,
        loss: Loss::Lsq,
    };
    let mut weights = Weights::zeros(&architecture);
    // The drive is 10 plus the input, which is noise alone: the relu never cuts.
    weights.flat_mut().copy_from_slice(&[1.0, 0.0, 10.0, 0.0, 0.0]);
    let mut batch = batch(&architecture, 40, 500);
    batch.x = Held::moving(500, &[0.0; 40 * 500]);
    let sd_of_drive = |noise: Noise| {
        let h = Fused::new(architecture).record(&weights, &batch, &noise).unwrap().h;
        let drives = h[..h.len() - 500].iter().zip(&h[500..]).map(|(before, h)| f64::from(2.0 * h - before));
        (drives.map(|drive| (drive - 10.0).powi(2)).sum::<f64>() / (39 * 500) as f64).sqrt()
    };
    let noise = noisy();
    let input =
        sd_of_drive(Noise { recurrent: None, input: noise.input.map(|(stream, _)| (stream, 0.7)), ..noise });
    let recurrent = sd_of_drive(Noise { input: None, ..noise });
    assert!((input / 0.7 - 1.0).abs() < 0.02, "{input}");
    assert!((recurrent / (2.0 * 0.3) - 1.0).abs() < 0.02, "{recurrent}");
}

#[test]
fn steps_in_turn_do_not_disturb_each_other() {
    let architecture = plain(Activation::Tanh, Loss::Lsq, 20);
    let weights = weights(&architecture);
    let mut used = Fused::new(architecture);
    let run = |step: &mut Fused, steps, trials| {
        let mut gradients = vec![0.0; weights.flat().len()];
        let batch = batch(&architecture, steps, trials);
        step.gradients(&weights, &batch, &noisy(), &Regularization::default(), &mut gradients).unwrap();
        gradients
    };
    for (steps, trials) in [(30, 50), (3, 2), (12, 33), (1, 1)] {
        assert_eq!(run(&mut used, steps, trials), run(&mut Fused::new(architecture), steps, trials));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let architecture = plain(Activation::Relu, Loss::Lsq, 4);
    let (good, weights) = (batch(&architecture, 3, 2), weights(&architecture));
    let mut wrong_mask = good.clone();
    wrong_mask.c_mask = Held::moving(2 * architecture.n_output, &[1.0; 4]);
    let no_time = batch(&architecture, 0, 2);
    let no_trials = batch(&architecture, 3, 0);
    let wider = batch(&Architecture { n_input: 6, ..architecture }, 3, 2);
    let implementations: [Box<dyn Step>; 2] =
        [Box::new(Fused::new(architecture)), Box::new(Oracle::new(architecture, DType::F32))];
    for mut step in implementations {
        for bad in [&wrong_mask, &no_time, &no_trials, &wider] {
            let result = step.record(&weights, bad, &Noise::NONE);
            assert!(matches!(result, Err(NetworkError::Size { .. })));
        }
        let short = &mut [0.0; 3];
        let result = step.gradients(&weights, &good, &Noise::NONE, &EVERYTHING, short);
        assert!(matches!(result, Err(NetworkError::Size { .. })));
        assert!(step.record(&weights, &good, &Noise::NONE).is_ok());
    }
}

#[test]
fn a_network_that_has_blown_up_says_so() {
    let architecture = plain(Activation::Softplus, Loss::Lsq, 4);
    let batch = batch(&architecture, 3, 2);
    for at in 0..weights(&architecture).flat().len() {
        let mut weights = weights(&architecture);
        weights.flat_mut()[at] = f32::NAN;
        let mut gradients = vec![0.0; weights.flat().len()];
        let none = Regularization::default();
        let cost = Fused::new(architecture).gradients(&weights, &batch, &Noise::NONE, &none, &mut gradients);
        assert!(cost.unwrap().loss.is_nan(), "weight {at}");
    }
}
