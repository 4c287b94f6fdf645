//! Weights and optimiser states as safetensors files, under TensorFlow's names. The same numbers give
//! the same bytes.

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use thiserror::Error;

use super::architecture::Architecture;
use super::optimizer::{Moments, Optimizer, OptimizerState};
use super::weights::{Variable, Weights};

/// The suffixes of Adam's running means, as TensorFlow has them.
const MEAN: &str = "/Adam";
const SQUARE: &str = "/Adam_1";
/// The number of steps taken.
const STEPS: &str = "steps";

/// A file that is not the checkpoint that is asked for.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// Not a safetensors file, or a damaged one.
    #[error("not a whole safetensors file")]
    Malformed(#[from] SafeTensorError),
    /// An array is missing.
    #[error("no array `{0}`")]
    Missing(String),
    /// There is an array that does not belong here.
    #[error("unexpected array `{0}`")]
    Unexpected(String),
    /// An array has another shape or type.
    #[error("`{name}` is {found_type:?} {found:?}, not {expected_type:?} {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape it needs.
        expected: Vec<usize>,
        /// The type it needs.
        expected_type: Dtype,
        /// The shape it has.
        found: Vec<usize>,
        /// The type it has.
        found_type: Dtype,
    },
    /// A number is infinite or not a number.
    #[error("`{0}` holds a number that is not finite")]
    NotFinite(String),
}

impl Weights {
    /// The weights as a safetensors file.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let variables = self.variables();
        write(variables.iter().map(|variable| (variable.name.to_owned(), variable, self.flat())), None)
    }

    /// Reads what [`Weights::to_safetensors`] wrote.
    ///
    /// # Errors
    /// If the file is damaged, or does not hold exactly the finite weights of such a network.
    pub fn from_safetensors(bytes: &[u8], architecture: &Architecture) -> Result<Self, CheckpointError> {
        let mut weights = Self::zeros(architecture);
        let mut file = File::open(bytes)?;
        for variable in weights.variables() {
            file.read(variable.name, &variable, weights.flat_mut())?;
        }
        file.close()?;
        Ok(weights)
    }
}

impl OptimizerState {
    /// The state as a safetensors file; `weights` say how its numbers are divided into arrays.
    pub fn to_safetensors(&self, weights: &Weights) -> Vec<u8> {
        let variables = weights.variables();
        let arrays = self.moments.iter().flat_map(|moments| {
            variables.iter().flat_map(|variable| {
                let array = |suffix, values| (format!("{}{suffix}", variable.name), variable, values);
                [array(MEAN, moments.mean.as_slice()), array(SQUARE, moments.square.as_slice())]
            })
        });
        write(arrays, Some(self.steps))
    }

    /// Reads what [`OptimizerState::to_safetensors`] wrote.
    ///
    /// # Errors
    /// If the file is damaged, or does not hold exactly the finite state of `optimizer` for such weights.
    pub fn from_safetensors(
        bytes: &[u8],
        optimizer: Optimizer,
        weights: &Weights,
    ) -> Result<Self, CheckpointError> {
        let mut state = Self::new(optimizer, weights.flat().len());
        let mut file = File::open(bytes)?;
        state.steps = file.steps()?;
        if let Some(Moments { mean, square }) = &mut state.moments {
            for variable in weights.variables() {
                file.read(&format!("{}{MEAN}", variable.name), &variable, mean)?;
                file.read(&format!("{}{SQUARE}", variable.name), &variable, square)?;
            }
        }
        file.close()?;
        Ok(state)
    }
}

/// Writes arrays, each a part of flat values, and the number of steps.
fn write<'a>(arrays: impl Iterator<Item = (String, &'a Variable, &'a [f32])>, steps: Option<u64>) -> Vec<u8> {
    let arrays = arrays.map(|(name, variable, values)| {
        let bytes: Vec<u8> =
            values[variable.range.clone()].iter().flat_map(|value| value.to_le_bytes()).collect();
        (name, Dtype::F32, variable.shape.clone(), bytes)
    });
    let steps = steps.map(|steps| (STEPS.to_owned(), Dtype::U64, vec![1], steps.to_le_bytes().to_vec()));
    let arrays: Vec<_> = arrays.chain(steps).collect();
    let views = arrays.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        (name, view.expect("the bytes are as many as the shape says"))
    });
    safetensors::serialize(views, None).expect("arrays with names and shapes can be written")
}

