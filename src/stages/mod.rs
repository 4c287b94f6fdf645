//! Stage kinds: one file each, and the registry.

mod activity;
mod analysis;
mod composite;
mod context;
mod endpoints;
mod figure;
mod growth;
mod heatmap;
mod import;
mod input_weights;
mod job;
mod kind;
mod model;
mod numbers;
mod psth;
mod registry;
mod select;
mod simulator;
mod summary;
mod tables;
mod task_name;
mod train;
mod unit_psth;
mod weights;

pub use context::{Context, Inputs, Outcome, Progress, Report, StageError};
pub use figure::FIGURE;
pub use job::{Job, JobInput, Source};
pub use kind::{Arity, Bound, BoundJson, Complaint, Drawing, Gives, Input, Kind, Offer, Scope, StageKind};
pub use model::ModelSpec;
pub use registry::{kind, kinds};
pub use select::Chosen;
pub use train::{CycleTime, bench_cycle, checkpoint_key, model_files};
