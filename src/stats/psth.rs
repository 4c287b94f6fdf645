//! Peri-stimulus time histograms: the normalised rate over time of responsive units, by stage.

use std::ops::Range;

use super::numbers::{mean_curve, mean_present};
use super::recording::{ClassRates, LocationRates, StatsError};
use super::units::{best_locations, normalized, normalized_in_epoch, opposite_locations, responsive_units};

/// Checkpoints of less performance than this are left out of a stage's mean.
pub const LEAST_PERFORMANCE: f64 = 0.1;

/// The PSTH of one checkpoint, or the mean of several: normalised rates `[time]`, NaN where there was
/// nothing to average.
#[derive(Clone, Debug, PartialEq)]
pub struct Psth {
    /// Responsive units that it is the mean of.
    pub units: f64,
    /// Correct trials, stimulus at the unit's best location.
    pub correct_best: Vec<f64>,
    /// Correct trials, stimulus opposite to it.
    pub correct_opposite: Vec<f64>,
    /// Error trials, stimulus at the unit's best location.
    pub error_best: Vec<f64>,
    /// Error trials, stimulus opposite to it.
    pub error_opposite: Vec<f64>,
}

/// The mean PSTH of a stage's checkpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct StagePsth {
    /// Mean curves and mean number of units.
    pub psth: Psth,
    /// Mean performance.
    pub performance: f64,
    /// Checkpoints averaged.
    pub checkpoints: usize,
}

/// The PSTH of one checkpoint: the mean over the units that respond in `epoch` of their normalised
/// rates over time.
///
/// A unit's rate is normalised by its mean in `baseline` over the same trials. Its best location is
/// that of the largest normalised rate in `epoch` over correct trials, for the error trials too.
///
/// # Errors
/// If an epoch does not fit into the trial.
pub fn psth(rates: &ClassRates, epoch: &Range<usize>, baseline: &Range<usize>) -> Result<Psth, StatsError> {
    psth_of(rates, &responsive_units(&rates.correct, epoch, baseline)?, epoch, Some(baseline))
}

/// The PSTH of one checkpoint as [`psth`] gives it, of the `units` of these indices. Without a baseline
/// rates are in Hz, and so are those that tell the best location.
///
/// # Errors
/// If an epoch does not fit into the trial.
pub fn psth_of(
    rates: &ClassRates,
    units: &[usize],
    epoch: &Range<usize>,
    baseline: Option<&Range<usize>>,
) -> Result<Psth, StatsError> {
    let tuning = match baseline {
        Some(baseline) => normalized_in_epoch(&rates.correct, epoch, baseline)?,
        None => rates.correct.in_epoch(epoch)?,
    };
    let best = best_locations(&tuning, rates.correct.units);
    let tuned: Vec<(usize, usize)> =
        units.iter().filter_map(|&unit| best[unit].map(|location| (unit, location))).collect();
    let n_locations = rates.correct.n_locations();
    let best_only = |location: usize| vec![location];
    let opposite = |location: usize| opposite_locations(location, n_locations);
    Ok(Psth {
        units: units.len() as f64,
        correct_best: class_curve(&rates.correct, &tuned, best_only, baseline)?,
        correct_opposite: class_curve(&rates.correct, &tuned, opposite, baseline)?,
        error_best: class_curve(&rates.error, &tuned, best_only, baseline)?,
        error_opposite: class_curve(&rates.error, &tuned, opposite, baseline)?,
    })
}

