//! Small numerical helpers: means that ignore what is missing, medians, histograms. Missing is NaN.

/// The mean of the values that are not NaN; NaN if there are none.
pub fn mean_present(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values.into_iter().filter(|value| !value.is_nan()) {
        sum += value;
        count += 1;
    }
    if count == 0 { f64::NAN } else { sum / count as f64 }
}

/// The element-wise [`mean_present`] of curves of `len` points.
pub fn mean_curve<'a>(curves: impl IntoIterator<Item = &'a [f64]>, len: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0usize); len];
    for curve in curves {
        for ((sum, count), value) in sums.iter_mut().zip(curve) {
            if !value.is_nan() {
                *sum += value;
                *count += 1;
            }
        }
    }
    sums.into_iter().map(|(sum, count)| if count == 0 { f64::NAN } else { sum / count as f64 }).collect()
}

/// The mean; NaN of none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of a sample (`n - 1`); NaN of fewer than two values.
pub fn sd(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// The median, the mean of the two middle values of an even number; NaN of none. NaN sorts last.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// The value below which `percent` of the values lie, between two values by linear interpolation
/// (definition 7 of Hyndman & Fan, *Am. Stat.* 50:361, 1996); NaN of none. NaN sorts last.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    let below = at as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// The index of the largest value, the first on ties, NaN ignored; `None` if all are NaN.
pub fn argmax(values: impl IntoIterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, value) in values.into_iter().enumerate() {
        if best.map_or(!value.is_nan(), |(_, top)| value > top) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

/// The forward mean `mean(values[i ..= i + window])`, over fewer values at the end.
pub fn smooth_forward(values: &[f64], window: usize) -> Vec<f64> {
    let mean = |slice: &[f64]| slice.iter().sum::<f64>() / slice.len() as f64;
    let end = |start: usize| start.saturating_add(window).saturating_add(1).min(values.len());
    (0..values.len()).map(|start| mean(&values[start..end(start)])).collect()
}

/// Counts in bins of equal width. A bin holds its lower edge, the last one its upper edge too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Values in each bin.
    pub counts: Vec<u64>,
    /// Values outside of all bins, NaN among them.
    pub outside: u64,
}

/// The lower edges of `bins` bins of equal width from `low` to `high`, and `high`.
pub fn bin_edges(low: f64, high: f64, bins: usize) -> Vec<f64> {
    let edge = |edge| if edge == bins { high } else { low + (high - low) * edge as f64 / bins as f64 };
    (0..=bins).map(edge).collect()
}

/// Counts `values` between `edges`, which ascend.
pub fn histogram(values: impl IntoIterator<Item = f64>, edges: &[f64]) -> Histogram {
    let bins = edges.len().saturating_sub(1);
    let mut histogram = Histogram { counts: vec![0; bins], outside: 0 };
    for value in values {
        let after = edges.partition_point(|&edge| edge <= value);
        let closes_last = bins > 0 && value == edges[bins];
        match after {
            _ if closes_last => histogram.counts[bins - 1] += 1,
            _ if after == 0 || after > bins || value.is_nan() => histogram.outside += 1,
            _ => histogram.counts[after - 1] += 1,
        }
    }
    histogram
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn missing_values_are_ignored() {
        assert_eq!(mean_present([1.0, f64::NAN, 3.0]), 2.0);
        assert!(mean_present([f64::NAN]).is_nan());
        assert_eq!(argmax([f64::NAN, 1.0, 2.0, 2.0]), Some(2));
        assert_eq!(argmax([f64::NAN]), None);
        let curve = mean_curve([&[1.0, f64::NAN][..], &[3.0, f64::NAN]], 2);
        assert!(curve[0] == 2.0 && curve[1].is_nan());
    }

    #[test]
    fn a_spread_needs_two_values() {
        assert_eq!((mean(&[1.0, 3.0]), sd(&[1.0, 3.0])), (2.0, 2.0f64.sqrt()));
        assert!(mean(&[]).is_nan() && sd(&[1.0]).is_nan());
    }

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn percentiles_lie_between_values() {
        assert_eq!(percentile(&[4.0, 1.0, 2.0, 3.0], 50.0), 2.5);
        assert_eq!(percentile(&[1.0, 2.0], 100.0), 2.0);
        assert_eq!(percentile(&[7.0], 5.0), 7.0);
        assert!(percentile(&[], 5.0).is_nan());
    }

    #[test]
    fn smoothing_shortens_at_the_end() {
        assert_eq!(smooth_forward(&[1.0, 2.0, 3.0, 6.0], 1), [1.5, 2.5, 4.5, 6.0]);
        assert_eq!(smooth_forward(&[1.0, 3.0], usize::MAX), [2.0, 3.0]);
        assert!(smooth_forward(&[], 9).is_empty());
    }

    #[test]
    fn edges_belong_to_the_upper_bin_and_the_last_one_to_the_last() {
        let edges = bin_edges(0.0, 180.0, 30);
        let counted = histogram([0.0, 5.999, 6.0, 180.0, 180.1, -0.1, f64::NAN], &edges);
        assert_eq!((counted.counts[0], counted.counts[1], counted.counts[29]), (2, 1, 1));
        assert_eq!(counted.outside, 3);
    }

    proptest! {
        #[test]
        fn a_histogram_loses_nothing(
            values in prop::collection::vec(-50.0f64..250.0, 0..200), bins in 0usize..40,
        ) {
            let counted = histogram(values.iter().copied(), &bin_edges(0.0, 180.0, bins));
            prop_assert_eq!(counted.counts.iter().sum::<u64>() + counted.outside, values.len() as u64);
        }
    }
}
