//! Pearson's correlation.

/// Pearson's correlation coefficient of pairs; NaN for fewer than two pairs, or where one side does not
/// vary.
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len()) as f64;
    let pairs = || x.iter().copied().zip(y.iter().copied());
    let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        let (x, y) = (x - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    // A side that does not vary leaves nothing, or what rounding its mean has left.
    let varies = |squares: f64, mean: f64| squares > n * (mean * f64::EPSILON) * (mean * f64::EPSILON);
    if n >= 2.0 && varies(xx, mean_x) && varies(yy, mean_y) {
        (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0)
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `scipy.stats.pearsonr`, scipy 1.17.1.
    #[test]
    fn correlations_are_those_of_scipy() {
        let r = pearson(&[1.0, 2.0, 3.5, 4.0, 7.0], &[2.0, 1.0, 4.0, 3.0, 5.5]);
        assert!((r - 0.8902773033246372).abs() < 1e-15, "{r}");
    }

    #[test]
    fn what_does_not_vary_is_correlated_with_nothing() {
        assert!(pearson(&[], &[]).is_nan() && pearson(&[1.0], &[2.0]).is_nan());
        assert!(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]).is_nan());
        assert!(pearson(&[1.0, 2.0], &[0.0, 0.0]).is_nan());
        assert!(pearson(&[1.0, f64::NAN], &[0.0, 1.0]).is_nan());
    }

    proptest! {
        #[test]
        fn scale_and_shift_do_not_matter(
            pairs in prop::collection::vec((-9.0f64..9.0, -9.0f64..9.0), 3..40), scale in 0.1f64..9.0, shift in -9.0f64..9.0,
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let r = pearson(&x, &y);
            let moved: Vec<f64> = x.iter().map(|x| x * scale + shift).collect();
            let mirrored: Vec<f64> = x.iter().map(|x| -x).collect();
            prop_assert!(r.is_nan() || r.abs() <= 1.0 && (pearson(&moved, &y) - r).abs() < 1e-9);
            prop_assert!(r.is_nan() || (pearson(&mirrored, &y) + r).abs() < 1e-12 && (pearson(&y, &x) - r).abs() < 1e-12);
        }
    }
}
