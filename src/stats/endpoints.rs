//! The distribution of saccade endpoints: how far from the target correct and error trials end.

use super::numbers::{Histogram, bin_edges, histogram};

/// Bins of the histogram.
pub const BINS: usize = 30;
/// The largest distance between two directions, in degrees.
const HALF_TURN: f64 = 180.0;

/// Endpoint histograms of the trials of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Of the correct trials.
    pub correct: Histogram,
    /// Of the error trials.
    pub error: Histogram,
}

/// The edges of the bins in degrees: 30 bins from 0 to 180.
pub fn endpoint_edges() -> Vec<f64> {
    bin_edges(0.0, HALF_TURN, BINS)
}

/// Histograms of the distance from endpoint to target (in degrees) over trials (distance, correct).
pub fn endpoint_histograms(trials: impl IntoIterator<Item = (f64, bool)>) -> Endpoints {
    let (correct, error): (Vec<_>, Vec<_>) = trials.into_iter().partition(|(_, correct)| *correct);
    let edges = endpoint_edges();
    let count =
        |trials: Vec<(f64, bool)>| histogram(trials.into_iter().map(|(distance, _)| distance), &edges);
    Endpoints { correct: count(correct), error: count(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correct_and_error_trials_are_counted_apart() {
        let endpoints = endpoint_histograms([(3.0, true), (7.0, true), (7.0, false), (180.0, false)]);
        assert_eq!((endpoints.correct.counts[0], endpoints.correct.counts[1]), (1, 1));
        assert_eq!((endpoints.error.counts[1], endpoints.error.counts[29]), (1, 1));
    }
}