/// The mean PSTH over the checkpoints of a stage, each with its performance, but for those below
/// [`LEAST_PERFORMANCE`]; `None` if none are left.
pub fn stage_psth<'a>(checkpoints: impl IntoIterator<Item = (f64, &'a Psth)>) -> Option<StagePsth> {
    let kept: Vec<(f64, &Psth)> =
        checkpoints.into_iter().filter(|(performance, _)| *performance >= LEAST_PERFORMANCE).collect();
    let steps = kept.first()?.1.correct_best.len();
    let mean = |curve: fn(&Psth) -> &Vec<f64>| {
        mean_curve(kept.iter().map(|(_, psth)| curve(psth).as_slice()), steps)
    };
    Some(StagePsth {
        psth: Psth {
            units: mean_present(kept.iter().map(|(_, psth)| psth.units)),
            correct_best: mean(|psth| &psth.correct_best),
            correct_opposite: mean(|psth| &psth.correct_opposite),
            error_best: mean(|psth| &psth.error_best),
            error_opposite: mean(|psth| &psth.error_opposite),
        },
        performance: mean_present(kept.iter().map(|(performance, _)| *performance)),
        checkpoints: kept.len(),
    })
}

/// The mean over `tuned` units (unit, best location) of the rate over time at the locations that `places`
/// makes of the best one; each location has a baseline of its own.
fn class_curve(
    rates: &LocationRates,
    tuned: &[(usize, usize)],
    places: impl Fn(usize) -> Vec<usize>,
    baseline: Option<&Range<usize>>,
) -> Result<Vec<f64>, StatsError> {
    let rest = baseline.map(|baseline| rates.in_epoch(baseline)).transpose()?;
    let curves = tuned.iter().map(|&(unit, best)| {
        let places: Vec<Vec<f64>> = places(best)
            .into_iter()
            .map(|location| {
                let rates_over_time = rates.over_time(location, unit);
                match &rest {
                    Some(rest) => {
                        let rest = rest[location * rates.units + unit];
                        rates_over_time.map(|rate| normalized(rate, rest)).collect()
                    }
                    None => rates_over_time.collect(),
                }
            })
            .collect();
        mean_curve(places.iter().map(Vec::as_slice), rates.steps)
    });
    let curves: Vec<Vec<f64>> = curves.collect();
    Ok(mean_curve(curves.iter().map(Vec::as_slice), rates.steps))
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;

    /// Two steps (baseline, delay), one unit, trials at locations 0 and 1: correct, and error at 0.
    fn rates() -> ClassRates {
        let h = [1.0, 2.0, 4.0, 2.0, 3.0, 1.0];
        let recording = Recording {
            h: &h,
            steps: 2,
            units: 1,
            dt_ms: 20.0,
            location: &[0, 1, 0],
            n_locations: 2,
            correct: &[true, true, false],
        };
        recording.class_rates().unwrap()
    }

    #[test]
    fn curves_are_normalised_by_the_baseline_of_the_same_trials() {
        let psth = psth(&rates(), &(1..2), &(0..1)).unwrap();
        assert_eq!(psth.units, 1.0);
        assert_eq!(psth.correct_best, [0.0, 1.0]);
        assert_eq!(psth.correct_opposite, [0.0, 0.5]);
        assert_eq!(psth.error_best, [0.0, -0.75]);
        assert!(psth.error_opposite.iter().all(|rate| rate.is_nan()));
    }

    #[test]
    fn without_a_baseline_rates_are_in_hz() {
        let psth = psth_of(&rates(), &[0], &(1..2), None).unwrap();
        // 150 Hz at location 1 exceed 100 Hz at location 0, where the normalised rate is larger.
        assert_eq!((psth.units, psth.correct_best), (1.0, vec![100.0, 150.0]));
        assert_eq!((psth.correct_opposite, psth.error_opposite), (vec![50.0, 100.0], vec![200.0, 50.0]));
    }

    #[test]
    fn poor_checkpoints_are_left_out() {
        let psth = psth(&rates(), &(1..2), &(0..1)).unwrap();
        let stage = stage_psth([(0.0999, &psth), (0.1, &psth), (0.5, &psth)]).unwrap();
        assert_eq!((stage.checkpoints, stage.performance, stage.psth.units), (2, 0.3, 1.0));
        assert_eq!(stage_psth([(0.01, &psth)]), None);
    }
}
