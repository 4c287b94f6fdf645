//! `train`: a network trained on tasks until it can do them.

mod files;
mod kind;
mod log;
mod params;
mod trajectory;

pub use files::{Checkpoint, checkpoints, model_files};
pub use kind::{Train, trajectory_of};
pub use log::TrainingLog;
pub use trajectory::{checkpoint_key, segment_of};
