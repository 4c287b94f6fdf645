//! `weights`: the weight matrices of one checkpoint, sorted so that their order shows.

mod blocks;
mod kind;
mod tables;

pub use kind::WeightsKind;
