//! Means with bootstrap intervals.

use crate::random::Stream;

/// Resamples of a bootstrap.
const RESAMPLES: u32 = 4000;
/// What an interval leaves out on either side.
const TAIL: f64 = 0.025;

/// A mean with its 95% interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean of the values that are not NaN; NaN if there are none.
    pub mean: f64,
    /// Lower end; NaN for fewer than two values.
    pub low: f64,
    /// Upper end; NaN for fewer than two values.
    pub high: f64,
    /// Values that are not NaN.
    pub n: usize,
}

/// The mean of `values` and its 95% percentile bootstrap interval (Efron & Tibshirani, *An Introduction
/// to the Bootstrap*, 1993, chapter 13). NaN values are left out. The resamples are always the same.
pub fn mean_interval(values: &[f64]) -> Interval {
    let values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    if n < 2 {
        return Interval { mean, low: f64::NAN, high: f64::NAN, n };
    }
    let stream = Stream::new(0, "bootstrap");
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|resample| {
            let words = (0..n.div_ceil(4) as u32).flat_map(|block| stream.words([resample, block, 0, 0]));
            let drawn = words.take(n).map(|word| values[((u64::from(word) * n as u64) >> 32) as usize]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    Interval { mean, low: at(TAIL), high: at(1.0 - TAIL), n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_mean_and_narrows_with_more_values() {
        let few: Vec<f64> = (0..8).map(f64::from).collect();
        let many: Vec<f64> = (0..800).map(|value| f64::from(value % 8)).collect();
        let (few, many) = (mean_interval(&few), mean_interval(&many));
        assert!(few.low < few.mean && few.mean < few.high);
        assert!(many.high - many.low < (few.high - few.low) / 5.0);
        // The exact standard error of the mean of 0..8 is 2.291 / sqrt(8) = 0.810.
        assert!(((few.high - few.low) / (2.0 * 1.96) - 0.81).abs() < 0.1);
    }

    #[test]
    fn too_few_values_have_no_interval() {
        assert!(mean_interval(&[f64::NAN]).mean.is_nan());
        let one = mean_interval(&[2.0, f64::NAN]);
        assert_eq!((one.mean, one.n), (2.0, 1));
        assert!(one.low.is_nan() && one.high.is_nan());
    }
}
