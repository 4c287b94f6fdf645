//! The scheduler: runs what must run on plain worker threads, and takes in what comes of it.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use petgraph::graph::NodeIndex;

use crate::plan::{Plan, PlanError, Reason, State};
use crate::stages::{Job, Progress, Report, StageError};
use crate::store::{Key, Store, StoreError};

use super::event::{Event, FORM, Outcome};
use super::events::Events;
use super::execute::{Executed, execute};
use super::summary::Summary;

/// How often the scheduler looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);
/// How often an instance is run again because what it gave was lost before it could be used.
const MOST_RUNS: usize = 3;

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Stage instances at a time.
    pub jobs: usize,
    /// Whether to go on with what does not depend on a failed stage.
    pub keep_going: bool,
}

/// Runs what must run. The plan knows the results afterwards.
///
/// # Errors
/// If a key cannot be computed. Failures of stages are part of the summary.
pub fn run(
    plan: &mut Plan,
    store: &Store,
    events: &Events,
    options: Options,
    cancel: &AtomicBool,
) -> Result<Summary, PlanError> {
    let started = Instant::now();
    let mut summary = Summary::default();
    let count = |plan: &Plan, wanted: fn(&State) -> bool| {
        plan.instances().filter(|(_, instance)| wanted(&instance.state)).count()
    };
    summary.known = count(plan, |state| matches!(state, State::Known(_)));
    events.emit(&Event::RunStarted {
        form: FORM,
        experiment: plan.experiment.name.clone(),
        known: summary.known,
        pending: count(plan, |state| matches!(state, State::Pending { .. })),
        waiting: count(plan, |state| matches!(state, State::Waiting)),
    });
    std::thread::scope(|scope| {
        let (done_to, done_from) = channel::<Done>();
        let spawn = |work: Work| {
            let done_to = done_to.clone();
            scope.spawn(move || {
                // The scheduler is there until all workers have ended; if it is not, nobody listens.
                let _ = done_to.send(work.run(store, events, cancel));
            });
        };
        let scheduler = Scheduler {
            queue: plan.pending().into_iter().collect(),
            plan,
            store,
            events,
            options,
            cancel,
            blocked: BTreeSet::new(),
            running: HashMap::new(),
            runs: HashMap::new(),
            summary: &mut summary,
        };
        scheduler.run(&spawn, &done_from)
    })?;
    summary.interrupted = cancel.load(Ordering::Relaxed);
    summary.duration_ms = started.elapsed().as_millis() as u64;
    events.emit(&Event::RunFinished {
        ran: summary.ran,
        known: summary.known,
        failed: summary.failed.len(),
        skipped: summary.skipped.len(),
        interrupted: summary.interrupted,
        duration_ms: summary.duration_ms,
    });
    Ok(summary)
}

struct Scheduler<'a> {
    plan: &'a mut Plan,
    store: &'a Store,
    events: &'a Events,
    options: Options,
    cancel: &'a AtomicBool,
    /// What can run as soon as a worker is free.
    queue: BTreeSet<NodeIndex>,
    /// What waits until a lost input has been made again.
    blocked: BTreeSet<NodeIndex>,
    running: HashMap<NodeIndex, Key>,
    runs: HashMap<NodeIndex, usize>,
    summary: &'a mut Summary,
}

