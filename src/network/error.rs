//! What can go wrong in a computation with a network.

use thiserror::Error;

/// A computation that is not possible.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// A batch, weights or gradients do not fit the network.
    #[error("{what} has {found} where the network needs {expected}")]
    Size {
        /// Which array or number.
        what: &'static str,
        /// What the network needs.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A tensor operation of the reference implementation failed.
    #[error("tensor operation failed")]
    Tensor(#[from] candle_core::Error),
}
