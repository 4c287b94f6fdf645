//! Training as a library: networks learn tasks, step by step, with neither files nor clocks.
//!
//! Everything random comes from streams named by the seed and counted by step, so a training that is
//! taken up again anywhere goes on as if it had never stopped.

mod dynamics;
mod session;
mod spec;

pub use dynamics::Dynamics;
pub use session::{Session, TestEntry, TrainingError};
pub use spec::TrainingSpec;
