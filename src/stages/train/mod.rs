//! `train`: a network trained on tasks until it can do them.

mod bench;
mod files;
mod kind;
mod log;
mod params;
mod trajectory;

pub use bench::{CycleTime, Scaling, bench_cycle, bench_scaling};
pub use files::{Checkpoint, checkpoints, model_files};
pub use kind::{Train, trajectory_of};
pub use log::TrainingLog;
pub use params::LARGEST_SEED;
pub use trajectory::{checkpoint_action, checkpoint_key, segment_of};
