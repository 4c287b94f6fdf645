//! What one unit does, trial by trial.

use std::ops::Range;

use super::numbers::mean_curve;
use super::recording::{Recording, StatsError, check_epoch};
use super::units::normalized;

/// The rates of one unit in the correct trials at one location.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitTrials {
    /// Indices of the correct trials.
    pub trials: Vec<usize>,
    /// Normalised rate of each of them over time `[trial, time]`; NaN where the baseline is silent.
    pub rates: Vec<f64>,
    /// Their mean over trials `[time]`; NaN without trials.
    pub mean: Vec<f64>,
}

/// The normalised rate of `unit` over time in every correct trial at `location`,
/// `rate / baseline rate - 1`. The baseline rate is the mean in `baseline` over the same trials.
///
/// # Errors
/// If the arrays do not fit together, or the baseline not into the trial.
pub fn unit_trials(
    recording: &Recording,
    unit: usize,
    location: usize,
    baseline: &Range<usize>,
) -> Result<UnitTrials, StatsError> {
    recording.check()?;
    check_epoch(baseline, recording.steps)?;
    let n_trials = recording.location.len();
    let is_shown = |trial: &usize| recording.location[*trial] == location && recording.correct[*trial];
    let trials: Vec<usize> = (0..n_trials).filter(is_shown).collect();
    let (steps, units) = (recording.steps, recording.units);
    let scale = 1000.0 / recording.dt_ms;
    let rate =
        |trial: usize, step: usize| f64::from(recording.h[(step * n_trials + trial) * units + unit]) * scale;
    let raw: Vec<f64> =
        trials.iter().flat_map(|&trial| (0..steps).map(move |step| rate(trial, step))).collect();
    let during = raw.chunks_exact(steps).flat_map(|trial| &trial[baseline.clone()]);
    let rest = during.sum::<f64>() / (trials.len() * baseline.len()) as f64;
    let rates: Vec<f64> = raw.into_iter().map(|rate| normalized(rate, rest)).collect();
    let mean = mean_curve(rates.chunks_exact(steps), steps);
    Ok(UnitTrials { trials, rates, mean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_share_their_baseline_and_keep_their_differences() {
        // Two steps, three trials, one unit: the third trial is an error.
        let h = [1.0, 3.0, 9.0, 4.0, 8.0, 9.0];
        let recording = Recording {
            h: &h,
            steps: 2,
            units: 1,
            dt_ms: 20.0,
            location: &[1, 1, 1],
            n_locations: 2,
            correct: &[true, true, false],
        };
        let shown = unit_trials(&recording, 0, 1, &(0..1)).unwrap();
        assert_eq!(shown.trials, [0, 1]);
        assert_eq!(shown.rates, [-0.5, 1.0, 0.5, 3.0]);
        assert_eq!(shown.mean, [0.0, 2.0]);
        let empty = unit_trials(&recording, 0, 0, &(0..1)).unwrap();
        assert!(empty.trials.is_empty() && empty.mean.iter().all(|rate| rate.is_nan()));
        assert!(unit_trials(&recording, 0, 0, &(0..3)).is_err());
    }
}
