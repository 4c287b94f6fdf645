//! The scheduler: runs what must run on worker threads, and takes in what comes of it.
//!
//! What has the longest way to go below it runs first. Cores and memory are kept to; what is first and
//! has no room yet is waited for, so that nothing large starves.
//!
//! However a run ends, what it was at has ended before, and its last event tells how.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use petgraph::graph::NodeIndex;

use crate::plan::{Plan, PlanError, Reason, State};
use crate::stages::{Needs, StageError, kind};
use crate::store::{Key, Store, StoreError};

use super::clock::Clock;
use super::event::{Event, FORM, Outcome};
use super::events::Events;
use super::execute::Executed;
use super::resources::Resources;
use super::summary::{Summary, first_few};
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

/// Runs what must run. The plan knows the results afterwards, and the store has them. What went wrong is part
/// of the summary: failures of stages, and where a key cannot be computed, or what has run cannot be made
/// durable, that of the run.
pub fn run(
    plan: &mut Plan,
    store: &Store,
    events: &Events,
    options: Options,
    cancel: &AtomicBool,
) -> Summary {
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
    let ran = work_off(plan, store, events, options, cancel, &mut summary);
    summary.interrupted = cancel.load(Ordering::Relaxed);
    let is_left = |state: &State| matches!(state, State::Waiting | State::Pending { .. });
    let left: Vec<&str> = plan
        .instances()
        .filter(|(_, instance)| is_left(&instance.state))
        .map(|(_, instance)| instance.address.as_str())
        .collect();
    summary.not_run = left.len();
    summary.error = match ran {
        Err(error) => Some(error.to_string()),
        Ok(()) if summary.failed.is_empty() && !summary.interrupted => stuck(&left),
        Ok(()) => None,
    };
    summary.duration_ms = started.elapsed().as_millis() as u64;
    events.emit(&Event::RunFinished {
        ran: summary.ran,
        known: summary.known,
        failed: summary.failed.len(),
        skipped: summary.skipped.len(),
        not_run: summary.not_run,
        interrupted: summary.interrupted,
        error: summary.error.clone(),
        duration_ms: summary.duration_ms,
    });
    summary
}

/// What to say of instances that were not run where nothing is a reason for that.
fn stuck(left: &[&str]) -> Option<String> {
    (!left.is_empty()).then(|| {
        format!(
            "nothing failed, and yet these could not run: {}; `rnnwm plan` shows what they wait for, and `rnnwm \
             verify` what is wrong with the store",
            first_few(left)
        )
    })
}

/// Runs what must run, on threads of their own.
fn work_off(
    plan: &mut Plan,
    store: &Store,
    events: &Events,
    options: Options,
    cancel: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), PlanError> {
    let pending = plan.pending();
    if pending.is_empty() {
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (work_to, work_from) = channel::<Work>();
        let (done_to, done_from) = channel::<Done>();
        let work_from = Arc::new(std::sync::Mutex::new(work_from));
        for _ in 0..options.jobs {
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
            summary,
        };
        scheduler.enqueue(pending);
        scheduler.run(&work_to, &done_from)
    })
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
    /// How long it has worked.
    clock: Arc<Clock>,
    /// How long it may work.
    limit: Option<Duration>,
}

impl Running {
    fn is_late(&self) -> bool {
        self.limit.is_some_and(|limit| self.clock.time() >= limit)
    }
}

