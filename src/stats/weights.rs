//! What weights look like: ranges of colours, and the distribution of those from the first ring.

use super::numbers::{Histogram, bin_edges, histogram, mean_present, median, percentile};

/// Bins of the histogram of input weights.
const WEIGHT_BINS: usize = 50;
/// The histogram reaches from minus this to this.
const WEIGHT_LIMIT: f64 = 3.0;

/// The range of colours of a block of weights: centred on their median, as wide as their central 90%.
/// NaN of none.
pub fn central_range(weights: &[f64]) -> (f64, f64) {
    let half = (percentile(weights, 95.0) - percentile(weights, 5.0)) / 2.0;
    let center = median(weights);
    (center - half, center + half)
}

/// The edges of the bins: 50 bins from -3 to 3.
pub fn weight_edges() -> Vec<f64> {
    bin_edges(-WEIGHT_LIMIT, WEIGHT_LIMIT, WEIGHT_BINS)
}

/// The distribution of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightDistribution {
    /// Between [`weight_edges`].
    pub histogram: Histogram,
    /// Mean of all, also of those outside of the histogram; NaN of none.
    pub mean: f64,
    /// Weights below 0.
    pub negative: usize,
    /// Weights from 0 up.
    pub positive: usize,
}

/// The distribution of weights.
pub fn weight_distribution(weights: &[f64]) -> WeightDistribution {
    WeightDistribution {
        histogram: histogram(weights.iter().copied(), &weight_edges()),
        mean: mean_present(weights.iter().copied()),
        negative: weights.iter().filter(|weight| **weight < 0.0).count(),
        positive: weights.iter().filter(|weight| **weight >= 0.0).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_centred_on_the_median() {
        let weights: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(central_range(&weights), (5.0, 95.0));
        assert!(central_range(&[]).0.is_nan());
    }

    #[test]
    fn zero_counts_as_positive_and_outliers_count_in_the_mean() {
        let found = weight_distribution(&[-1.0, 0.0, 0.5, 6.5]);
        assert_eq!((found.negative, found.positive, found.mean), (1, 3, 1.5));
        assert_eq!((found.histogram.outside, found.histogram.counts.iter().sum::<u64>()), (1, 3));
        assert!(weight_distribution(&[]).mean.is_nan());
    }
}
