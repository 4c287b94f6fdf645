//! How a trial is scored: from the network's output at the last time step.

use std::f64::consts::{PI, TAU};

use super::ring::{distance, preferred};

/// Above this output of the fixation unit the network fixates.
const FIXATION_THRESHOLD: f64 = 0.5;
/// A saccade is correct if it ends nearer to the target than this, in radians.
const TOLERANCE: f64 = 0.2 * PI;

/// One scored trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The network still fixates.
    pub fixating: bool,
    /// Endpoint of the saccade in radians, `[0, 2*pi)`.
    pub location: f64,
    /// Distance of the endpoint from the target in radians; of no meaning where the target is fixation.
    pub distance: f64,
    /// The trial counts as correct.
    pub correct: bool,
}

/// Scores trials by the outputs `y_hat` `[trial, output]` and target angles `y_loc` `[trial]` (radians,
/// negative where the target is fixation) of the last time step.
///
/// The endpoint is the population vector of the ring's raw outputs, in double precision. A trial is
/// correct if the network has stopped fixating (output of the fixation unit at most 0.5) and the
/// endpoint is less than `0.2 pi` from the target; where the target is fixation, if it fixates.
/// (Yang et al., *Nat. Neurosci.* 22:297, 2019.)
pub fn score(y_hat: &[f32], y_loc: &[f32]) -> Vec<Scored> {
    let n_output = y_hat.len() / y_loc.len().max(1);
    let preferred: Vec<(f64, f64)> = (1..n_output)
        .map(|channel| preferred(channel - 1, n_output - 1))
        .map(|angle| (libm::sin(angle), libm::cos(angle)))
        .collect();
    let trials = y_hat.chunks_exact(n_output.max(1)).zip(y_loc);
    trials.map(|(output, &target)| score_trial(output, f64::from(target), &preferred)).collect()
}

/// The share of correct trials.
pub fn performance(trials: &[Scored]) -> f64 {
    trials.iter().filter(|trial| trial.correct).count() as f64 / trials.len() as f64
}

fn score_trial(output: &[f32], target: f64, preferred: &[(f64, f64)]) -> Scored {
    let (mut y, mut x) = (0.0, 0.0);
    for (&rate, (sin, cos)) in output[1..].iter().zip(preferred) {
        y += f64::from(rate) * sin;
        x += f64::from(rate) * cos;
    }
    let location = libm::atan2(y, x).rem_euclid(TAU);
    let fixating = f64::from(output[0]) > FIXATION_THRESHOLD;
    let away = distance(target, location);
    let correct = if target < 0.0 { fixating } else { !fixating && away < TOLERANCE };
    Scored { fixating, location, distance: away, correct }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs with only `unit` of 8 active, and `fixation`.
    fn output(fixation: f32, unit: usize) -> Vec<f32> {
        let mut row = vec![0.0; 9];
        row[0] = fixation;
        row[1 + unit] = 1.0;
        row
    }

    #[test]
    fn a_saccade_to_the_target_is_correct_unless_still_fixating() {
        let y_hat = [output(0.5, 2), output(0.501, 2), output(0.1, 3)].concat();
        let quarter = (PI / 2.0) as f32;
        let scored = score(&y_hat, &[quarter; 3]);
        assert_eq!(scored.iter().map(|trial| trial.correct).collect::<Vec<_>>(), [true, false, false]);
        assert!((scored[2].location - 0.75 * PI).abs() < 1e-12);
        assert!((scored[2].distance - 0.25 * PI).abs() < 1e-6);
        assert_eq!(performance(&scored), 1.0 / 3.0);
    }

    #[test]
    fn fixating_is_correct_where_fixation_is_the_target() {
        let scored = score(&[output(0.9, 0), output(0.1, 0)].concat(), &[-1.0, -1.0]);
        assert_eq!(scored.iter().map(|trial| trial.correct).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn distances_wrap_around_the_circle() {
        let scored = score(&output(0.0, 7), &[0.0]);
        assert!((scored[0].distance - PI / 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_network_that_has_blown_up_is_wrong_not_fatal() {
        let scored = score(&[f32::NAN; 9], &[1.0]);
        assert!(!scored[0].correct && !scored[0].fixating);
        assert!(score(&[], &[]).is_empty());
    }
}
