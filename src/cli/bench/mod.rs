//! `rnnwm bench`: how fast this machine computes, and how fast the engine is.

mod analysis;
mod command;
mod engine;
mod graph;
mod peers;
mod process;
mod train;

pub use command::{BenchArgs, bench};
