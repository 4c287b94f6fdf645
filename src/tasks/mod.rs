//! Cognitive tasks: their timing, their trials, and the rules by which a trial is scored.

mod trial;

pub use trial::{Coding, Loss, Ring, TrialBatch};
