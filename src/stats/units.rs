//! Which units respond, where they respond best, and how locations are ordered around that.

use std::ops::Range;

use super::inference::one_way_anova;
use super::numbers::argmax;
use super::recording::{LocationRates, StatsError};
use super::window::TrialRates;

/// The units whose mean rate in `epoch` exceeds that in `baseline` at any location, over the trials
/// of `rates`. A location without trials does not count.
///
/// # Errors
/// If an epoch does not fit into the trial.
pub fn responsive_units(
    rates: &LocationRates,
    epoch: &Range<usize>,
    baseline: &Range<usize>,
) -> Result<Vec<usize>, StatsError> {
    let (active, rest) = (rates.in_epoch(epoch)?, rates.in_epoch(baseline)?);
    let responds = |unit: &usize| {
        let at = |location: usize| location * rates.units + unit;
        (0..rates.n_locations()).any(|location| active[at(location)] > rest[at(location)])
    };
    Ok((0..rates.units).filter(responds).collect())
}

/// The units whose rates differ between locations: one-way analysis of variance of the rates of the
/// correct trials, p < `level`. `location` and `correct` are those of the trials of `rates` `[trial]`.
pub fn tuned_units(rates: &TrialRates, location: &[usize], correct: &[bool], level: f64) -> Vec<usize> {
    let n_locations = location.iter().max().map_or(0, |&last| last + 1);
    let differs = |unit: &usize| {
        let mut groups = vec![Vec::new(); n_locations];
        for (trial, (&location, &correct)) in location.iter().zip(correct).enumerate() {
            if correct {
                groups[location].push(rates.of_trial(trial)[*unit]);
            }
        }
        one_way_anova(&groups).is_some_and(|test| test.p < level)
    };
    (0..rates.units).filter(differs).collect()
}

/// Normalised rates in an epoch, `rate / baseline rate - 1` `[location, unit]`; both are means over
/// the same trials. NaN where there are no trials or the baseline rate is zero.
///
/// # Errors
/// If an epoch does not fit into the trial.
pub fn normalized_in_epoch(
    rates: &LocationRates,
    epoch: &Range<usize>,
    baseline: &Range<usize>,
) -> Result<Vec<f64>, StatsError> {
    let (active, rest) = (rates.in_epoch(epoch)?, rates.in_epoch(baseline)?);
    Ok(active.iter().zip(&rest).map(|(&rate, &rest)| normalized(rate, rest)).collect())
}

/// `rate / baseline - 1`; a zero baseline leaves it missing (NaN), not infinite.
pub fn normalized(rate: f64, baseline: f64) -> f64 {
    if baseline == 0.0 { f64::NAN } else { rate / baseline - 1.0 }
}

/// The location where each unit has its largest value (`[location, unit]`), the first on ties, NaN
/// ignored; `None` for a unit without any value.
pub fn best_locations(values: &[f64], units: usize) -> Vec<Option<usize>> {
    (0..units).map(|unit| argmax(values.iter().skip(unit).step_by(units).copied())).collect()
}

/// The locations opposite to `location`: one of an even number of them, two of an odd number.
pub fn opposite_locations(location: usize, n_locations: usize) -> Vec<usize> {
    let half = n_locations / 2;
    let mut opposite = vec![(location + half) % n_locations];
    if n_locations % 2 == 1 && n_locations > 1 {
        opposite.push((location + half + 1) % n_locations);
    }
    opposite
}

/// The place of a location in tuning order, `(location - best + floor(n/2)) mod n`: the best location
/// is at `floor(n/2)`.
pub fn tuning_index(location: usize, best: usize, n_locations: usize) -> usize {
    (location + n_locations - best + n_locations / 2) % n_locations
}

/// Values by location in tuning order. For an even number of locations the first is repeated at the
/// end, so that the best stands in the middle.
pub fn in_tuning_order(values: &[f64], best: usize) -> Vec<f64> {
    let n = values.len();
    let mut ordered = vec![f64::NAN; n];
    for (location, &value) in values.iter().enumerate() {
        ordered[tuning_index(location, best, n)] = value;
    }
    if n > 0 && n.is_multiple_of(2) {
        ordered.push(ordered[0]);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;

    #[test]
    fn a_unit_responds_if_it_does_at_any_location_with_trials() {
        let h = [2.0, 2.0, 9.0, 1.0, 3.0, 9.0];
        let location = [0, 1, 2];
        let recording = |correct| Recording {
            h: &h,
            steps: 2,
            units: 1,
            dt_ms: 20.0,
            location: &location,
            n_locations: 3,
            correct,
        };
        let units = |correct| {
            let rates = recording(correct).class_rates().unwrap().correct;
            responsive_units(&rates, &(1..2), &(0..1)).unwrap()
        };
        assert_eq!(units(&[true, true, true]), [0]);
        assert_eq!(units(&[true, false, true]), [0usize; 0]);
    }

    #[test]
    fn tuned_units_differ_between_locations_in_correct_trials() {
        // Two units; the first follows the location in all trials, the second only in error trials.
        let h = [1.0, 5.0, 1.1, 5.1, 3.0, 5.1, 3.1, 5.0, 9.0, 90.0, 9.0, 90.0];
        let (location, correct) = ([0, 0, 1, 1, 2, 2], [true, true, true, true, false, false]);
        let recording = Recording {
            h: &h,
            steps: 1,
            units: 2,
            dt_ms: 20.0,
            location: &location,
            n_locations: 3,
            correct: &correct,
        };
        let rates = recording.trial_rates(&(0..1)).unwrap();
        assert_eq!(tuned_units(&rates, &location, &correct, 0.05), [0]);
        assert_eq!(tuned_units(&rates, &location, &[false; 6], 0.05), [0usize; 0]);
    }

    #[test]
    fn a_silent_baseline_leaves_the_rate_missing() {
        assert!(normalized(3.0, 0.0).is_nan());
        assert_eq!(normalized(3.0, 2.0), 0.5);
    }

    #[test]
    fn best_locations_take_the_first_of_ties_and_ignore_the_missing() {
        let values = [f64::NAN, 1.0, f64::NAN, 2.0, 1.0, f64::NAN, 2.0, 0.0, f64::NAN];
        assert_eq!(best_locations(&values, 3), [Some(1), Some(0), None]);
    }

    #[test]
    fn tuning_order_puts_the_best_in_the_middle() {
        let even = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0];
        assert_eq!(in_tuning_order(&even, 1), [15.0, 16.0, 17.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
        assert_eq!(in_tuning_order(&[0.0, 1.0, 2.0], 0), [2.0, 0.0, 1.0]);
        assert!(in_tuning_order(&[], 0).is_empty());
    }

    #[test]
    fn an_odd_ring_has_two_opposite_locations() {
        assert_eq!(opposite_locations(6, 8), [2]);
        assert_eq!(opposite_locations(0, 5), [2, 3]);
        assert_eq!(opposite_locations(0, 1), [0]);
    }
}
