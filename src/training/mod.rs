//! Training: which batches a network sees, how it is tested on the way, and that all of it can be stopped
//! and taken up again anywhere with the same bits. Knows no files.

mod error;
mod session;
mod spec;

pub use error::TrainingError;
pub use session::{Segment, Session, TestEntry};
pub use spec::{TrainedTask, TrainingSpec};
