//! Builds batches of trials of any task from its timing table.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use crate::random::Stream;

use super::held::Held;
use super::ring::{add, bump, nearest, one_hot, preferred};
use super::task::Task;
use super::timing::{Place, Response, Schedule, TaskError, Timing};
use super::trial::{Loss, Ring, TrialBatch};

/// Errors do not count until this long after the start of the trial and again after go, in ms.
const GRACE_MS: u32 = 100;
/// Weight of the response in the cost, against 1 for fixation.
const RESPONSE_WEIGHT: f32 = 5.0;
/// Target output of silent units, for [`Loss::Lsq`].
const SILENT: f32 = 0.05;
/// Target output of the fixation unit while fixating, for [`Loss::Lsq`].
const FIXATING: f32 = 0.8;
/// What `y_loc` is while the target is fixation.
const NO_ANGLE: f32 = -1.0;

/// What a batch depends on besides its task: how trials are coded for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Time step in ms.
    pub dt_ms: u32,
    /// The input and output ring.
    pub ring: Ring,
    /// Decides targets and cost mask.
    pub loss: Loss,
    /// Rule units.
    pub n_rule: usize,
    /// The rule unit that is on during the whole trial, if any.
    pub rule: Option<usize>,
}

/// Random locations: which draw of a stream, and how many trials.
#[derive(Clone, Copy, Debug)]
pub struct RandomTrials<'a> {
    /// Where the numbers come from.
    pub stream: &'a Stream,
    /// The first word of the counter: the training step, or the number of the test.
    pub step: u32,
    /// Trials of the batch.
    pub trials: usize,
    /// Consecutive trials that share the distance from cue to distractor.
    pub trials_per_distance: usize,
}

/// Where the stimuli of one trial are, in radians.
#[derive(Clone, Copy)]
struct Locations {
    cue: f64,
    distractor: f64,
}

impl Task {
    /// Trials with cues anywhere on the circle, as for training. A distractor stands `k` ring
    /// locations from the cue, `k` in `1..units`, drawn once for every `trials_per_distance` trials.
    ///
    /// # Errors
    /// If the task cannot be laid out on the time grid, or the encoding is impossible.
    pub fn random_batch(&self, encoding: &Encoding, random: RandomTrials) -> Result<TrialBatch, TaskError> {
        let RandomTrials { stream, step, trials, trials_per_distance } = random;
        let units = encoding.ring.units;
        let locations = (0..trials).map(|trial| {
            let cue = TAU * stream.uniform([step, trial as u32, 0, 0]);
            let group = trial / trials_per_distance.max(1);
            let k = 1 + stream.below(units.saturating_sub(1), [step, group as u32, 1, 0]);
            Locations { cue, distractor: turn(cue, preferred(k, units)) }
        });
        self.build(encoding, locations.collect())
    }

    /// Every ring location `repeats` times, location-major: trial `i` is at location `i / repeats`.
    /// A distractor stands opposite to the cue.
    ///
    /// # Errors
    /// Those of [`Task::random_batch`].
    pub fn test_batch(&self, encoding: &Encoding, repeats: usize) -> Result<TrialBatch, TaskError> {
        self.test_part(encoding, repeats, 0..encoding.ring.units)
    }

    /// Of the trials of [`Task::test_batch`] those at some of the locations.
    ///
    /// # Errors
    /// Those of [`Task::random_batch`], and if a location does not exist.
    pub fn test_part(
        &self,
        encoding: &Encoding,
        repeats: usize,
        locations: Range<usize>,
    ) -> Result<TrialBatch, TaskError> {
        let units = encoding.ring.units;
        if locations.end > units {
            return Err(TaskError::NoLocation { location: locations.end - 1, units });
        }
        let first = locations.start * repeats;
        let locations =
            locations.flat_map(|location| std::iter::repeat_n(location, repeats)).map(|location| {
                let cue = preferred(location, units);
                Locations { cue, distractor: turn(cue, PI) }
            });
        Ok(TrialBatch { first, ..self.build(encoding, locations.collect())? })
    }

