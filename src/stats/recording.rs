//! What a network did on a set of test trials, and the first reduction that all analyses share.

use std::ops::Range;

use thiserror::Error;

/// Why a recording cannot be analysed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StatsError {
    /// An array has another size than the others say.
    #[error("{array} has {found} values, {expected} were expected")]
    Size {
        /// Which array.
        array: &'static str,
        /// Its length.
        found: usize,
        /// What it should be.
        expected: usize,
    },
    /// A trial stands at a location that does not exist.
    #[error("location {location} does not exist, there are {n_locations}")]
    Location {
        /// The location's index.
        location: usize,
        /// How many there are.
        n_locations: usize,
    },
    /// An epoch is empty or reaches beyond the trial.
    #[error("an epoch of steps {start} to {end} does not fit into a trial of {steps} steps")]
    Epoch {
        /// First step.
        start: usize,
        /// First step after it.
        end: usize,
        /// Steps of a trial.
        steps: usize,
    },
    /// The time step is not positive.
    #[error("the time step must be positive")]
    TimeStep,
}

/// The activity of all units on a set of trials and how the trials ended.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// Activity `[time, trial, unit]`, in units of the model (`rate = h * 1000 / dt_ms` in Hz).
    pub h: &'a [f32],
    /// Time steps.
    pub steps: usize,
    /// Units.
    pub units: usize,
    /// Time step in ms.
    pub dt_ms: f64,
    /// Stimulus location of each trial, `0..n_locations` `[trial]`.
    pub location: &'a [usize],
    /// Stimulus locations.
    pub n_locations: usize,
    /// Which trials were correct `[trial]`.
    pub correct: &'a [bool],
}

/// Mean firing rates of one class of trials (the correct or the error trials) by stimulus location.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationRates {
    /// Mean rate in Hz `[location, time, unit]`, NaN where a location has no trial of the class.
    rate: Vec<f64>,
    /// Trials of the class at each location.
    pub trials: Vec<usize>,
    /// Time steps.
    pub steps: usize,
    /// Units.
    pub units: usize,
}

/// The mean rates of both classes of trials.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRates {
    /// Of the correct trials.
    pub correct: LocationRates,
    /// Of the error trials.
    pub error: LocationRates,
}

impl Recording<'_> {
    /// Averages over the trials of each class and location, in one pass over the activity.
    ///
    /// # Errors
    /// If the arrays do not fit together.
    pub fn class_rates(&self) -> Result<ClassRates, StatsError> {
        self.check()?;
        let groups: Vec<usize> = self.groups();
        let n_groups = 2 * self.n_locations;
        let mut trials = vec![0; n_groups];
        for &group in &groups {
            trials[group] += 1;
        }
        let scale: Vec<f64> = trials.iter().map(|&count| 1000.0 / self.dt_ms / count as f64).collect();
        let mut rates = vec![f64::NAN; n_groups * self.steps * self.units];
        let mut sums = vec![0.0; n_groups * self.units];
        let step_size = groups.len() * self.units;
        for (step, activity) in self.h.chunks_exact(step_size.max(1)).enumerate() {
            sums.fill(0.0);
            for (unit_activity, group) in activity.chunks_exact(self.units).zip(&groups) {
                let sums = &mut sums[group * self.units..][..self.units];
                for (sum, &value) in sums.iter_mut().zip(unit_activity) {
                    *sum += f64::from(value);
                }
            }
            for (group, sums) in sums.chunks_exact(self.units).enumerate() {
                let rates = &mut rates[(group * self.steps + step) * self.units..][..self.units];
                for (rate, sum) in rates.iter_mut().zip(sums) {
                    *rate = sum * scale[group];
                }
            }
        }
        let error = rates.split_off(rates.len() / 2);
        let error_trials = trials.split_off(self.n_locations);
        let class = |rate, trials| LocationRates { rate, trials, steps: self.steps, units: self.units };
        Ok(ClassRates { correct: class(rates, trials), error: class(error, error_trials) })
    }

    /// Correct trials by location, then error trials by location.
    fn groups(&self) -> Vec<usize> {
        let trials = self.location.iter().zip(self.correct);
        trials.map(|(location, correct)| location + usize::from(!correct) * self.n_locations).collect()
    }

    /// Fails unless the arrays fit together.
    pub(super) fn check(&self) -> Result<(), StatsError> {
        let trials = self.location.len();
        let sizes =
            [("correct", self.correct.len(), trials), ("h", self.h.len(), self.steps * trials * self.units)];
        for (array, found, expected) in sizes {
            if found != expected {
                return Err(StatsError::Size { array, found, expected });
            }
        }
        if self.dt_ms.is_nan() || self.dt_ms <= 0.0 {
            return Err(StatsError::TimeStep);
        }
        match self.location.iter().find(|&&location| location >= self.n_locations) {
            Some(&location) => Err(StatsError::Location { location, n_locations: self.n_locations }),
            None => Ok(()),
        }
    }

    pub(super) fn check_epoch(&self, epoch: &Range<usize>) -> Result<(), StatsError> {
        check_epoch(epoch, self.steps)
    }
}

