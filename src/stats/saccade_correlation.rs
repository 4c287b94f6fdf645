//! How the rate of a unit and the endpoint of the saccade deviate together.
//!
//! If a memory is held by a bump of activity that drifts, then in trials in which a unit fires more
//! than usual the saccade ends nearer to where the unit fires most (Wimmer, Nykamp, Constantinidis &
//! Compte, *Nat. Neurosci.* 17:431, 2014).

use super::correlation::pearson;
use super::saccades::Deviations;
use super::units::tuning_index;
use super::window::CorrectRates;

/// The correlation at one place in tuning order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuningR {
    /// Pearson's r across units; NaN if it is not defined.
    pub r: f64,
    /// Units with correct trials there.
    pub units: usize,
}

/// Pearson's r across `units`, at each place in tuning order, of the mean deviation of the rate against the
/// mean deviation of the saccade over the correct trials at the unit's location there. Units without
/// correct trials at a location drop out there.
///
/// The saccade's deviation is its size; it counts as positive at the first place in tuning order, as
/// negative at the unit's best location, and in between as positive where it is towards the best location.
/// An even number of locations has its first place repeated at the end.
pub fn tuning_correlation(rates: &CorrectRates, saccades: &Deviations, units: &[usize]) -> Vec<TuningR> {
    let n = rates.n_locations();
    let saccade = MeanDeviations::new(rates, saccades);
    let mut pairs = vec![(Vec::new(), Vec::new()); n];
    for &unit in units {
        let Some(best) = rates.best_location(unit) else { continue };
        for (location, trials) in rates.trials.iter().enumerate().filter(|(_, trials)| !trials.is_empty()) {
            let place = tuning_index(location, best, n);
            let of_unit = trials.iter().map(|trial| rates.deviation[trial * rates.units + unit]);
            let (rate, deviation) = &mut pairs[place];
            rate.push(of_unit.sum::<f64>() / trials.len() as f64);
            deviation.push(saccade.at(location, place, n / 2));
        }
    }
    let mut places: Vec<TuningR> = pairs
        .iter()
        .map(|(rate, deviation)| TuningR { r: pearson(deviation, rate), units: rate.len() })
        .collect();
    if n > 0 && n.is_multiple_of(2) {
        places.push(places[0]);
    }
    places
}

/// Pearson's r of each of `units` between the deviations of saccade and rate over its correct trials, but
/// for those at its best location; NaN where it is not defined `[unit]`.
///
/// The saccade's deviation is positive where it is towards the best location: counterclockwise below
/// it in tuning order (the first place, opposite to it, among them), clockwise above it.
pub fn unit_correlations(rates: &CorrectRates, saccades: &Deviations, units: &[usize]) -> Vec<f64> {
    let n = rates.n_locations();
    let degrees = by_trial(rates, saccades);
    let (mut saccade, mut rate) = (Vec::new(), Vec::new());
    let of_unit = |&unit: &usize| {
        let Some(best) = rates.best_location(unit) else { return f64::NAN };
        saccade.clear();
        rate.clear();
        for (location, trials) in rates.trials.iter().enumerate().filter(|(location, _)| *location != best) {
            let sign = if tuning_index(location, best, n) < n / 2 { 1.0 } else { -1.0 };
            saccade.extend(trials.iter().map(|&trial| sign * degrees[trial]));
            rate.extend(trials.iter().map(|trial| rates.deviation[trial * rates.units + unit]));
        }
        pearson(&saccade, &rate)
    };
    units.iter().map(of_unit).collect()
}

/// Deviations of saccades in degrees by trial; 0 in error trials.
fn by_trial(rates: &CorrectRates, saccades: &Deviations) -> Vec<f64> {
    let mut degrees = vec![0.0; rates.deviation.len() / rates.units.max(1)];
    for (&trial, deviation) in saccades.trials.iter().zip(&saccades.degrees) {
        degrees[trial] = *deviation;
    }
    degrees
}

/// Mean deviations of the saccades of the correct trials at each location, in degrees.
struct MeanDeviations {
    /// Counterclockwise positive.
    signed: Vec<f64>,
    size: Vec<f64>,
}

