//! The reference implementation: plain tensor operations with automatic differentiation. Slow, and the
//! measure of everything that is faster.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::{log_softmax, sigmoid, softmax};

use super::architecture::{Activation, Architecture};
use super::error::NetworkError;
use super::regularization::{HiddenSums, Regularization};
use super::step::{Cost, Evaluation, Noise, Recording, Step, check, check_size, noise_sd};
use super::weights::Weights;
use crate::random::fill_normal;
use crate::simd::Instructions;
use crate::tasks::{Loss, TrialBatch};

/// The reference implementation of the network, in single or double precision.
pub struct Oracle {
    architecture: Architecture,
    precision: DType,
}

/// The weights as leaves of the graph of derivatives.
struct Parameters {
    kernel: Var,
    bias: Var,
    output: Var,
    output_bias: Var,
}

impl Parameters {
    fn all(&self) -> [&Var; 4] {
        [&self.kernel, &self.bias, &self.output, &self.output_bias]
    }
}

/// What a simulation gives: `[time, trial, unit]` and `[time, trial, output]`.
struct Simulation {
    h: Tensor,
    logits: Tensor,
}

impl Oracle {
    /// For networks of this architecture, computing in `precision` ([`DType::F32`] or [`DType::F64`]).
    pub fn new(architecture: Architecture, precision: DType) -> Self {
        Self { architecture, precision }
    }

    fn tensor(&self, values: &[f32], shape: &[usize]) -> Result<Tensor> {
        Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(self.precision)
    }

    fn parameters(&self, weights: &Weights) -> Result<Parameters> {
        let [kernel, bias, output, output_bias] = weights.variables().map(|variable| {
            Var::from_tensor(&self.tensor(&weights.flat()[variable.range], &variable.shape)?)
        });
        Ok(Parameters { kernel: kernel?, bias: bias?, output: output?, output_bias: output_bias? })
    }

    fn activate(&self, z: &Tensor) -> Result<Tensor> {
        match self.architecture.activation {
            Activation::Softplus => z.relu()? + (z.abs()?.neg()?.exp()? + 1.0)?.log()?,
            Activation::Relu => z.relu(),
            Activation::Tanh => z.tanh(),
            Activation::Power => z.relu()?.sqr(),
            Activation::Retanh => z.relu()?.tanh(),
        }
    }

    /// Normal numbers `[row, width]`, each row with a counter of its own.
    fn noise(&self, rows: usize, width: usize, fill: impl Fn(usize, &mut [f32])) -> Result<Tensor> {
        let mut values = vec![0.0; rows * width];
        values.chunks_exact_mut(width).enumerate().for_each(|(row, out)| fill(row, out));
        self.tensor(&values, &[rows, width])
    }

    /// The input with its noise, `[time, trial, input]`.
    fn input(&self, batch: &TrialBatch, noise: &Noise) -> Result<Tensor> {
        let TrialBatch { steps, trials, n_input, .. } = *batch;
        let x = self.tensor(&batch.x.to_vec(), &[steps, trials, n_input])?;
        let Some((stream, sd)) = &noise.input else { return Ok(x) };
        let drawn = self.noise(trials, steps * n_input, |trial, out| {
            fill_normal(Instructions::best(), stream, noise.input_counter(batch.first + trial), *sd, out);
        })?;
        x + drawn.reshape((trials, steps, n_input))?.transpose(0, 1)?
    }

    fn simulate(&self, parameters: &Parameters, batch: &TrialBatch, noise: &Noise) -> Result<Simulation> {
        let Architecture { units, alpha, sigma_rec, .. } = self.architecture;
        let alpha_64 = f64::from(alpha);
        let x = self.input(batch, noise)?;
        let mut h = Tensor::zeros((batch.trials, units), self.precision, &Device::Cpu)?;
        let mut history = Vec::with_capacity(batch.steps);
        for time in 0..batch.steps {
            let rows = Tensor::cat(&[&x.get(time)?, &h], 1)?;
            let mut z = rows.matmul(&parameters.kernel)?.broadcast_add(&parameters.bias)?;
            if let Some(stream) = &noise.recurrent {
                let drawn = self.noise(batch.trials, units, |trial, out| {
                    let counter = noise.recurrent_counter(batch.first + trial, time);
                    fill_normal(Instructions::best(), stream, counter, noise_sd(sigma_rec, alpha), out);
                })?;
                z = (z + drawn)?;
            }
            h = ((h * (1.0 - alpha_64))? + (self.activate(&z)? * alpha_64)?)?;
            history.push(h.clone());
        }
        let h = Tensor::stack(&history, 0)?;
        let flat = h.reshape((batch.steps * batch.trials, units))?;
        let logits = flat.matmul(&parameters.output)?.broadcast_add(&parameters.output_bias)?;
        Ok(Simulation { h, logits: logits.reshape((batch.steps, batch.trials, batch.n_output))? })
    }

