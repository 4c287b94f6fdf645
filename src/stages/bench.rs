//! How long analyses take, and the activity that they need.

use std::time::Instant;

use rayon::prelude::*;

use crate::network::{Fused, Noise, Recording as Simulation, RecurrentInit, Step, Weights};
use crate::random::Stream;
use crate::stats::{
    Gaussian, HeatmapBuilder, Recording, StatsError, central_range, deviations, endpoint_histograms,
    normalized_in_epoch, psth, responsive_units, tuning, tuning_correlation, unit_correlations, unit_trials,
    weight_distribution,
};
use crate::tasks::{Task, TrialBatch, preferred};
use crate::training::Dynamics;

use super::context::StageError;

/// Trials at each location.
const REPEATS: usize = 16;
/// Checkpoints of three stages of training.
const CHECKPOINTS: u32 = 90;
/// Of the statistics the median of so many runs is taken.
const RUNS: usize = 7;
/// The time that analyses take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnalysisTime {
    /// All statistics of one checkpoint, its activity given, on one core, in ms.
    pub statistics_ms: f64,
    /// The activity of 90 checkpoints, simulated and reduced to PSTHs on the current rayon pool, in s.
    pub activity_s: f64,
}

/// Times the analyses of the paper's network (256 units) on 128 trials of a delayed response of 3 s.
///
/// # Errors
/// Never in practice; simulating and analysing can fail.
pub fn bench_analysis() -> Result<AnalysisTime, StageError> {
    let bench = Bench::new()?;
    let simulation = bench.simulate(0)?;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        bench.analyse(&simulation).map_err(StageError::because("cannot analyse"))?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let start = Instant::now();
    (0..CHECKPOINTS).into_par_iter().try_for_each(|checkpoint| -> Result<(), StageError> {
        let simulation = bench.simulate(checkpoint)?;
        bench.reduce(&simulation).map_err(StageError::because("cannot reduce to a PSTH"))
    })?;
    Ok(AnalysisTime { statistics_ms: times[RUNS / 2], activity_s: start.elapsed().as_secs_f64() })
}

/// A network that has not been trained, and trials of which one in eight counts as an error: what it costs
/// to analyse them depends on neither.
struct Bench {
    weights: Weights,
    batch: TrialBatch,
    correct: Vec<bool>,
    task: Task,
}

impl Bench {
    fn new() -> Result<Self, StageError> {
        let failed = StageError::because("cannot build the trials");
        let task = Task::named("odr3000").ok_or_else(|| StageError::Failed("no task".to_owned()))?;
        let batch = task.test_batch(&Dynamics::PAPER.encoding(0), REPEATS).map_err(failed)?;
        let stream = Stream::new(0, "bench");
        let weights = Weights::initial(&Dynamics::PAPER.architecture(), RecurrentInit::Randortho, &stream);
        let correct = (0..batch.trials).map(|trial| trial % 8 != 5).collect();
        Ok(Self { weights, batch, correct, task })
    }

    fn simulate(&self, step: u32) -> Result<Simulation, StageError> {
        let noise = Noise { step, input: None, recurrent: Some(Stream::new(0, "bench noise")) };
        Fused::new(Dynamics::PAPER.architecture())
            .record(&self.weights, &self.batch, &noise)
            .map_err(StageError::because("cannot simulate the network"))
    }

    fn recording<'a>(&'a self, simulation: &'a Simulation) -> Recording<'a> {
        Recording {
            h: &simulation.h,
            steps: self.batch.steps,
            units: Dynamics::PAPER.units,
            dt_ms: f64::from(Dynamics::PAPER.dt_ms),
            location: &self.batch.location,
            n_locations: Dynamics::PAPER.ring_units,
            correct: &self.correct,
        }
    }

    fn epoch(&self, name: &str) -> Result<std::ops::Range<usize>, StatsError> {
        let none = StatsError::Epoch { start: 0, end: 0, steps: self.batch.steps };
        let epochs = self.task.epochs(Dynamics::PAPER.dt_ms).map_err(|_| none.clone())?;
        let found = epochs.iter().find(|epoch| epoch.name == name);
        found.map(|epoch| epoch.range(self.batch.steps)).ok_or(none)
    }

    fn reduce(&self, simulation: &Simulation) -> Result<(), StatsError> {
        let rates = self.recording(simulation).class_rates()?;
        psth(&rates, &self.epoch("delay1")?, &self.epoch("fix1")?)?;
        Ok(())
    }

    /// Every statistic of one checkpoint, but for clusters of units.
    fn analyse(&self, simulation: &Simulation) -> Result<(), StatsError> {
        let recording = self.recording(simulation);
        let [cue, delay, rest] = ["stim1", "delay1", "fix1"].map(|name| self.epoch(name));
        let (cue, delay, rest) = (cue?, delay?, rest?);
        let window = delay.end - 1000 / Dynamics::PAPER.dt_ms as usize..delay.end;
        let over_time = recording.class_rates()?;
        psth(&over_time, &delay, &rest)?;

        let target: Vec<f64> =
            self.batch.location.iter().map(|&at| preferred(at, Dynamics::PAPER.ring_units)).collect();
        let stream = Stream::new(0, "bench saccades");
        let turn = |trial: usize| stream.uniform([trial as u32, 0, 0, 0]) - 0.5;
        let endpoint: Vec<f64> =
            target.iter().enumerate().map(|(trial, angle)| angle + turn(trial)).collect();
        let distances = (0..target.len()).map(|trial| (turn(trial).abs().to_degrees(), self.correct[trial]));
        endpoint_histograms(distances);
        let saccades = deviations(&endpoint, &target, &self.batch.location, &self.correct);
        let rates = recording.correct_rates(&window)?;
        let units = responsive_units(&over_time.correct, &delay, &rest)?;
        tuning_correlation(&rates, &saccades, &units);
        unit_correlations(&rates, &saccades, &units);
        let normalised = normalized_in_epoch(&over_time.correct, &window, &rest)?;
        Gaussian::fit(&tuning(&normalised, &rates.fano, &normalised, Dynamics::PAPER.units, &units).rate);

        let mut heatmap = HeatmapBuilder::new(Dynamics::PAPER.units, 2, cue, rest.clone());
        heatmap.add(0, &over_time.correct)?;
        heatmap.finish();
        for location in 0..Dynamics::PAPER.ring_units {
            unit_trials(&recording, 4, location, &rest)?;
        }
        let of_all = |weights: &[f32]| weights.iter().map(|weight| f64::from(*weight)).collect::<Vec<f64>>();
        let [input, recurrent, output] =
            [self.weights.input(), self.weights.recurrent(), self.weights.output()].map(of_all);
        weight_distribution(
            &input[Dynamics::PAPER.units..(1 + Dynamics::PAPER.ring_units) * Dynamics::PAPER.units],
        );
        for block in [&input, &recurrent, &output] {
            central_range(block);
        }
        Ok(())
    }
}
