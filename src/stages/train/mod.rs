//! `train`: a network trained on tasks until it can do them.

mod bench;
mod files;
mod kind;
mod log;
mod params;
mod trajectory;

pub use bench::{CycleTime, bench_cycle};
pub use files::model_files;
pub use kind::Train;
pub use log::TrainingLog;
pub use params::LARGEST_SEED;
pub use trajectory::{checkpoint_action, checkpoint_key};