/// A file whose arrays are read one by one.
struct File<'a> {
    tensors: SafeTensors<'a>,
    unread: Vec<String>,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        let tensors = SafeTensors::deserialize(bytes)?;
        let mut unread: Vec<String> = tensors.names().into_iter().map(str::to_owned).collect();
        unread.sort();
        Ok(Self { tensors, unread })
    }

    fn take(&mut self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], CheckpointError> {
        let tensor = self.tensors.tensor(name).map_err(|_| CheckpointError::Missing(name.to_owned()))?;
        if tensor.dtype() != dtype || tensor.shape() != shape {
            return Err(CheckpointError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                expected_type: dtype,
                found: tensor.shape().to_vec(),
                found_type: tensor.dtype(),
            });
        }
        self.unread.retain(|unread| unread != name);
        Ok(tensor.data())
    }

    /// Reads an array into its part of `flat`.
    fn read(&mut self, name: &str, variable: &Variable, flat: &mut [f32]) -> Result<(), CheckpointError> {
        let (values, _) = self.take(name, Dtype::F32, &variable.shape)?.as_chunks::<4>();
        for (out, bytes) in flat[variable.range.clone()].iter_mut().zip(values) {
            *out = f32::from_le_bytes(*bytes);
            if !out.is_finite() {
                return Err(CheckpointError::NotFinite(name.to_owned()));
            }
        }
        Ok(())
    }

    fn steps(&mut self) -> Result<u64, CheckpointError> {
        let (values, _) = self.take(STEPS, Dtype::U64, &[1])?.as_chunks::<8>();
        Ok(u64::from_le_bytes(values[0]))
    }

    /// Fails if an array has not been read.
    fn close(self) -> Result<(), CheckpointError> {
        self.unread.into_iter().next().map_or(Ok(()), |name| Err(CheckpointError::Unexpected(name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::{Activation, RecurrentInit};
    use crate::random::Stream;
    use crate::tasks::Loss;

    fn architecture(units: usize) -> Architecture {
        Architecture {
            n_input: 3,
            units,
            n_output: 2,
            activation: Activation::Tanh,
            alpha: 0.2,
            sigma_rec: 0.0,
            loss: Loss::Lsq,
        }
    }

    fn weights(units: usize) -> Weights {
        Weights::initial(&architecture(units), RecurrentInit::Randgauss, &Stream::new(3, "initial weights"))
    }

    fn state(optimizer: Optimizer) -> OptimizerState {
        let mut weights = weights(4);
        let mut state = OptimizerState::new(optimizer, weights.flat().len());
        let gradients = weights.flat().to_vec();
        state.step(0.1, &gradients, weights.flat_mut());
        state
    }

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = weights(4).to_safetensors();
        assert_eq!(Weights::from_safetensors(&bytes, &architecture(4)).unwrap(), weights(4));
        assert_eq!(bytes, weights(4).to_safetensors());
        for optimizer in [Optimizer::Adam, Optimizer::Sgd] {
            let bytes = state(optimizer).to_safetensors(&weights(4));
            let read = OptimizerState::from_safetensors(&bytes, optimizer, &weights(4)).unwrap();
            assert_eq!(read, state(optimizer));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let bytes = weights(4).to_safetensors();
        let refused =
            |bytes: &[u8], units| Weights::from_safetensors(bytes, &architecture(units)).unwrap_err();
        assert!(matches!(refused(&bytes, 5), CheckpointError::Shape { .. }));
        let mut infinite = weights(4);
        infinite.flat_mut()[7] = f32::INFINITY;
        assert!(matches!(refused(&infinite.to_safetensors(), 4), CheckpointError::NotFinite(_)));
        let adam = state(Optimizer::Adam).to_safetensors(&weights(4));
        assert!(matches!(refused(&adam, 4), CheckpointError::Missing(_)));
        let as_sgd = OptimizerState::from_safetensors(&adam, Optimizer::Sgd, &weights(4));
        assert!(matches!(as_sgd, Err(CheckpointError::Unexpected(_))));
        let as_adam = OptimizerState::from_safetensors(&bytes, Optimizer::Adam, &weights(4));
        assert!(matches!(as_adam, Err(CheckpointError::Missing(_))));
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_other_numbers(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let whole = weights(4).to_safetensors();
            let mut changed = whole.clone();
            changed[at.index(whole.len())] = byte;
            if let Ok(read) = Weights::from_safetensors(&changed, &architecture(4)) {
                prop_assert!(read.flat().iter().all(|value| value.is_finite()));
            }
            prop_assert!(Weights::from_safetensors(&whole[..cut.index(whole.len())], &architecture(4)).is_err());
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Weights::from_safetensors(&bytes, &architecture(4)).is_err());
            prop_assert!(OptimizerState::from_safetensors(&bytes, Optimizer::Sgd, &weights(4)).is_err());
        }
    }
}
