//! How long the paper's training loop takes, and where its time goes.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::network::{Optimizer, RecurrentInit, Regularization};
use crate::stats::median;
use crate::stopwatch::{Part, Times};
use crate::store::Store;
use crate::tasks::Task;
use crate::training::{Dynamics, TrainingSpec};

use super::super::context::{Context, Progress, Report, StageError};
use super::trajectory::{Trajectory, collection_key};

/// Of the paper, in the order of rule units.
const TASKS: [&str; 6] = ["overlap", "zero_gap", "gap", "odr3000", "odrd", "gap500"];
/// Cycles that are measured: enough for every task to be drawn about as often.
const CYCLES: u32 = 6;

/// The time of one cycle: 20 training steps of 64 trials, the test of all six tasks on 512 trials each, and
/// the checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleTime {
    /// One cycle in ms; the mean of several.
    pub ms: f64,
    /// Its parts in ms. Where threads work side by side, their mean.
    pub parts: Vec<(&'static str, f64)>,
}

/// Times the training loop of the paper's network, its checkpoints kept in `store`, on the threads of the
/// current rayon pool.
///
/// # Errors
/// If the store refuses.
pub fn bench_cycle(store: &Store) -> Result<CycleTime, StageError> {
    let (each_ms, times) = cycles(store)?;
    let parts = Part::ALL.map(|part| (part.name(), part_ms(&times, part))).to_vec();
    Ok(CycleTime { ms: each_ms.iter().sum::<f64>() / f64::from(CYCLES), parts })
}

/// How much faster several threads train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// How many threads.
    pub threads: usize,
    /// One training on all threads, relative to one on one thread.
    pub one_seed: f64,
    /// Two trainings at once on all threads, both together, relative to one on one thread.
    pub two_seeds: f64,
}

/// Times the training loop of the paper's network on one thread and on several, each time in an empty store.
/// All trainings are the same one, so that there is the same to do in every cycle.
///
/// # Errors
/// If a store refuses, or threads cannot be started.
pub fn bench_scaling(stores: &[Store; 4], threads: usize) -> Result<Scaling, StageError> {
    let pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(StageError::because("cannot start threads"))
    };
    let (single, all) = (pool(1)?, pool(threads)?);
    let [alone, together, first, second] = stores;
    let (alone, _) = single.install(|| cycles(alone))?;
    let (together, _) = all.install(|| cycles(together))?;
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| all.install(|| cycles(first)));
        let second = all.install(|| cycles(second));
        (first.join(), second)
    });
    let (first, _) = first.map_err(|_| StageError::Failed("a training has panicked".to_owned()))??;
    let (second, _) = second?;
    let faster = |other: &[f64]| {
        let ratios: Vec<f64> = alone.iter().zip(other).map(|(alone, other)| alone / other).collect();
        median(&ratios)
    };
    Ok(Scaling { threads, one_seed: faster(&together), two_seeds: faster(&first) + faster(&second) })
}

/// The times of cycles in ms, and where the time of all went.
fn cycles(store: &Store) -> Result<(Vec<f64>, Times), StageError> {
    let spec = paper()?;
    let cancel = AtomicBool::new(false);
    let context = Context { store, report: &Silent, cancel: &cancel };
    let mut trajectory = Trajectory::new(&spec, collection_key(&spec)?, u64::MAX, &context);
    // The first has no training, and is the one to find the memory.
    trajectory.next()?;
    trajectory.next()?;
    let before = trajectory.times();
    let mut each_ms = Vec::new();
    for _ in 0..CYCLES {
        let start = Instant::now();
        trajectory.next()?;
        each_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((each_ms, trajectory.times() - before))
}

fn part_ms(times: &Times, part: Part) -> f64 {
    let threads = match part {
        Part::Noise | Part::Forward | Part::Backward | Part::WeightGradients => rayon::current_num_threads(),
        Part::Trials | Part::Optimizer | Part::Test | Part::Checkpoint => 1,
    };
    times.of(part).as_secs_f64() * 1e3 / f64::from(CYCLES) / threads as f64
}

fn paper() -> Result<TrainingSpec, StageError> {
    let tasks: Option<Vec<Task>> = TASKS.into_iter().map(Task::named).collect();
    let tasks = tasks.ok_or_else(|| StageError::Failed("a task of the paper has no name".to_owned()))?;
    Ok(TrainingSpec {
        dynamics: Dynamics { rules: tasks.len(), ..Dynamics::PAPER },
        probabilities: vec![1.0; tasks.len()],
        tasks,
        seed: 0,
        recurrent_init: RecurrentInit::Randortho,
        optimizer: Optimizer::Adam,
        learning_rate: 0.001,
        regularization: Regularization::default(),
        batch_size: 64,
        display_step: 20,
        test_trials: 512,
    })
}

/// Tells nobody.
struct Silent;

impl Report for Silent {
    fn progress(&self, _progress: Progress) {}

    fn log(&self, _line: String) {}
}