    /// `trials` trials with the cue at ring location `cue` and the distractor, if the task shows one,
    /// at ring location `distractor` (by default opposite to the cue).
    ///
    /// # Errors
    /// Those of [`Task::random_batch`]; if a location does not exist, or the task shows no distractor.
    pub fn test_at(
        &self,
        encoding: &Encoding,
        cue: usize,
        distractor: Option<usize>,
        trials: usize,
    ) -> Result<TrialBatch, TaskError> {
        let units = encoding.ring.units;
        if let Some(location) = [Some(cue), distractor].into_iter().flatten().find(|&at| at >= units) {
            return Err(TaskError::NoLocation { location, units });
        }
        if distractor.is_some() && !shows_distractor(&self.timing()) {
            return Err(TaskError::NoDistractor(self.name()));
        }
        let cue = preferred(cue, units);
        let distractor = distractor.map_or(turn(cue, PI), |index| preferred(index, units));
        self.build(encoding, vec![Locations { cue, distractor }; trials])
    }

    fn build(&self, encoding: &Encoding, locations: Vec<Locations>) -> Result<TrialBatch, TaskError> {
        let timing = self.timing();
        let schedule = Schedule::new(&timing, encoding.dt_ms)?;
        encoding.check(&timing)?;
        if locations.is_empty() {
            return Err(TaskError::NoTrials);
        }
        let stimulus: Vec<f64> = locations.iter().map(|at| at.cue).collect();
        let targets: Vec<f64> = stimulus.iter().map(|&cue| timing.response.target(cue)).collect();
        let units = encoding.ring.units;
        Ok(TrialBatch {
            steps: schedule.steps,
            trials: locations.len(),
            first: 0,
            n_input: encoding.n_input(),
            n_output: encoding.n_output(),
            x: encoding.input(&timing, &schedule, &locations)?,
            y: encoding.target(&schedule, &targets),
            c_mask: encoding.cost_mask(&schedule, targets.len()),
            y_loc: target_angle(&schedule, &targets),
            location: stimulus.iter().map(|&cue| nearest(cue, units)).collect(),
            stimulus,
        })
    }
}

impl Encoding {
    /// Input channels: fixation, the rings, one unit per rule.
    pub fn n_input(&self) -> usize {
        self.ring.rule_start() + self.n_rule
    }

    /// Output channels: fixation, then one ring.
    pub fn n_output(&self) -> usize {
        1 + self.ring.units
    }

    fn check(&self, timing: &Timing) -> Result<(), TaskError> {
        let least = if shows_distractor(timing) { 2 } else { 1 };
        if self.ring.units < least {
            return Err(TaskError::RingTooSmall { units: self.ring.units, least });
        }
        if self.ring.rings == 0 {
            return Err(TaskError::NoInputRing);
        }
        match self.rule {
            Some(rule) if rule >= self.n_rule => Err(TaskError::NoRule { rule, n_rule: self.n_rule }),
            _ => Ok(()),
        }
    }

    /// `x [time, trial, input]`: it changes only from phase to phase.
    fn input(
        &self,
        timing: &Timing,
        schedule: &Schedule,
        locations: &[Locations],
    ) -> Result<Held, TaskError> {
        let channels = self.n_input();
        let mut x = Held::new(locations.len() * channels);
        for (name, steps) in schedule.phases() {
            let mut frame = vec![0.0; x.width()];
            for (row, at) in frame.chunks_exact_mut(channels).zip(locations) {
                row[0] = f32::from(u8::from(steps.start < schedule.fixation_off));
                if let Some(rule) = self.rule {
                    row[self.ring.rule_start() + rule] = 1.0;
                }
                for stimulus in timing.stimuli.iter().filter(|stimulus| stimulus.phase == name) {
                    self.ring.show(at.of(stimulus.place), row);
                }
            }
            x.hold(&frame, steps.len());
        }
        Ok(x)
    }

    /// `y [time, trial, output]`: fixation until go, from then on the target location.
    fn target(&self, schedule: &Schedule, targets: &[f64]) -> Held {
        let channels = self.n_output();
        let (silent, fixating) = match self.loss {
            Loss::Lsq => (SILENT, FIXATING),
            Loss::CrossEntropy => (0.0, 1.0),
        };
        let mut before = vec![silent; targets.len() * channels];
        let mut after = before.clone();
        for (row, _) in before.chunks_exact_mut(channels).zip(targets) {
            row[0] = fixating;
        }
        for (row, &angle) in after.chunks_exact_mut(channels).zip(targets) {
            match self.loss {
                Loss::Lsq => add(&mut row[1..], bump(angle, self.ring.units)),
                Loss::CrossEntropy => add(&mut row[1..], one_hot(angle, self.ring.units)),
            }
        }
        before_and_after_go(schedule, &before, &after)
    }

