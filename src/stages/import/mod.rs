//! `import`: a model that the reference implementation trained.

mod folder;
mod history;
mod hyperparameters;
mod kind;
mod values;

pub use kind::Import;
