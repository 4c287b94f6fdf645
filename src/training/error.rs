//! Why a network cannot be trained.

use thiserror::Error;

use crate::network::NetworkError;
use crate::tasks::TaskError;

/// A training that cannot start or cannot go on.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// A number of the specification is out of range.
    #[error("{name} must be {range}, not {found}")]
    OutOfRange {
        /// Which number.
        name: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        found: f64,
    },
    /// Nothing to train.
    #[error("no task has a probability above 0")]
    NoTask,
    /// A task cannot be laid out.
    #[error("a task cannot be shown to this network")]
    Task(#[from] TaskError),
    /// Weights or an optimiser state belong to another network or optimiser.
    #[error("the {0} do not fit the network that is trained")]
    Misfit(&'static str),
    /// A step could not be computed.
    #[error("a training step failed")]
    Network(#[from] NetworkError),
    /// Weights or cost are no longer finite.
    #[error("training diverged at step {step}: the cost is {cost}; try a lower learning rate")]
    Diverged {
        /// The training step.
        step: u32,
        /// The cost of its batch.
        cost: f64,
    },
}