    /// The cost mask, `[time, trial, output]` with the fixation channel doubled for [`Loss::Lsq`],
    /// `[time, trial]` with mean 1 for [`Loss::CrossEntropy`].
    fn cost_mask(&self, schedule: &Schedule, trials: usize) -> Held {
        let grace = (GRACE_MS / self.dt_ms) as usize;
        let Schedule { steps, go, .. } = *schedule;
        let weights = (0..steps).map(|step| match step {
            _ if step < grace.min(go) => 0.0,
            _ if step < go => 1.0,
            _ if step < go + grace => 0.0,
            _ => RESPONSE_WEIGHT,
        });
        let weights: Vec<f32> = weights.collect();
        let mean = weights.iter().sum::<f32>() / steps as f32;
        let row = |weight: f32| match self.loss {
            Loss::Lsq => {
                let mut row = vec![weight; self.n_output()];
                row[0] *= 2.0;
                row
            }
            Loss::CrossEntropy => vec![weight / mean],
        };
        let mut mask = Held::new(trials * row(0.0).len());
        for stretch in weights.chunk_by(|a, b| a == b) {
            mask.hold(&row(stretch[0]).repeat(trials), stretch.len());
        }
        mask
    }
}

impl Locations {
    fn of(&self, place: Place) -> f64 {
        match place {
            Place::Cue => self.cue,
            Place::Distractor => self.distractor,
        }
    }
}

impl Response {
    /// The angle of a correct saccade, in `[0, 2*pi)`.
    fn target(self, cue: f64) -> f64 {
        match self {
            Self::Pro => cue,
            Self::Anti => turn(cue, PI),
        }
    }
}

/// `angle` turned by `by`, in `[0, 2*pi)`.
fn turn(angle: f64, by: f64) -> f64 {
    (angle + by) % TAU
}

fn shows_distractor(timing: &Timing) -> bool {
    timing.stimuli.iter().any(|stimulus| stimulus.place == Place::Distractor)
}

/// `y_loc [time, trial]`.
fn target_angle(schedule: &Schedule, targets: &[f64]) -> Held {
    let angles: Vec<f32> = targets.iter().map(|&angle| angle as f32).collect();
    before_and_after_go(schedule, &vec![NO_ANGLE; targets.len()], &angles)
}

