//! `train`: a network trained on tasks until it can do them.

mod files;
mod kind;
mod log;
mod params;
mod trajectory;

pub use files::model_files;
pub use kind::Train;
pub use log::TrainingLog;
pub use trajectory::{checkpoint_action, checkpoint_key};
