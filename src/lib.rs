//! `rnnwm`: a declarative experiment-pipeline runner for recurrent-network models of working memory.

pub mod experiment;
pub mod network;
pub mod random;
pub mod simd;
pub mod store;
pub mod tasks;
