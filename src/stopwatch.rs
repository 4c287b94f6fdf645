//! Where the time of training goes.
//!
//! A look at the clock costs some 20 ns; parts are long against that, so the watch always runs.

use std::ops::{AddAssign, Sub};
use std::time::{Duration, Instant};

/// A part of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Making the trials of a batch.
    Trials,
    /// Drawing noise.
    Noise,
    /// Forward through time, loss included.
    Forward,
    /// Back through time.
    Backward,
    /// Multiplying derivatives into the gradients of the weights.
    WeightGradients,
    /// Changing the weights.
    Optimizer,
    /// Testing all tasks.
    Test,
    /// Keeping the checkpoint.
    Checkpoint,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Trials,
        Self::Noise,
        Self::Forward,
        Self::Backward,
        Self::WeightGradients,
        Self::Optimizer,
        Self::Test,
        Self::Checkpoint,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trials => "trials",
            Self::Noise => "noise",
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::WeightGradients => "weight_gradients",
            Self::Optimizer => "optimizer",
            Self::Test => "test",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Time spent on each part, added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times([Duration; Part::ALL.len()]);

impl Times {
    /// The time of a part.
    pub fn of(&self, part: Part) -> Duration {
        self.0[part as usize]
    }
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, time)| *sum += time);
    }
}

impl Sub for Times {
    type Output = Self;

    fn sub(mut self, earlier: Self) -> Self {
        self.0.iter_mut().zip(earlier.0).for_each(|(time, earlier)| *time = time.saturating_sub(earlier));
        self
    }
}

/// A watch that gives every stretch of time to a part.
#[derive(Debug)]
pub struct Stopwatch {
    times: Times,
    last: Instant,
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self { times: Times::default(), last: Instant::now() }
    }
}

impl Stopwatch {
    /// What has been measured so far.
    pub fn times(&self) -> Times {
        self.times
    }

    /// Leaves out the time since the last look.
    pub fn restart(&mut self) {
        self.last = Instant::now();
    }

    /// Gives the time since the last look to `part`.
    pub fn lap(&mut self, part: Part) {
        let now = Instant::now();
        self.times.0[part as usize] += now - self.last;
        self.last = now;
    }
}