impl LocationRates {
    /// Stimulus locations.
    pub fn n_locations(&self) -> usize {
        self.trials.len()
    }

    /// The mean rate in Hz of one unit at one location over time `[time]`.
    pub fn over_time(&self, location: usize, unit: usize) -> impl Iterator<Item = f64> {
        let first = location * self.steps * self.units + unit;
        (0..self.steps).map(move |step| self.rate[first + step * self.units])
    }

    /// The mean rates in Hz in an epoch `[location, unit]`.
    ///
    /// # Errors
    /// If the epoch is empty or reaches beyond the trial.
    pub fn in_epoch(&self, epoch: &Range<usize>) -> Result<Vec<f64>, StatsError> {
        check_epoch(epoch, self.steps)?;
        let mut means = vec![0.0; self.n_locations() * self.units];
        for (location, means) in means.chunks_exact_mut(self.units.max(1)).enumerate() {
            let first = location * self.steps + epoch.start;
            let rates = &self.rate[first * self.units..][..epoch.len() * self.units];
            for rates in rates.chunks_exact(self.units) {
                for (mean, rate) in means.iter_mut().zip(rates) {
                    *mean += rate;
                }
            }
            for mean in means {
                *mean /= epoch.len() as f64;
            }
        }
        Ok(means)
    }
}

/// Fails unless an epoch is some part of a trial of `steps` steps.
pub(super) fn check_epoch(epoch: &Range<usize>, steps: usize) -> Result<(), StatsError> {
    if epoch.start >= epoch.end || epoch.end > steps {
        return Err(StatsError::Epoch { start: epoch.start, end: epoch.end, steps });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps, three trials, one unit.
    const H: [f32; 6] = [1.0, 2.0, 6.0, 3.0, 4.0, 8.0];

    fn recording<'a>(location: &'a [usize], correct: &'a [bool]) -> Recording<'a> {
        Recording { h: &H, steps: 2, units: 1, dt_ms: 20.0, location, n_locations: 2, correct }
    }

    #[test]
    fn rates_are_means_over_the_trials_of_a_class_and_location() {
        let rates = recording(&[0, 0, 1], &[true, true, false]).class_rates().unwrap();
        assert_eq!(rates.correct.over_time(0, 0).collect::<Vec<_>>(), [75.0, 175.0]);
        assert!(rates.correct.over_time(1, 0).all(f64::is_nan));
        assert_eq!(rates.error.over_time(1, 0).collect::<Vec<_>>(), [300.0, 400.0]);
        assert_eq!((&rates.correct.trials, &rates.error.trials), (&vec![2, 0], &vec![0, 1]));
        assert_eq!(rates.error.in_epoch(&(0..2)).unwrap()[1], 350.0);
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let wrong = StatsError::Location { location: 2, n_locations: 2 };
        assert_eq!(recording(&[0, 0, 2], &[true; 3]).class_rates(), Err(wrong));
        assert!(recording(&[0, 0, 1], &[true; 2]).class_rates().is_err());
        assert!(recording(&[0, 1], &[true; 2]).class_rates().is_err());
        let rates = recording(&[0, 0, 1], &[true; 3]).class_rates().unwrap();
        assert!(rates.correct.in_epoch(&(1..1)).is_err());
        assert!(rates.correct.in_epoch(&(1..3)).is_err());
    }
}
