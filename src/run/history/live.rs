//! What a run is at right now, from its events.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::Key;

use super::super::event::{Event, Stamped};
use super::follow::Follower;
use super::past::Run;

/// A run that some process is at, as far as its events have been read.
pub struct Live {
    /// The run.
    pub run: Run,
    /// The stage instances that are running, by name.
    pub running: BTreeMap<String, Running>,
    /// The stage instances that have ended.
    pub ended: BTreeSet<String>,
    events: Follower,
}

/// A stage instance that is running.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Its key.
    pub key: Key,
    /// When it began, in milliseconds since 1970.
    pub since_ms: u64,
    /// Done so far, and to do at the most, of what is counted.
    pub progress: Option<(u64, u64, String)>,
    /// The lowest performance of any task, for training.
    pub lowest_performance: Option<f64>,
}

impl Live {
    /// A run, its events read up to now.
    pub fn new(run: Run) -> Self {
        let events = Follower::new(&run.events());
        let mut live = Self { run, running: BTreeMap::new(), ended: BTreeSet::new(), events };
        live.refresh();
        live
    }

    /// Reads what has happened since. Lines that are not understood are passed over.
    pub fn refresh(&mut self) {
        for line in self.events.lines() {
            if let Ok(Stamped { time_ms, event }) = serde_json::from_str(&line) {
                self.take(time_ms, event);
            }
        }
    }

    fn take(&mut self, time_ms: u64, event: Event) {
        match event {
            Event::StageStarted { stage, key, .. } => {
                self.ended.remove(&stage);
                let running = Running { key, since_ms: time_ms, progress: None, lowest_performance: None };
                self.running.insert(stage, running);
            }
            Event::StageProgress { stage, done, total, unit, lowest_performance, .. } => {
                if let Some(running) = self.running.get_mut(&stage) {
                    running.progress = Some((done, total, unit));
                    running.lowest_performance = lowest_performance;
                }
            }
            Event::StageFinished { stage, .. } | Event::StageSkipped { stage, .. } => {
                self.running.remove(&stage);
                self.ended.insert(stage);
            }
            _ => {}
        }
    }
}
