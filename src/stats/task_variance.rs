//! How much a task moves each unit.

use std::ops::Range;

use super::recording::{Recording, StatsError, check_epoch};

/// The task variance of every unit `[unit]`: the variance of its activity `h` across all trials, correct
/// or not, averaged over the `steps` (those after fixation)
/// (Yang et al., *Nat. Neurosci.* 22:297, 2019).
///
/// # Errors
/// If the arrays do not fit together, or the steps not into the trial.
pub fn task_variance(recording: &Recording, steps: &Range<usize>) -> Result<Vec<f64>, StatsError> {
    let mut builder = TaskVarianceBuilder::new(recording.units, steps.clone());
    builder.add(recording)?;
    Ok(builder.finish())
}

/// Gathers a task variance some trials at a time.
#[derive(Clone, Debug)]
pub struct TaskVarianceBuilder {
    steps: Range<usize>,
    trials: usize,
    /// Activity in the first trial `[time, unit]`: sums are of what others differ by, which keeps digits.
    first: Vec<f32>,
    sums: Vec<f64>,
    squares: Vec<f64>,
    units: usize,
}

impl TaskVarianceBuilder {
    /// Nothing yet of `units` units in the `steps` that count.
    pub fn new(units: usize, steps: Range<usize>) -> Self {
        let size = units * steps.len();
        let (sums, squares) = (vec![0.0; size], vec![0.0; size]);
        Self { steps, trials: 0, first: Vec::new(), sums, squares, units }
    }

    /// Adds trials.
    ///
    /// # Errors
    /// If the arrays do not fit together, or the steps not into the trial.
    pub fn add(&mut self, recording: &Recording) -> Result<(), StatsError> {
        recording.check()?;
        check_epoch(&self.steps, recording.steps)?;
        let size = recording.location.len() * self.units;
        if size == 0 {
            return Ok(());
        }
        let during = &recording.h[self.steps.start * size..self.steps.end * size];
        if self.trials == 0 {
            self.first = during.chunks_exact(size).flat_map(|step| &step[..self.units]).copied().collect();
        }
        let sums = self.sums.chunks_exact_mut(self.units).zip(self.squares.chunks_exact_mut(self.units));
        let first = self.first.chunks_exact(self.units);
        for ((step, (sums, squares)), first) in during.chunks_exact(size).zip(sums).zip(first) {
            for trial in step.chunks_exact(self.units) {
                for (((sum, square), first), h) in
                    sums.iter_mut().zip(squares.iter_mut()).zip(first).zip(trial)
                {
                    let away = f64::from(*h) - f64::from(*first);
                    *sum += away;
                    *square += away * away;
                }
            }
        }
        self.trials += recording.location.len();
        Ok(())
    }

    /// The variance `[unit]`; NaN without trials.
    pub fn finish(self) -> Vec<f64> {
        let n = self.trials as f64;
        let mut total = vec![0.0; self.units];
        let units = self.units.max(1);
        for (sums, squares) in self.sums.chunks_exact(units).zip(self.squares.chunks_exact(units)) {
            for ((total, sum), square) in total.iter_mut().zip(sums).zip(squares) {
                *total += ((square - sum * sum / n) / n).max(0.0);
            }
        }
        let steps = self.steps.len() as f64;
        total.into_iter().map(|total| if self.trials == 0 { f64::NAN } else { total / steps }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps of which the first does not count, two units.
    fn variance(h: &[&[f32]]) -> Vec<f64> {
        let mut builder = TaskVarianceBuilder::new(2, 1..3);
        for h in h {
            let trials = h.len() / 6;
            let (location, correct) = (vec![0; trials], vec![false; trials]);
            let recording = Recording {
                h,
                steps: 3,
                units: 2,
                dt_ms: 20.0,
                location: &location,
                n_locations: 1,
                correct: &correct,
            };
            builder.add(&recording).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn it_is_the_mean_over_time_of_the_variance_across_trials() {
        let both = [9.0, 9.0, 0.0, 0.0, 1.0, 5.0, 3.0, 5.0, 2.0, 1.0, 6.0, 1.0];
        assert_eq!(variance(&[&both]), [2.5, 0.0]);
        let (one, other) = ([9.0, 9.0, 1.0, 5.0, 2.0, 1.0], [0.0, 0.0, 3.0, 5.0, 6.0, 1.0]);
        assert_eq!(variance(&[&one, &other]), [2.5, 0.0]);
        assert!(variance(&[]).iter().all(|variance| variance.is_nan()));
    }

    #[test]
    fn steps_that_do_not_exist_are_refused() {
        let recording = Recording {
            h: &[1.0, 2.0],
            steps: 1,
            units: 2,
            dt_ms: 20.0,
            location: &[0],
            n_locations: 1,
            correct: &[true],
        };
        assert!(task_variance(&recording, &(0..2)).is_err());
        assert!(task_variance(&recording, &(1..1)).is_err());
        assert_eq!(task_variance(&recording, &(0..1)).unwrap(), [0.0, 0.0]);
    }
}
