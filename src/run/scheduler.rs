//! The scheduler: runs what must run on worker threads, and takes in what comes of it.
//!
//! What has the longest way to go below it runs first. Cores and memory are kept to; what is first and
//! has no room yet is waited for, so that nothing large starves.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use petgraph::graph::NodeIndex;

use crate::plan::{Plan, PlanError, Reason, State};
use crate::stages::{Needs, StageError, kind};
use crate::store::{Store, StoreError};

use super::event::{Event, FORM, Outcome};
use super::events::Events;
use super::execute::Executed;
use super::resources::Resources;
use super::summary::Summary;
use super::worker::{Done, Work, work};

/// How often the scheduler looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);
/// How often an instance is run again because what it gave was lost before it could be used.
const MOST_RUNS: usize = 3;

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Stage instances at a time.
    pub jobs: usize,
    /// Bytes of memory that they may take together, as their kinds estimate it.
    pub memory: u64,
    /// Whether to go on with what does not depend on a failed stage.
    pub keep_going: bool,
}

/// Runs what must run. The plan knows the results afterwards, and the store has them.
///
/// # Errors
/// If a key cannot be computed, or what has run cannot be made durable. Failures of stages are part of
/// the summary.
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
    let pending = plan.pending();
    if !pending.is_empty() {
        std::thread::scope(|scope| {
            let (work_to, work_from) = channel::<Work>();
            let (done_to, done_from) = channel::<Done>();
            let work_from = Arc::new(std::sync::Mutex::new(work_from));
            for _ in 0..options.jobs.min(plan.graph.node_count()) {
                let (work_from, done_to) = (work_from.clone(), done_to.clone());
                scope.spawn(move || work(&work_from, &done_to, store, events));
            }
            let ways = plan.ways();
            let mut scheduler = Scheduler {
                queue: BTreeSet::new(),
                resources: Resources::new(options.jobs, options.memory),
                plan,
                ways,
                store,
                events,
                options,
                cancel,
                blocked: BTreeSet::new(),
                running: HashMap::new(),
                runs: HashMap::new(),
                failures: HashMap::new(),
                summary: &mut summary,
            };
            scheduler.enqueue(pending);
            scheduler.run(&work_to, &done_from)
        })?;
    }
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
    /// For each stage, the stages on the longest way from it to the end.
    ways: Vec<usize>,
    store: &'a Store,
    events: &'a Events,
    options: Options,
    cancel: &'a AtomicBool,
    /// What can run as soon as there is room, the longest way first.
    queue: BTreeSet<(Reverse<usize>, NodeIndex)>,
    resources: Resources,
    /// What waits until a lost input has been made again.
    blocked: BTreeSet<NodeIndex>,
    running: HashMap<NodeIndex, Running>,
    runs: HashMap<NodeIndex, usize>,
    /// How often an instance has failed.
    failures: HashMap<NodeIndex, u32>,
    summary: &'a mut Summary,
}

/// An instance that is running.
struct Running {
    /// Set when it is to stop.
    stop: Arc<AtomicBool>,
    /// When it has taken too long.
    deadline: Option<Instant>,
}

impl Running {
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Scheduler<'_> {
    fn run(mut self, workers: &Sender<Work>, done: &Receiver<Done>) -> Result<(), PlanError> {
        loop {
            let cancelled = self.cancel.load(Ordering::Relaxed);
            let stop = cancelled || (!self.summary.failed.is_empty() && !self.options.keep_going);
            while !stop && !self.resources.is_full() && self.start_next(workers) {}
            if self.running.is_empty() && (stop || self.queue.is_empty()) {
                if !stop {
                    self.give_up();
                }
                return Ok(self.store.flush()?);
            }
            for running in self.running.values().filter(|running| cancelled || running.is_late()) {
                running.stop.store(true, Ordering::Relaxed);
            }
            if let Ok(done) = done.recv_timeout(POLL) {
                self.finish(done)?;
            }
            self.store.flush_if_due()?;
        }
    }

    fn enqueue(&mut self, nodes: impl IntoIterator<Item = NodeIndex>) {
        for node in nodes {
            if !self.running.contains_key(&node) && !self.blocked.contains(&node) {
                self.queue.insert(self.rank(node));
            }
        }
    }

    fn rank(&self, node: NodeIndex) -> (Reverse<usize>, NodeIndex) {
        (Reverse(self.ways[self.plan.graph[node].stage]), node)
    }