impl Scheduler<'_> {
    fn run(mut self, workers: &Sender<Work>, done: &Receiver<Done>) -> Result<(), PlanError> {
        let ran = self.schedule(workers, done);
        if ran.is_err() {
            self.stop(|_| true);
            while !self.running.is_empty()
                && let Ok(done) = done.recv()
            {
                // What went wrong first is what is told.
                let _ = self.finish(done);
            }
        }
        ran
    }

    fn schedule(&mut self, workers: &Sender<Work>, done: &Receiver<Done>) -> Result<(), PlanError> {
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
            self.stop(|running| cancelled || running.is_late());
            if let Ok(done) = done.recv_timeout(POLL) {
                self.finish(done)?;
            }
            self.store.flush_if_due()?;
        }
    }

    /// Asks running instances to stop.
    fn stop(&self, which: impl Fn(&Running) -> bool) {
        for running in self.running.values().filter(|running| which(running)) {
            running.stop.store(true, Ordering::Relaxed);
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
        let isolate = execution.isolate.then(|| self.share(needs.cores));
        let limit = execution.limit_seconds().and_then(|limit| Duration::try_from_secs_f64(limit).ok());
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
            self.refuse(node, key, error);
            return true;
        }
        self.events.emit(&Event::StageStarted { stage: stage.clone(), key, reason: reason.to_string() });
        let stop = Arc::new(AtomicBool::new(false));
        let clock = Arc::new(Clock::default());
        self.running.insert(node, Running { stop: stop.clone(), clock: clock.clone(), limit });
        self.resources.take(node, needs);
        let anew = matches!(reason, Reason::Lost(_));
        // Workers listen for as long as there is a scheduler.
        let _ = workers.send(Work { node, stage, job, key, anew, isolate, stop, clock });
        true
    }

    /// The threads of a process of its own: the cores that it needs, or its part of all where there is less to
    /// run than there are cores.
    fn share(&self, cores: usize) -> usize {
        let at_once = self.running.len() + self.queue.len() + 1;
        cores.max(self.options.jobs / at_once)
    }

    fn finish(&mut self, done: Done) -> Result<(), PlanError> {
        let late = self.running.remove(&done.node).is_some_and(|running| running.is_late());
        let late = late && !self.cancel.load(Ordering::Relaxed);
        self.resources.give_back(done.node);
        let blocked = std::mem::take(&mut self.blocked);
        self.enqueue(blocked);
        let interrupted =
            matches!(done.result, Err(StageError::Interrupted | StageError::Store(StoreError::Interrupted)));
        match &done.result {
            Ok(Executed { record, found }) => {
                self.events.emit(&done.event(if *found { Outcome::Found } else { Outcome::Done }));
                *(if *found { &mut self.summary.known } else { &mut self.summary.ran }) += 1;
                let pending = self.plan.settle(done.node, done.key, record, self.store)?;
                self.enqueue(pending);
            }
            Err(_) if interrupted && !late => {
                self.events.emit(&done.event(Outcome::Interrupted));
            }
            Err(StageError::Store(StoreError::Lost { digest, damaged })) => {
                // What gave it runs again, and then this instance.
                let what = if *damaged { "damaged" } else { "missing" };
                let line = format!("warning: object {digest} is {what}; it is made again");
                self.events.emit(&Event::StageLog { stage: done.stage.clone(), line });
                self.events.emit(&done.event(Outcome::Interrupted));
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
                    self.events.emit(&done.event(Outcome::Retried { error }));
                    self.runs.remove(&done.node);
                    self.enqueue([done.node]);
                } else {
                    self.events.emit(&done.event(Outcome::Failed { error: error.clone() }));
                    self.fail(done.node, &done.stage, error);
                }
            }
        }
        Ok(())
    }

    /// What is still blocked when nothing else is left needs objects that nothing here can make.
    fn give_up(&mut self) {
        while let Some(node) = self.blocked.pop_first() {
            let State::Pending { key, .. } = self.plan.graph[node].state else { continue };
            self.refuse(node, key, "an input is lost from the store, and nothing here makes it".to_owned());
        }
    }

    /// Lets an instance fail that is not started.
    fn refuse(&mut self, node: NodeIndex, key: Key, error: String) {
        let stage = self.plan.graph[node].address.clone();
        self.events.emit(&Event::StageFinished {
            stage: stage.clone(),
            key,
            outcome: Outcome::Failed { error: error.clone() },
            duration_ms: 0,
            fresh: 0,
        });
        self.fail(node, &stage, error);
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
