//! How long a stage has been at work.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A clock that can be stopped; it stands when it is new.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Reading>);

#[derive(Debug, Default)]
struct Reading {
    /// Up to when it last stopped.
    before: Duration,
    /// When it was last started, if it runs.
    since: Option<Instant>,
}

impl Reading {
    fn time(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Clock {
    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets it run.
    pub fn start(&self) {
        self.reading().since.get_or_insert_with(Instant::now);
    }

    /// Stops it.
    pub fn stop(&self) {
        let mut reading = self.reading();
        *reading = Reading { before: reading.time(), since: None };
    }

    /// How long it has run.
    pub fn time(&self) -> Duration {
        self.reading().time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stands_does_not_go_on() {
        let clock = Clock::default();
        assert_eq!(clock.time(), Duration::ZERO);
        clock.start();
        while clock.time().is_zero() {}
        clock.stop();
        let stopped = clock.time();
        let later = Instant::now();
        while later.elapsed() <= stopped {}
        assert_eq!(clock.time(), stopped);
        clock.start();
        while clock.time() == stopped {}
    }
}