    /// Starts what is first in the queue. Gives whether there may be more to start.
    fn start_next(&mut self, workers: &Sender<Work>) -> bool {
        let Some((_, node)) = self.queue.first().copied() else { return false };
        let State::Pending { key, reason, .. } = &self.plan.graph[node].state else {
            self.queue.pop_first();
            return true;
        };
        let (key, reason) = (*key, reason.clone());
        let Some(job) = self.plan.job(node) else {
            self.queue.pop_first();
            return true;
        };
        let execution = &self.plan.stage(node).execution;
        let estimate = kind(&job.kind).map(|kind| kind.needs(&job)).unwrap_or_default();
        let needs = Needs {
            cores: execution.cores.unwrap_or(estimate.cores).min(self.options.jobs),
            memory: execution.memory_bytes().unwrap_or(estimate.memory),
        };
        if !self.resources.has_room(needs) {
            return false;
        }
        self.queue.pop_first();
        let (isolate, limit) = (execution.isolate, execution.limit_seconds());
        if let Some(again) = self.plan.lost_inputs(node, &job, self.store) {
            self.blocked.insert(node);
            self.enqueue(again);
            return true;
        }
        let stage = self.plan.graph[node].address.clone();
        let runs = self.runs.entry(node).or_default();
        *runs += 1;
        if *runs > MOST_RUNS {
            let error = "what it gives is lost again and again; is the store's disk broken?".to_owned();
            self.fail(node, &stage, error);
            return true;
        }
        self.events.emit(&Event::StageStarted { stage: stage.clone(), key, reason: reason.to_string() });
        let stop = Arc::new(AtomicBool::new(false));
        let deadline = limit.and_then(|limit| Duration::try_from_secs_f64(limit).ok());
        let deadline = deadline.and_then(|limit| Instant::now().checked_add(limit));
        self.running.insert(node, Running { stop: stop.clone(), deadline });
        self.resources.take(node, needs);
        let anew = matches!(reason, Reason::Lost(_));
        // Workers listen for as long as there is a scheduler.
        let _ = workers.send(Work { node, stage, job, key, anew, isolate, stop });
        true
    }

    fn finish(&mut self, done: Done) -> Result<(), PlanError> {
        let late = self.running.remove(&done.node).is_some_and(|running| running.is_late());
        let late = late && !self.cancel.load(Ordering::Relaxed);
        self.resources.give_back(done.node);
        let blocked = std::mem::take(&mut self.blocked);
        self.enqueue(blocked);
        let finished = |outcome| Event::StageFinished {
            stage: done.stage.clone(),
            key: done.key,
            outcome,
            duration_ms: done.duration_ms,
            fresh: done.fresh,
        };
        let interrupted =
            matches!(done.result, Err(StageError::Interrupted | StageError::Store(StoreError::Interrupted)));
        match done.result {
            Ok(Executed { record, found }) => {
                self.events.emit(&finished(if found { Outcome::Found } else { Outcome::Done }));
                *(if found { &mut self.summary.known } else { &mut self.summary.ran }) += 1;
                let pending = self.plan.settle(done.node, done.key, &record, self.store)?;
                self.enqueue(pending);
            }
            Err(_) if interrupted && !late => {
                self.events.emit(&finished(Outcome::Interrupted));
            }
            Err(StageError::Store(StoreError::Lost { digest, damaged })) => {
                // What gave it runs again, and then this instance.
                let what = if damaged { "damaged" } else { "missing" };
                let line = format!("warning: object {digest} is {what}; it is made again");
                self.events.emit(&Event::StageLog { stage: done.stage.clone(), line });
                self.events.emit(&finished(Outcome::Interrupted));
                self.enqueue([done.node]);
            }
            Err(error) => {
                let execution = &self.plan.stage(done.node).execution;
                let limit = execution.limit_seconds().filter(|_| interrupted);
                let error = limit.map_or_else(
                    || error.to_string(),
                    |limit| {
                        format!("took longer than its time limit of {limit} s; what it has stored is kept")
                    },
                );
                let failures = self.failures.entry(done.node).or_default();
                *failures += 1;
                if *failures <= execution.retries {
                    self.events.emit(&finished(Outcome::Retried { error }));
                    self.runs.remove(&done.node);
                    self.enqueue([done.node]);
                } else {
                    self.events.emit(&finished(Outcome::Failed { error: error.clone() }));
                    self.fail(done.node, &done.stage, error);
                }
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
            self.queue.remove(&self.rank(skipped));
            self.blocked.remove(&skipped);
            self.events.emit(&Event::StageSkipped { stage: address.clone(), because: stage.to_owned() });
            self.summary.skipped.push((address, stage.to_owned()));
        }
    }
}
