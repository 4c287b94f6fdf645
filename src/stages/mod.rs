//! Stage kinds: one file each, and the registry.

mod action;
mod activity;
mod analysis;
mod bench;
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
mod r_distribution;
mod registry;
mod select;
mod simulator;
mod summary;
mod tables;
mod task_name;
mod train;
mod tuning;
mod tuning_correlation;
mod unit_psth;
mod weights;

pub use action::ActionText;
pub use bench::{AnalysisTime, bench_analysis};
pub use context::{Context, Inputs, Outcome, Progress, Report, StageError};
pub use figure::FIGURE;
pub use job::{Job, JobInput, Source};
pub use kind::{
    Arity, Bound, BoundText, Complaint, Drawing, Gives, Input, Kind, Needs, Offer, Scope, StageKind,
};
pub use model::ModelSpec;
pub use registry::{kind, kinds};
pub use select::Chosen;
pub use train::{
    Checkpoint, CycleTime, Scaling, bench_cycle, bench_scaling, checkpoint_key, checkpoints, model_files,
    segment_of, trajectory_of,
};
