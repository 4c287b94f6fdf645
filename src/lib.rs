//! `rnnwm`: a declarative experiment-pipeline runner for recurrent-network models of working memory.

#![deny(unsafe_code)]

pub mod cli;
pub mod experiment;
pub mod figures;
pub mod network;
pub mod plan;
pub mod random;
pub mod run;
pub mod simd;
pub mod stages;
pub mod stats;
pub mod stopwatch;
pub mod store;
pub mod table;
pub mod tasks;
pub mod training;