impl MeanDeviations {
    fn new(rates: &CorrectRates, saccades: &Deviations) -> Self {
        let degrees = by_trial(rates, saccades);
        let mean = |of: fn(f64) -> f64| {
            let at = rates.trials.iter().map(|trials| {
                trials.iter().map(|&trial| of(degrees[trial])).sum::<f64>() / trials.len() as f64
            });
            at.collect()
        };
        Self { signed: mean(|degrees| degrees), size: mean(f64::abs) }
    }

    fn at(&self, location: usize, place: usize, best: usize) -> f64 {
        if place == best {
            -self.size[location]
        } else if place == 0 {
            self.size[location]
        } else if place < best {
            self.signed[location]
        } else {
            -self.signed[location]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;

    const N: usize = 4;

    /// Two units, tuned to locations 1 and 2, whose rates follow the saccade of each trial (degrees) by
    /// `gain`, towards the unit's best location; trials location by location.
    fn analysed(turns: &[f64], correct: &[bool], gain: f64) -> (CorrectRates, Deviations) {
        let location: Vec<usize> = (0..turns.len()).map(|trial| trial * N / turns.len()).collect();
        let mut h = Vec::new();
        for (&turn, &location) in turns.iter().zip(&location) {
            for (best, extra) in [(1, 0.0), (2, 1.0)] {
                let place = tuning_index(location, best, N);
                let base = if place == N / 2 { 9.0 } else { 3.0 + extra };
                let sign = if place < N / 2 { 1.0 } else { -1.0 };
                h.push((base + sign * gain * turn) as f32);
            }
        }
        let recording = Recording {
            h: &h,
            steps: 1,
            units: 2,
            dt_ms: 20.0,
            location: &location,
            n_locations: N,
            correct,
        };
        let endpoints: Vec<f64> = turns.iter().map(|turn| turn.to_radians() + 2.0).collect();
        let saccades = super::super::deviations(&endpoints, &vec![2.0; turns.len()], &location, correct);
        (recording.correct_rates(&(0..1)).unwrap(), saccades)
    }

    const TURNS: [f64; 16] =
        [1.0, -2.0, 3.0, 0.5, -1.0, 2.0, 4.0, -3.0, 2.5, 1.5, -0.5, 3.5, -4.0, 1.0, 2.0, -1.5];

    #[test]
    fn a_rate_that_follows_the_saccade_towards_its_best_location_is_correlated_with_it() {
        for (gain, r) in [(0.1, 1.0), (-0.1, -1.0)] {
            let (rates, saccades) = analysed(&TURNS, &[true; 16], gain);
            for unit in unit_correlations(&rates, &saccades, &[0, 1]) {
                assert!((unit - r).abs() < 1e-5, "{unit} should be {r}");
            }
        }
    }

    #[test]
    fn what_is_not_there_has_no_correlation() {
        let (rates, saccades) = analysed(&TURNS, &[false; 16], 0.1);
        assert!(unit_correlations(&rates, &saccades, &[0, 1]).iter().all(|r| r.is_nan()));
        let places = tuning_correlation(&rates, &saccades, &[0, 1]);
        assert!(places.len() == 5 && places.iter().all(|place| place.r.is_nan() && place.units == 0));
        let (rates, saccades) = analysed(&TURNS, &[true; 16], 0.1);
        assert!(tuning_correlation(&rates, &saccades, &[]).iter().all(|place| place.r.is_nan()));
        assert!(unit_correlations(&rates, &saccades, &[]).is_empty());
    }

    #[test]
    fn units_drop_out_where_a_location_has_no_correct_trials() {
        let correct: Vec<bool> = (0..16).map(|trial| trial >= 4).collect();
        let (rates, saccades) = analysed(&TURNS, &correct, 0.1);
        let units: Vec<usize> =
            tuning_correlation(&rates, &saccades, &[0, 1]).iter().map(|place| place.units).collect();
        // Location 0 is one below the best location of the first unit, and opposite to that of the second.
        assert_eq!(units, [1, 1, 2, 2, 1]);
    }
}
