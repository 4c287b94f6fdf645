//! Stage kinds: one file each, and the registry.

mod action;
mod activity;
mod context;
mod endpoints;
mod figure;
mod growth;
mod job;
mod kind;
mod model;
mod numbers;
mod psth;
mod registry;
mod select;
mod summary;
mod tables;
mod task_name;
mod train;

pub use action::ActionText;
pub use context::{Context, Inputs, Outcome, Progress, Report, StageError};
pub use figure::FIGURE;
pub use job::{Job, JobInput, Source};
pub use kind::{
    Arity, Bound, BoundText, Complaint, Drawing, Gives, Input, Kind, Needs, Offer, Scope, StageKind,
};
pub use model::ModelSpec;
pub use registry::{kind, kinds};
pub use select::Chosen;
pub use train::{Checkpoint, checkpoint_key, checkpoints, model_files, segment_of, trajectory_of};
