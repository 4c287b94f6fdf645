//! The population at one cue location: every unit's rate over time, by where it responds best.

use std::ops::Range;

use super::cue_tuning::{CueTuning, CueTuningBuilder};
use super::recording::{LocationRates, StatsError};
use super::units::normalized;

/// A population heatmap.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap {
    /// Where units respond best to the cue.
    pub tuning: CueTuning,
    /// The units of the rows: sorted by best location, stably, those without one last.
    pub order: Vec<usize>,
    /// Relative rates `[row, time]`: the normalised mean rate over the correct trials at the location,
    /// divided by the unit's peak response to the cue at its own best location. NaN where one is missing.
    pub rows: Vec<f64>,
    /// Correct trials at the location.
    pub trials: usize,
}

/// Gathers a [`Heatmap`] location by location.
#[derive(Clone, Debug)]
pub struct HeatmapBuilder {
    tuning: CueTuningBuilder,
    baseline: Range<usize>,
    location: usize,
    units: usize,
    /// Normalised rates at the location `[unit, time]`.
    curves: Vec<f64>,
    trials: usize,
}

impl HeatmapBuilder {
    /// Nothing yet of a heatmap of `units` units at `location`, sorted by responses in `epoch`. Rates are
    /// normalised by the mean in `baseline` over the same trials.
    pub fn new(units: usize, location: usize, epoch: Range<usize>, baseline: Range<usize>) -> Self {
        let tuning = CueTuningBuilder::new(units, epoch, baseline.clone());
        Self { tuning, baseline, location, units, curves: Vec::new(), trials: 0 }
    }

    /// Adds the correct trials of locations, the first of which is number `first`; locations come in
    /// ascending order.
    ///
    /// # Errors
    /// If an epoch does not fit into the trial.
    pub fn add(&mut self, first: usize, rates: &LocationRates) -> Result<(), StatsError> {
        self.tuning.add(first, rates)?;
        let within = self.location.checked_sub(first).filter(|&within| within < rates.n_locations());
        let Some(location) = within else { return Ok(()) };
        let rest = rates.in_epoch(&self.baseline)?;
        self.trials = rates.trials[location];
        for unit in 0..self.units {
            let rest = rest[location * self.units + unit];
            self.curves.extend(rates.over_time(location, unit).map(|rate| normalized(rate, rest)));
        }
        Ok(())
    }

    /// The heatmap. Without the location it has no times.
    pub fn finish(self) -> Heatmap {
        let tuning = self.tuning.finish();
        let order = tuning.order();
        let steps = self.curves.len() / self.units.max(1);
        let row = |&unit: &usize| {
            let peak = tuning.peak[unit];
            self.curves[unit * steps..(unit + 1) * steps].iter().map(move |rate| rate / peak)
        };
        let rows = order.iter().flat_map(row).map(|rate| if rate.is_finite() { rate } else { f64::NAN });
        let rows = rows.collect();
        Heatmap { order, rows, trials: self.trials, tuning }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;

    #[test]
    fn rows_are_sorted_and_relative_to_each_units_own_peak() {
        // Two units, two steps (baseline, cue), one trial at each of two locations.
        let h = [1.0, 1.0, 1.0, 1.0, /* cue */ 2.0, 5.0, 3.0, 2.0];
        let recording = Recording {
            h: &h,
            steps: 2,
            units: 2,
            dt_ms: 20.0,
            location: &[0, 1],
            n_locations: 2,
            correct: &[true, true],
        };
        let rates = recording.class_rates().unwrap();
        let mut builder = HeatmapBuilder::new(2, 0, 1..2, 0..1);
        builder.add(0, &rates.correct).unwrap();
        let heatmap = builder.finish();
        assert_eq!(heatmap.order, [1, 0]);
        assert_eq!((heatmap.tuning.peak, heatmap.trials), (vec![2.0, 4.0], 1));
        assert_eq!(heatmap.rows, [0.0, 1.0, 0.0, 0.5]);
    }

    #[test]
    fn a_location_without_correct_trials_is_missing_and_not_zero() {
        let h = [1.0, 2.0, 2.0, 3.0];
        let recording = Recording {
            h: &h,
            steps: 2,
            units: 1,
            dt_ms: 20.0,
            location: &[0, 1],
            n_locations: 2,
            correct: &[true, false],
        };
        let rates = recording.class_rates().unwrap();
        let mut builder = HeatmapBuilder::new(1, 1, 1..2, 0..1);
        builder.add(0, &rates.correct).unwrap();
        let heatmap = builder.finish();
        assert_eq!((heatmap.trials, heatmap.rows.len()), (0, 2));
        assert!(heatmap.rows.iter().all(|rate| rate.is_nan()));
    }
}