impl Scheduler<'_> {
    fn run(mut self, spawn: &dyn Fn(Work), done: &Receiver<Done>) -> Result<(), PlanError> {
        loop {
            let stop = self.cancel.load(Ordering::Relaxed)
                || (!self.summary.failed.is_empty() && !self.options.keep_going);
            while !stop && self.running.len() < self.options.jobs {
                let Some(node) = self.queue.pop_first() else { break };
                self.start(node, spawn);
            }
            if self.running.is_empty() && (stop || self.queue.is_empty()) {
                if !stop {
                    self.give_up();
                }
                return Ok(self.store.flush()?);
            }
            if let Ok(done) = done.recv_timeout(POLL) {
                self.finish(done)?;
            }
            self.store.flush_if_due()?;
        }
    }

    fn start(&mut self, node: NodeIndex, spawn: &dyn Fn(Work)) {
        if let Some(again) = self.plan.lost_inputs(node, self.store) {
            self.blocked.insert(node);
            let fresh = |node: &NodeIndex| !self.running.contains_key(node) && !self.blocked.contains(node);
            self.queue.extend(again.into_iter().filter(fresh));
            return;
        }
        let instance = &self.plan.graph[node];
        let State::Pending { key, reason, .. } = &instance.state else { return };
        let Some(job) = self.plan.job(node) else { return };
        let stage = instance.address.clone();
        let runs = self.runs.entry(node).or_default();
        *runs += 1;
        if *runs > MOST_RUNS {
            let error = "what it gives is lost again and again; is the store's disk broken?".to_owned();
            self.fail(node, &stage, error);
            return;
        }
        self.events.emit(&Event::StageStarted {
            stage: stage.clone(),
            key: *key,
            reason: reason.to_string(),
        });
        self.running.insert(node, *key);
        let anew = matches!(reason, Reason::Lost(_));
        spawn(Work { node, stage, job: Box::new(job), key: *key, anew });
    }

    fn finish(&mut self, done: Done) -> Result<(), PlanError> {
        self.running.remove(&done.node);
        self.queue.append(&mut self.blocked);
        let finished = |outcome| Event::StageFinished {
            stage: done.stage.clone(),
            key: done.key,
            outcome,
            duration_ms: done.duration_ms,
            fresh: done.fresh,
        };
        match done.result {
            Ok(Executed { record, found }) => {
                self.events.emit(&finished(if found { Outcome::Found } else { Outcome::Done }));
                *(if found { &mut self.summary.known } else { &mut self.summary.ran }) += 1;
                let pending = self.plan.settle(done.node, done.key, &record, self.store)?;
                self.queue.extend(pending.into_iter().filter(|node| !self.running.contains_key(node)));
            }
            Err(StageError::Interrupted | StageError::Store(StoreError::Interrupted)) => {
                self.events.emit(&finished(Outcome::Interrupted));
            }
            Err(StageError::Store(StoreError::Lost { digest, damaged })) => {
                // What gave it runs again, and then this instance.
                let what = if damaged { "damaged" } else { "missing" };
                let line = format!("warning: object {digest} is {what}; it is made again");
                self.events.emit(&Event::StageLog { stage: done.stage.clone(), line });
                self.events.emit(&finished(Outcome::Interrupted));
                self.queue.insert(done.node);
            }
            Err(error) => {
                self.events.emit(&finished(Outcome::Failed { error: error.to_string() }));
                self.fail(done.node, &done.stage, error.to_string());
            }
        }
        Ok(())
    }

    /// What is still blocked when nothing else is left needs objects that nothing here can make.
    fn give_up(&mut self) {
        while let Some(node) = self.blocked.pop_first() {
            let stage = self.plan.graph[node].address.clone();
            self.fail(node, &stage, "an input is lost from the store, and nothing here makes it".to_owned());
        }
    }

    fn fail(&mut self, node: NodeIndex, stage: &str, error: String) {
        self.summary.failed.push((stage.to_owned(), error));
        for skipped in self.plan.fail(node) {
            let address = self.plan.graph[skipped].address.clone();
            self.queue.remove(&skipped);
            self.blocked.remove(&skipped);
            self.events.emit(&Event::StageSkipped { stage: address.clone(), because: stage.to_owned() });
            self.summary.skipped.push((address, stage.to_owned()));
        }
    }
}

/// A job on its way to a worker.
struct Work {
    node: NodeIndex,
    stage: String,
    job: Box<Job>,
    key: Key,
    anew: bool,
}

/// What came of it.
struct Done {
    node: NodeIndex,
    stage: String,
    key: Key,
    result: Result<Executed, StageError>,
    duration_ms: u64,
    fresh: u64,
}

impl Work {
    fn run(self, store: &Store, events: &Events, cancel: &AtomicBool) -> Done {
        let started = Instant::now();
        let fresh = Arc::new(AtomicU64::new(0));
        let reporter = Reporter { events, stage: &self.stage, fresh: fresh.clone() };
        // A stage that panics is a stage that failed; the store is not harmed by it.
        let result = catch_unwind(AssertUnwindSafe(|| {
            execute(&self.job, &self.key, self.anew, store, &reporter, cancel)
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
    fresh: Arc<AtomicU64>,
}

impl Report for Reporter<'_> {
    fn progress(&self, progress: Progress) {
        self.fresh.store(progress.fresh, Ordering::Relaxed);
        self.events.emit(&Event::StageProgress {
            stage: self.stage.to_owned(),
            done: progress.done,
            total: progress.total,
            unit: progress.unit.to_owned(),
            fresh: progress.fresh,
            lowest_performance: progress.lowest_performance,
        });
    }

    fn log(&self, line: String) {
        self.events.emit(&Event::StageLog { stage: self.stage.to_owned(), line });
    }
}
