//! Recurrent networks: what they are, their weights, and one training step in two forms, a slow one that is
//! plainly right ([`Oracle`]) and a fast one ([`Fused`]).

mod architecture;
mod bench;
mod checkpoint;
mod error;
mod fused;
mod initial;
mod optimizer;
mod oracle;
mod pull;
mod regularization;
mod step;
mod tensorflow;
mod weights;

pub use architecture::{Activation, Architecture, RecurrentInit};
pub use bench::{StepTime, bench_train};
pub use checkpoint::CheckpointError;
pub use error::NetworkError;
pub use fused::{Fused, ScanParts, recording_memory, softplus_units, training_memory};
pub use optimizer::{Optimizer, OptimizerState};
pub use oracle::Oracle;
pub use pull::Pull;
pub use regularization::{HiddenSums, Regularization};
pub use step::{Cost, Evaluation, Noise, Recording, Step, noise_sd};
pub use tensorflow::{BundleError, TableError, TensorFlowWeights, VariableProblem};
pub use weights::{Variable, Weights};
