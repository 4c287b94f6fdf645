//! `rnnwm`: a declarative experiment-pipeline runner for recurrent-network models of working memory.

pub mod figures;
pub mod random;
pub mod stats;
pub mod table;
pub mod tasks;
