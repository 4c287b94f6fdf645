//! The rates of single trials in a window, and what they say of the correct trials at each location.

use std::ops::Range;

use super::numbers::{argmax, median};
use super::recording::{Recording, StatsError};

/// The mean rate of every unit in a window of every trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRates {
    /// Mean rate in Hz `[trial, unit]`.
    rate: Vec<f64>,
    /// Units.
    pub units: usize,
}

/// The rates in a window of the correct trials at each location.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectRates {
    /// The correct trials at each location, ascending `[location][trial]`.
    pub trials: Vec<Vec<usize>>,
    /// Mean over them in Hz `[location, unit]`, NaN without any.
    pub mean: Vec<f64>,
    /// Rate less the median of the correct trials at the same location, in Hz `[trial, unit]`; 0 in error
    /// trials.
    pub deviation: Vec<f64>,
    /// Variance over mean of the correct trials (Fano factor, of population variance: one trial gives
    /// 0), in Hz `[location, unit]`. NaN without trials or where the mean is 0.
    pub fano: Vec<f64>,
    /// Units.
    pub units: usize,
}

impl Recording<'_> {
    /// The mean rates of all trials in a window of steps.
    ///
    /// # Errors
    /// If the arrays do not fit together, or the window not into the trial.
    pub fn trial_rates(&self, window: &Range<usize>) -> Result<TrialRates, StatsError> {
        self.check()?;
        self.check_epoch(window)?;
        let size = self.location.len() * self.units;
        let mut rate = vec![0.0; size];
        for activity in self.h[window.start * size..window.end * size].chunks_exact(size.max(1)) {
            for (sum, &value) in rate.iter_mut().zip(activity) {
                *sum += f64::from(value);
            }
        }
        let scale = 1000.0 / self.dt_ms / window.len() as f64;
        rate.iter_mut().for_each(|rate| *rate *= scale);
        Ok(TrialRates { rate, units: self.units })
    }

    /// What the rates of the correct trials in a window of steps are at each location.
    ///
    /// # Errors
    /// Those of [`Recording::trial_rates`].
    pub fn correct_rates(&self, window: &Range<usize>) -> Result<CorrectRates, StatsError> {
        let rates = self.trial_rates(window)?;
        let mut trials = vec![Vec::new(); self.n_locations];
        for (trial, (&location, &correct)) in self.location.iter().zip(self.correct).enumerate() {
            if correct {
                trials[location].push(trial);
            }
        }
        let mut mean = Vec::with_capacity(self.n_locations * self.units);
        let mut fano = Vec::with_capacity(mean.capacity());
        let mut deviation = vec![0.0; rates.rate.len()];
        let mut values = Vec::new();
        for trials in &trials {
            for unit in 0..self.units {
                values.clear();
                values.extend(trials.iter().map(|&trial| rates.of_trial(trial)[unit]));
                let n = values.len() as f64;
                let average = values.iter().sum::<f64>() / n;
                let squares: f64 = values.iter().map(|rate| (rate - average) * (rate - average)).sum();
                let middle = median(&values);
                for (&trial, rate) in trials.iter().zip(&values) {
                    deviation[trial * self.units + unit] = rate - middle;
                }
                mean.push(average);
                fano.push(if average == 0.0 { f64::NAN } else { squares / n / average });
            }
        }
        Ok(CorrectRates { trials, mean, deviation, fano, units: self.units })
    }
}

impl TrialRates {
    /// The rates in Hz of all units in one trial `[unit]`.
    pub fn of_trial(&self, trial: usize) -> &[f64] {
        &self.rate[trial * self.units..][..self.units]
    }
}

impl CorrectRates {
    /// Stimulus locations.
    pub fn n_locations(&self) -> usize {
        self.trials.len()
    }

    /// The location where a unit's mean rate is largest, the first on ties; `None` without any.
    pub fn best_location(&self, unit: usize) -> Option<usize> {
        argmax(self.mean.iter().skip(unit).step_by(self.units).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps, four trials, one unit.
    const H: [f32; 8] = [1.0, 2.0, 6.0, 0.0, 3.0, 4.0, 8.0, 0.0];

    fn recording<'a>(location: &'a [usize], correct: &'a [bool]) -> Recording<'a> {
        Recording { h: &H, steps: 2, units: 1, dt_ms: 20.0, location, n_locations: 3, correct }
    }

    #[test]
    fn trial_rates_are_means_over_the_window() {
        let recording = recording(&[0, 0, 1, 2], &[true; 4]);
        let rates = recording.trial_rates(&(0..2)).unwrap();
        assert_eq!([0, 1, 2, 3].map(|trial| rates.of_trial(trial)[0]), [100.0, 150.0, 350.0, 0.0]);
        assert!(recording.trial_rates(&(1..3)).is_err() && recording.trial_rates(&(1..1)).is_err());
    }

    #[test]
    fn correct_rates_leave_error_trials_out() {
        let rates = recording(&[0, 0, 1, 2], &[true, true, false, true]).correct_rates(&(0..2)).unwrap();
        assert_eq!(rates.trials, [vec![0, 1], vec![], vec![3]]);
        assert!(rates.mean[0] == 125.0 && rates.mean[1].is_nan() && rates.mean[2] == 0.0);
        assert_eq!(rates.deviation, [-25.0, 25.0, 0.0, 0.0]);
        assert!(rates.fano[0] == 625.0 / 125.0 && rates.fano[1].is_nan() && rates.fano[2].is_nan());
        assert_eq!(rates.best_location(0), Some(0));
    }

    #[test]
    fn one_trial_does_not_vary() {
        let rates = recording(&[0, 0, 1, 2], &[true, false, true, false]).correct_rates(&(0..1)).unwrap();
        assert_eq!((rates.fano[0], rates.fano[1]), (0.0, 0.0));
    }
}
