//! Plain worker threads, and what a stage tells while it runs on one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use petgraph::graph::NodeIndex;

use crate::stages::{Job, Progress, Report, StageError};
use crate::store::{Key, Store};

use super::clock::Clock;
use super::event::{Event, Outcome};
use super::events::Events;
use super::execute::{Executed, execute};
use super::isolate::isolated;

/// A job on its way to a worker.
pub struct Work {
    pub node: NodeIndex,
    pub stage: String,
    pub job: Job,
    pub key: Key,
    /// Whether it runs even where its result is known.
    pub anew: bool,
    /// If it runs as a process of its own, the threads that this has.
    pub isolate: Option<usize>,
    /// Set when it is to stop.
    pub stop: Arc<AtomicBool>,
    /// Runs while it works.
    pub clock: Arc<Clock>,
}

/// What came of it.
pub struct Done {
    pub node: NodeIndex,
    pub stage: String,
    pub key: Key,
    pub result: Result<Executed, StageError>,
    pub duration_ms: u64,
    /// What was counted, done in this run.
    pub fresh: u64,
}

impl Done {
    /// What is told of it.
    pub fn event(&self, outcome: Outcome) -> Event {
        Event::StageFinished {
            stage: self.stage.clone(),
            key: self.key,
            outcome,
            duration_ms: self.duration_ms,
            fresh: self.fresh,
        }
    }
}

/// Takes work until there is no more.
pub fn work(from: &Mutex<Receiver<Work>>, to: &Sender<Done>, store: &Store, events: &Events) {
    loop {
        let work = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = work else { return };
        // The scheduler is there until all workers have ended; if it is not, nobody listens.
        let _ = to.send(work.run(store, events));
    }
}

impl Work {
    fn run(self, store: &Store, events: &Events) -> Done {
        let started = Instant::now();
        let fresh = AtomicU64::new(0);
        let reporter = Reporter { events, stage: &self.stage, fresh: &fresh, clock: &self.clock };
        let Self { job, key, anew, stop, .. } = &self;
        self.clock.start();
        // A stage that panics is a stage that failed; the store is not harmed by it.
        let result = catch_unwind(AssertUnwindSafe(|| match self.isolate {
            Some(threads) => isolated(job, key, *anew, threads, store, &reporter, stop),
            None => execute(job, key, *anew, store, &reporter, stop),
        }))
        .unwrap_or_else(|panic| Err(StageError::Failed(format!("internal error: {}", message(&*panic)))));
        Done {
            node: self.node,
            key: self.key,
            result,
            duration_ms: started.elapsed().as_millis() as u64,
            fresh: fresh.load(Ordering::Relaxed),
            stage: self.stage,
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

/// Turns what a stage tells into events.
struct Reporter<'a> {
    events: &'a Events,
    stage: &'a str,
    fresh: &'a AtomicU64,
    clock: &'a Clock,
}

impl Report for Reporter<'_> {
    fn progress(&self, progress: Progress) {
        self.fresh.store(progress.fresh, Ordering::Relaxed);
        self.events.emit(&Event::StageProgress {
            stage: self.stage.to_owned(),
            done: progress.done,
            total: progress.total,
            unit: progress.unit.to_string(),
            fresh: progress.fresh,
            lowest_performance: progress.lowest_performance,
        });
    }

    fn log(&self, line: String) {
        self.events.emit(&Event::StageLog { stage: self.stage.to_owned(), line });
    }

    fn waits(&self, waits: bool) {
        if waits { self.clock.stop() } else { self.clock.start() }
    }
}
