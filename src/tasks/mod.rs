//! Cognitive tasks: their timing, their trials, and the rules by which a trial is scored.

mod antisaccade;
mod batch;
mod odr;
mod odrd;
mod performance;
mod ring;
mod rule_set;
mod task;
mod timing;
mod trial;

pub use antisaccade::{Gap, Overlap, ZeroGap};
pub use batch::{Encoding, RandomTrials};
pub use odr::Odr;
pub use odrd::Odrd;
pub use performance::{Scored, performance, score};
pub use ring::{distance, nearest, preferred};
pub use rule_set::{rule_set, rule_sets};
pub use task::Task;
pub use timing::{Epoch, LONGEST_PHASE_MS, Span, TaskError};
pub use trial::{Coding, Loss, Ring, TrialBatch};
