//! The weights that training starts from.

use super::architecture::{Architecture, RecurrentInit};
use super::weights::Weights;
use crate::random::{Stream, fill_normal};
use crate::simd::Instructions;

/// The second word of the counter says which array a random number is for.
const INPUT: u32 = 0;
const RECURRENT: u32 = 1;
const OUTPUT: u32 = 2;

impl Weights {
    /// Initial weights: input weights normal with variance `1 / n_input`; recurrent weights as `init` says,
    /// scaled to suit the activation; output weights uniform as by Glorot and Bengio (*AISTATS* 2010);
    /// biases 0.
    pub fn initial(architecture: &Architecture, init: RecurrentInit, stream: &Stream) -> Self {
        let Architecture { n_input, units, n_output, activation, .. } = *architecture;
        let mut weights = Self::zeros(architecture);
        let [_, _, output, _] = weights.variables().map(|variable| variable.range);
        let (input, rest) = weights.flat_mut().split_at_mut(n_input * units);
        normal(stream, INPUT, 1.0 / (n_input as f64).sqrt(), input);
        let recurrent = &mut rest[..units * units];
        match init {
            RecurrentInit::Randortho => orthogonal(stream, units, recurrent),
            RecurrentInit::Diag => recurrent.iter_mut().step_by(units + 1).for_each(|weight| *weight = 1.0),
            RecurrentInit::Randgauss => normal(stream, RECURRENT, 1.0 / (units as f64).sqrt(), recurrent),
        }
        recurrent.iter_mut().for_each(|weight| *weight *= activation.recurrent_scale());
        let limit = (6.0 / (units + n_output) as f64).sqrt();
        for (index, weight) in weights.flat_mut()[output].iter_mut().enumerate() {
            *weight = (limit * (2.0 * stream.uniform([0, OUTPUT, 0, index as u32]) - 1.0)) as f32;
        }
        weights
    }
}

fn normal(stream: &Stream, array: u32, sd: f64, out: &mut [f32]) {
    fill_normal(Instructions::best(), stream, [0, array, 0], sd as f32, out);
}

/// A random orthogonal matrix `[units, units]`: the rows of a normal one, made orthonormal one after another
/// (Gram and Schmidt). Since every row keeps its direction from there, all orthogonal matrices are
/// equally likely (Mezzadri, *Notices AMS* 54:592, 2007).
fn orthogonal(stream: &Stream, units: usize, out: &mut [f32]) {
    normal(stream, RECURRENT, 1.0, out);
    let mut rows: Vec<Vec<f64>> =
        out.chunks_exact(units).map(|row| row.iter().map(|&value| f64::from(value)).collect()).collect();
    for index in 0..units {
        let (done, rest) = rows.split_at_mut(index);
        let row = &mut rest[0];
        // Rounding leaves a trace of the earlier rows; the second pass removes it.
        for _ in 0..2 {
            for earlier in done.iter() {
                let overlap = dot(row, earlier);
                row.iter_mut().zip(earlier).for_each(|(value, other)| *value -= overlap * other);
            }
        }
        let length = dot(row, row).sqrt();
        row.iter_mut().for_each(|value| *value /= length);
    }
    out.iter_mut().zip(rows.into_iter().flatten()).for_each(|(out, value)| *out = value as f32);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Activation;
    use crate::tasks::Loss;

    fn architecture(units: usize) -> Architecture {
        Architecture {
            n_input: 15,
            units,
            n_output: 9,
            activation: Activation::Softplus,
            alpha: 0.2,
            sigma_rec: 0.05,
            loss: Loss::Lsq,
        }
    }

    fn initial(units: usize, init: RecurrentInit) -> Weights {
        Weights::initial(&architecture(units), init, &Stream::new(1, "initial weights"))
    }

    #[test]
    fn orthogonal_weights_keep_angles_and_are_scaled() {
        for units in [1, 2, 37, 100] {
            let weights = initial(units, RecurrentInit::Randortho);
            let rows: Vec<&[f32]> = weights.recurrent().chunks_exact(units).collect();
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    let product: f64 = a.iter().zip(*b).map(|(a, b)| f64::from(a * b)).sum();
                    let expected = if i == j { 0.25 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-6, "{units}: {i} {j}");
                }
            }
        }
    }

    #[test]
    fn either_sign_of_a_single_unit_occurs() {
        let sign = |seed| {
            let stream = Stream::new(seed, "initial weights");
            Weights::initial(&architecture(1), RecurrentInit::Randortho, &stream).recurrent()[0]
        };
        let signs: Vec<f32> = (0..20).map(sign).collect();
        assert!(signs.contains(&0.5) && signs.contains(&-0.5));
    }

    #[test]
    fn scales_are_as_documented() {
        let weights = initial(256, RecurrentInit::Randgauss);
        let variance = |values: &[f32]| {
            values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / values.len() as f64
        };
        assert!((variance(weights.input()) * 15.0 - 1.0).abs() < 0.1);
        assert!((variance(weights.recurrent()) * 256.0 - 0.25).abs() < 0.01);
        let limit = (6.0f32 / 265.0).sqrt();
        assert!(weights.output().iter().all(|weight| weight.abs() <= limit));
        assert!((variance(weights.output()) * 3.0 / f64::from(limit * limit) - 1.0).abs() < 0.1);
        assert!(weights.bias().iter().chain(weights.output_bias()).all(|&bias| bias == 0.0));
        let diagonal = initial(3, RecurrentInit::Diag);
        assert_eq!(diagonal.recurrent(), [0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5]);
    }
}
