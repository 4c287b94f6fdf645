//! The history of a training: one entry per test.

use serde::{Deserialize, Serialize};

use crate::training::TestEntry;

/// The history of a training.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingLog {
    /// One entry per test, in ascending order of trials.
    pub tests: Vec<TestEntry>,
}

impl TrainingLog {
    /// The performance of one task at every test.
    pub fn performance(&self, task: usize) -> Vec<f64> {
        self.tests.iter().map(|test| test.performance.get(task).copied().unwrap_or(f64::NAN)).collect()
    }
}