fn before_and_after_go(schedule: &Schedule, before: &[f32], after: &[f32]) -> Held {
    let mut held = Held::new(before.len());
    held.hold(before, schedule.go);
    held.hold(after, schedule.steps - schedule.go);
    held
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::trial::Coding;
    use super::*;

    fn encoding(units: usize, loss: Loss) -> Encoding {
        let ring = Ring { units, rings: 1, coding: Coding::Gaussian };
        Encoding { dt_ms: 20, ring, loss, n_rule: 6, rule: Some(2) }
    }

    fn draw(stream: &Stream, trials: usize, trials_per_distance: usize) -> RandomTrials<'_> {
        RandomTrials { stream, step: 7, trials, trials_per_distance }
    }

    #[test]
    fn the_rule_unit_is_on_all_the_time_and_alone() {
        let batch = Task::named("gap").unwrap().test_batch(&encoding(8, Loss::Lsq), 2).unwrap();
        assert_eq!((batch.trials, batch.n_input, batch.n_output), (16, 15, 9));
        for row in batch.x.to_vec().chunks_exact(15) {
            assert_eq!(row[9..], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn impossible_encodings_are_refused() {
        let good = encoding(8, Loss::Lsq);
        let odrd = Task::named("odrd").unwrap();
        let ring = |units, rings| Encoding { ring: Ring { units, rings, ..good.ring }, ..good };
        let few = TaskError::RingTooSmall { units: 1, least: 2 };
        assert_eq!(odrd.test_batch(&ring(1, 1), 1), Err(few));
        assert_eq!(odrd.test_batch(&ring(8, 0), 1), Err(TaskError::NoInputRing));
        let rule = TaskError::NoRule { rule: 6, n_rule: 6 };
        assert_eq!(odrd.test_batch(&Encoding { rule: Some(6), ..good }, 1), Err(rule));
        assert_eq!(odrd.test_batch(&good, 0), Err(TaskError::NoTrials));
        let outside = TaskError::NoLocation { location: 8, units: 8 };
        assert_eq!(odrd.test_at(&good, 1, Some(8), 1), Err(outside));
        let odr = Task::named("odr").unwrap();
        assert_eq!(odr.test_at(&good, 1, Some(2), 1), Err(TaskError::NoDistractor("odr".to_owned())));
        assert!(odr.test_at(&good, 1, None, 1).is_ok());
    }

    #[test]
    fn a_part_of_a_test_batch_is_its_trials() {
        let task = Task::named("odrd").unwrap();
        let encoding = encoding(8, Loss::Lsq);
        let whole = task.test_batch(&encoding, 2).unwrap();
        let part = task.test_part(&encoding, 2, 3..5).unwrap();
        assert_eq!((whole.first, part.first, part.trials), (0, 6, 4));
        assert_eq!(part.stimulus, whole.stimulus[6..10]);
        let width = part.n_input;
        for step in 0..whole.steps {
            assert_eq!(part.x.at(step), &whole.x.at(step)[6 * width..10 * width]);
        }
        assert!(task.test_part(&encoding, 2, 7..9).is_err());
        assert_eq!(task.test_part(&encoding, 2, 3..3), Err(TaskError::NoTrials));
    }

    /// The location of the only ring unit above 0.5 in the frame of `trial` at `step`.
    fn peak(batch: &TrialBatch, step: usize, trial: usize) -> Option<usize> {
        let row = &batch.x.at(step)[trial * batch.n_input..][..batch.n_input];
        row[1..9].iter().position(|&value| value == 1.0)
    }

    #[test]
    fn the_distractor_distance_is_shared_within_a_group_only() {
        let mut encoding = encoding(8, Loss::Lsq);
        encoding.ring.coding = Coding::OneHot;
        let stream = Stream::new(5, "locations");
        let task = Task::named("odrd").unwrap();
        let batch = task.random_batch(&encoding, draw(&stream, 512, 32)).unwrap();
        let mut distances = Vec::new();
        for trial in 0..512 {
            let cue = peak(&batch, 60, trial).unwrap();
            let distractor = peak(&batch, 110, trial).unwrap();
            assert_eq!(cue, batch.location[trial]);
            distances.push((distractor + 8 - cue) % 8);
        }
        for group in distances.chunks(32) {
            assert!(group.iter().all(|&k| k == group[0] && k > 0));
        }
        assert!(distances.iter().any(|&k| k != distances[0]));
    }

    proptest! {
        #[test]
        fn random_batches_are_whole_and_reproducible(
            kind in 0usize..5, seed: u64, trials in 1usize..20, units in 2usize..12, lsq: bool,
        ) {
            let task = Task::named(Task::KINDS[kind]).unwrap();
            let loss = if lsq { Loss::Lsq } else { Loss::CrossEntropy };
            let encoding = encoding(units, loss);
            let stream = Stream::new(seed, "locations");
            let batch = task.random_batch(&encoding, draw(&stream, trials, trials)).unwrap();
            let cells = batch.steps * trials;
            let [x, y, mask, y_loc] = [&batch.x, &batch.y, &batch.c_mask, &batch.y_loc].map(Held::to_vec);
            prop_assert_eq!(x.len(), cells * batch.n_input);
            prop_assert_eq!(y.len(), cells * batch.n_output);
            prop_assert_eq!(mask.len(), if lsq { cells * batch.n_output } else { cells });
            prop_assert_eq!(y_loc.len(), cells);
            prop_assert!(batch.stimulus.iter().all(|angle| (0.0..TAU).contains(angle)));
            prop_assert!(y_loc.iter().all(|&angle| angle == -1.0 || (0.0..=TAU as f32).contains(&angle)));
            prop_assert!(x.iter().chain(&y).chain(&mask).all(|value| value.is_finite()));
            prop_assert_eq!(task.random_batch(&encoding, draw(&stream, trials, trials)).unwrap(), batch);
        }
    }
}
