//! Where units respond best to the cue, gathered some locations at a time: a ring of 360 locations is
//! more activity than memory holds at once.

use std::ops::Range;

use super::numbers::argmax;
use super::recording::{LocationRates, StatsError};
use super::units::normalized;

/// Where each unit responds best, and how strongly.
#[derive(Clone, Debug, PartialEq)]
pub struct CueTuning {
    /// The location of the largest normalised rate in the epoch `[unit]`; `None` where a unit has none.
    pub best: Vec<Option<usize>>,
    /// The largest trial-mean normalised rate over the epoch at that location `[unit]`; NaN without one.
    pub peak: Vec<f64>,
}

/// Gathers a [`CueTuning`] location by location.
#[derive(Clone, Debug)]
pub struct CueTuningBuilder {
    epoch: Range<usize>,
    baseline: Range<usize>,
    best: Vec<Option<usize>>,
    mean: Vec<f64>,
    peak: Vec<f64>,
}

impl CueTuning {
    /// The tuning of units of whose correct trials all `rates` are known at once.
    ///
    /// # Errors
    /// If an epoch does not fit into the trial.
    pub fn of(
        rates: &LocationRates,
        epoch: &Range<usize>,
        baseline: &Range<usize>,
    ) -> Result<Self, StatsError> {
        let mut builder = CueTuningBuilder::new(rates.units, epoch.clone(), baseline.clone());
        builder.add(0, rates)?;
        Ok(builder.finish())
    }

    /// Units by their best location, stably; those without one come last.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.best.len()).collect();
        order.sort_by_key(|&unit| self.best[unit].unwrap_or(usize::MAX));
        order
    }
}

impl CueTuningBuilder {
    /// Nothing yet of `units` units. Rates in `epoch` are normalised by the mean in `baseline` over the
    /// same trials.
    pub fn new(units: usize, epoch: Range<usize>, baseline: Range<usize>) -> Self {
        Self {
            epoch,
            baseline,
            best: vec![None; units],
            mean: vec![f64::NAN; units],
            peak: vec![f64::NAN; units],
        }
    }

    /// Adds locations, the first of which is number `first`; they come in ascending order. The best
    /// location is the first on ties; one without trials does not count, nor does a silent baseline.
    ///
    /// # Errors
    /// If an epoch does not fit into the trial.
    pub fn add(&mut self, first: usize, rates: &LocationRates) -> Result<(), StatsError> {
        let (active, rest) = (rates.in_epoch(&self.epoch)?, rates.in_epoch(&self.baseline)?);
        let units = self.best.len();
        for unit in 0..units {
            let means = (unit..active.len()).step_by(units.max(1)).map(|at| normalized(active[at], rest[at]));
            let means: Vec<f64> = means.collect();
            let Some(location) = argmax(means.iter().copied()) else { continue };
            if self.best[unit].is_some() && means[location] <= self.mean[unit] {
                continue;
            }
            self.best[unit] = Some(first + location);
            self.mean[unit] = means[location];
            let rest = rest[location * units + unit];
            let during = rates.over_time(location, unit).skip(self.epoch.start).take(self.epoch.len());
            self.peak[unit] = during.map(|rate| normalized(rate, rest)).fold(f64::NEG_INFINITY, f64::max);
        }
        Ok(())
    }

    /// The tuning.
    pub fn finish(self) -> CueTuning {
        CueTuning { best: self.best, peak: self.peak }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::recording::{ClassRates, Recording};
    use super::*;

    /// Rates at locations of one trial each: a baseline step, then two steps of the cue, one unit each.
    fn rates(h: &[[f32; 3]], n_locations: usize) -> ClassRates {
        let trials = h.len();
        let h: Vec<f32> = (0..3).flat_map(|step| h.iter().map(move |trial| trial[step])).collect();
        let location: Vec<usize> = (0..trials).collect();
        let correct = vec![true; trials];
        let recording = Recording {
            h: &h,
            steps: 3,
            units: 1,
            dt_ms: 20.0,
            location: &location,
            n_locations,
            correct: &correct,
        };
        recording.class_rates().unwrap()
    }

    #[test]
    fn the_best_location_is_the_first_of_ties_and_its_peak_is_that_of_the_mean_curve() {
        let rates = rates(&[[1.0, 1.0, 2.0], [1.0, 4.0, 2.0], [1.0, 2.0, 4.0]], 4);
        let tuning = CueTuning::of(&rates.correct, &(1..3), &(0..1)).unwrap();
        assert_eq!((tuning.best, tuning.peak), (vec![Some(1)], vec![3.0]));
    }

    #[test]
    fn a_unit_that_is_silent_before_the_cue_has_no_best_location_and_comes_last() {
        let silent = rates(&[[0.0, 1.0, 2.0]], 1);
        let tuning = CueTuning::of(&silent.correct, &(1..3), &(0..1)).unwrap();
        assert!(tuning.best[0].is_none() && tuning.peak[0].is_nan());
        let tuning = CueTuning { best: vec![None, Some(1), Some(0), Some(1)], peak: vec![f64::NAN; 4] };
        assert_eq!(tuning.order(), [2, 1, 3, 0]);
    }

    proptest! {
        #[test]
        fn blocks_of_locations_give_the_same_as_all_at_once(
            h in prop::collection::vec(prop::array::uniform3(0u8..4), 2..9), cut in 1usize..8,
        ) {
            let h: Vec<[f32; 3]> = h.into_iter().map(|trial| trial.map(f32::from)).collect();
            let cut = cut.min(h.len() - 1);
            let whole = CueTuning::of(&rates(&h, h.len()).correct, &(1..3), &(0..1)).unwrap();
            let mut builder = CueTuningBuilder::new(1, 1..3, 0..1);
            builder.add(0, &rates(&h[..cut], cut).correct).unwrap();
            builder.add(cut, &rates(&h[cut..], h.len() - cut).correct).unwrap();
            let parts = builder.finish();
            prop_assert_eq!(&parts.best, &whole.best);
            prop_assert!(parts.peak == whole.peak || parts.best[0].is_none());
        }
    }
}
