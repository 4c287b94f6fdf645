//! Saccade endpoints: how far from the target, and to which side of what is usual at a location.

use std::f64::consts::{PI, TAU};

use super::numbers::median;

/// The correct trials of a set and how their endpoints deviate from the median of their location.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviations {
    /// Indices of the correct trials, ascending.
    pub trials: Vec<usize>,
    /// Signed deviation of the endpoint from the median endpoint of the correct trials at the same
    /// location, in degrees, counterclockwise positive `[correct trial]`.
    pub degrees: Vec<f64>,
}

/// The angle from `target` to `endpoint` in `[-pi, pi)`, both in radians.
pub fn unwrapped(endpoint: f64, target: f64) -> f64 {
    (endpoint - target + PI).rem_euclid(TAU) - PI
}

/// The distance between two angles in radians, in degrees.
pub fn distance_degrees(endpoint: f64, target: f64) -> f64 {
    unwrapped(endpoint, target).abs().to_degrees()
}

/// Deviations of the `endpoint`s (`[trial]`, radians) of correct trials from the median at their
/// `location`. Angles are unwrapped around each trial's `target` (radians), so that the median is
/// taken where the endpoints are and not across the cut of the circle.
pub fn deviations(endpoint: &[f64], target: &[f64], location: &[usize], correct: &[bool]) -> Deviations {
    let trials: Vec<usize> = (0..correct.len()).filter(|&trial| correct[trial]).collect();
    let turn: Vec<f64> = trials.iter().map(|&trial| unwrapped(endpoint[trial], target[trial])).collect();
    let n_locations = location.iter().max().map_or(0, |&last| last + 1);
    let mut by_location = vec![Vec::new(); n_locations];
    for (&trial, &turn) in trials.iter().zip(&turn) {
        by_location[location[trial]].push(turn);
    }
    let medians: Vec<f64> = by_location.iter().map(|turns| median(turns)).collect();
    let degrees =
        trials.iter().zip(&turn).map(|(&trial, turn)| (turn - medians[location[trial]]).to_degrees());
    Deviations { degrees: degrees.collect(), trials }
}

impl Deviations {
    /// Trials whose endpoint is at the median of their location or clockwise of it.
    pub fn clockwise(&self) -> Vec<usize> {
        self.where_degrees(|degrees| degrees <= 0.0)
    }

    /// Trials whose endpoint is counterclockwise of the median of their location.
    pub fn counterclockwise(&self) -> Vec<usize> {
        self.where_degrees(|degrees| degrees > 0.0)
    }

    /// The size of the deviations in degrees (`dev_theta`) `[correct trial]`.
    pub fn sizes(&self) -> Vec<f64> {
        self.degrees.iter().map(|degrees| degrees.abs()).collect()
    }

    fn where_degrees(&self, holds: impl Fn(f64) -> bool) -> Vec<usize> {
        let trials = self.trials.iter().zip(&self.degrees);
        trials.filter(|(_, degrees)| holds(**degrees)).map(|(trial, _)| *trial).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_median_itself_counts_as_clockwise() {
        let endpoint = [0.1, TAU - 0.1, 0.3, 2.0];
        let deviations = deviations(&endpoint, &[0.0; 4], &[0; 4], &[true, true, true, false]);
        assert_eq!(deviations.trials, [0, 1, 2]);
        assert_eq!(deviations.clockwise(), [0, 1]);
        assert_eq!(deviations.counterclockwise(), [2]);
        assert!((deviations.sizes()[1] - 0.2f64.to_degrees()).abs() < 1e-9);
    }

    #[test]
    fn distances_are_the_short_way_round() {
        assert!((distance_degrees(0.1, TAU - 0.1) - 0.2f64.to_degrees()).abs() < 1e-9);
        assert_eq!(distance_degrees(PI, 0.0), 180.0);
    }

    proptest! {
        #[test]
        fn deviations_do_not_depend_on_where_the_target_is(
            turns in prop::collection::vec(-0.6f64..0.6, 1..30), target in 0.0..TAU,
        ) {
            let n = turns.len();
            let at = |target: f64| {
                let endpoint: Vec<f64> = turns.iter().map(|turn| (target + turn).rem_euclid(TAU)).collect();
                deviations(&endpoint, &vec![target; n], &vec![0; n], &vec![true; n])
            };
            let (here, there) = (at(target), at(1.0));
            prop_assert!(here.degrees.iter().zip(&there.degrees).all(|(a, b)| (a - b).abs() < 1e-9));
            prop_assert_eq!(here.clockwise().len() + here.counterclockwise().len(), n);
        }
    }
}