    fn outputs(&self, logits: &Tensor) -> Result<Tensor> {
        match self.architecture.loss {
            Loss::Lsq => sigmoid(logits),
            Loss::CrossEntropy => softmax(logits, D::Minus1),
        }
    }

    fn loss(&self, logits: &Tensor, batch: &TrialBatch) -> Result<Tensor> {
        let shape = [batch.steps, batch.trials, batch.n_output];
        let y = self.tensor(&batch.y.to_vec(), &shape)?;
        match self.architecture.loss {
            Loss::Lsq => {
                let mask = self.tensor(&batch.c_mask.to_vec(), &shape)?;
                ((self.outputs(logits)? - y)? * mask)?.sqr()?.mean_all()
            }
            Loss::CrossEntropy => {
                let mask = self.tensor(&batch.c_mask.to_vec(), &shape[..2])?;
                let entropy = (y * log_softmax(logits, D::Minus1)?)?.sum(D::Minus1)?.neg()?;
                (entropy * mask)?.mean_all()
            }
        }
    }

    fn regularization(
        &self,
        strengths: &Regularization,
        parameters: &Parameters,
        h: &Tensor,
    ) -> Result<Tensor> {
        let mean_absolute = |tensor: &Tensor, strength: f64| tensor.abs()?.mean_all()? * strength;
        let squares = |tensor: &Tensor, strength: f64| tensor.sqr()?.sum_all()? * (strength / 2.0);
        let mut cost = (mean_absolute(h, strengths.l1_h)? + squares(h, strengths.l2_h)?)?;
        for matrix in [&parameters.kernel, &parameters.output] {
            cost = (cost + mean_absolute(matrix, strengths.l1_weight)?)?;
            cost = (cost + squares(matrix, strengths.l2_weight)?)?;
        }
        Ok(cost)
    }
}

fn scalar(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(DType::F64)?.to_scalar()
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}

impl Step for Oracle {
    fn gradients(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
        gradients: &mut [f32],
    ) -> std::result::Result<Cost, NetworkError> {
        check(&self.architecture, weights, batch)?;
        check_size("the gradients", gradients.len(), weights.flat().len())?;
        let parameters = self.parameters(weights)?;
        let simulation = self.simulate(&parameters, batch, noise)?;
        let loss = self.loss(&simulation.logits, batch)?;
        let added = self.regularization(regularization, &parameters, &simulation.h)?;
        let derivatives = (&loss + &added)?.backward()?;
        for (variable, parameter) in weights.variables().into_iter().zip(parameters.all()) {
            let derivative = match derivatives.get(parameter.as_tensor()) {
                Some(derivative) => values(derivative)?,
                None => vec![0.0; variable.range.len()],
            };
            gradients[variable.range].copy_from_slice(&derivative);
        }
        Ok(Cost { loss: scalar(&loss)?, regularization: scalar(&added)? })
    }

    fn evaluate(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
        regularization: &Regularization,
    ) -> std::result::Result<Evaluation, NetworkError> {
        check(&self.architecture, weights, batch)?;
        let Simulation { h, logits } = self.simulate(&self.parameters(weights)?, batch, noise)?;
        let hidden = if regularization.of_activity() {
            let (mean_absolute, sum_of_squares) = (h.abs()?.mean_all()?, h.sqr()?.sum_all()?);
            HiddenSums { mean_absolute: scalar(&mean_absolute)?, sum_of_squares: scalar(&sum_of_squares)? }
        } else {
            HiddenSums::default()
        };
        let last = values(&self.outputs(&logits.get(batch.steps - 1)?)?)?;
        Ok(Evaluation { loss: scalar(&self.loss(&logits, batch)?)?, hidden, last })
    }

    fn record(
        &mut self,
        weights: &Weights,
        batch: &TrialBatch,
        noise: &Noise,
    ) -> std::result::Result<Recording, NetworkError> {
        check(&self.architecture, weights, batch)?;
        let Simulation { h, logits } = self.simulate(&self.parameters(weights)?, batch, noise)?;
        Ok(Recording { h: values(&h)?, y_hat: values(&self.outputs(&logits)?)? })
    }
}
