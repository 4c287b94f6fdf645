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
    recording.check()?;
    check_epoch(steps, recording.steps)?;
    let (trials, units) = (recording.location.len(), recording.units);
    let mut total = vec![0.0; units];
    let (mut mean, mut squares) = (vec![0.0; units], vec![0.0; units]);
    let size = trials * units;
    for activity in recording.h[steps.start * size..steps.end * size].chunks_exact(size.max(1)) {
        mean.fill(0.0);
        squares.fill(0.0);
        for trial in activity.chunks_exact(units) {
            mean.iter_mut().zip(trial).for_each(|(sum, &h)| *sum += f64::from(h));
        }
        mean.iter_mut().for_each(|sum| *sum /= trials as f64);
        for trial in activity.chunks_exact(units) {
            for ((square, mean), &h) in squares.iter_mut().zip(&mean).zip(trial) {
                let away = f64::from(h) - mean;
                *square += away * away;
            }
        }
        total.iter_mut().zip(&squares).for_each(|(total, square)| *total += square / trials as f64);
    }
    total.iter_mut().for_each(|total| *total /= steps.len() as f64);
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_over_time_of_the_variance_across_trials() {
        // Three steps, two trials, two units; the first step does not count.
        let h = [9.0, 9.0, 0.0, 0.0, 1.0, 5.0, 3.0, 5.0, 2.0, 1.0, 6.0, 1.0];
        let recording = Recording {
            h: &h,
            steps: 3,
            units: 2,
            dt_ms: 20.0,
            location: &[0, 1],
            n_locations: 2,
            correct: &[true, false],
        };
        assert_eq!(task_variance(&recording, &(1..3)).unwrap(), [2.5, 0.0]);
        assert!(task_variance(&recording, &(3..3)).is_err());
    }
}
