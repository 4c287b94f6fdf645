//! Wilcoxon's signed-rank test.

use super::distributions::normal_upper;
use super::test::TestResult;

/// Up to so many values without ties the p-value is exact.
const MOST_EXACT: usize = 50;

/// Whether `values` are distributed symmetrically about 0: Wilcoxon's signed-rank test, two-sided
/// (Hollander & Wolfe, *Nonparametric Statistical Methods*, 1999, section 3.1). Zeros are left out.
///
/// The statistic is the smaller one of the rank sums of either sign. Up to 50 values without ties the
/// p-value is exact; otherwise it is that of the normal distribution, corrected for ties and continuity.
/// The name says which. `None` if no value differs from 0.
pub fn signed_rank(values: &[f64]) -> Option<TestResult> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| *value != 0.0).collect();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = sorted.len();
    if n == 0 {
        return None;
    }
    let (mut above, mut below, mut ties, mut start) = (0.0, 0.0, 0.0, 0);
    for tied in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = tied.len() as f64;
        let rank = start as f64 + (size + 1.0) / 2.0;
        let positive = tied.iter().filter(|value| **value > 0.0).count() as f64;
        above += rank * positive;
        below += rank * (size - positive);
        ties += size * size * size - size;
        start += tied.len();
    }
    let statistic = f64::min(above, below);
    let (name, p) = if n <= MOST_EXACT && n == values.len() && ties == 0.0 {
        ("Wilcoxon signed-rank test (exact)", exact(n, statistic as usize))
    } else {
        let n = n as f64;
        let mean = n * (n + 1.0) / 4.0;
        let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
        let z = ((mean - statistic - 0.5) / variance.sqrt()).max(0.0);
        ("Wilcoxon signed-rank test (normal approximation)", 2.0 * normal_upper(z))
    };
    Some(TestResult { name, statistic, df: Vec::new(), p: p.min(1.0) })
}

/// Twice the probability of a rank sum of at most `statistic` among `n` ranks of random sign.
fn exact(n: usize, statistic: usize) -> f64 {
    let mut probability = vec![0.0; statistic + 1];
    probability[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..=statistic).rev() {
            let with = if sum >= rank { probability[sum - rank] } else { 0.0 };
            probability[sum] = (probability[sum] + with) / 2.0;
        }
    }
    2.0 * probability.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `scipy.stats.wilcoxon(values, method="exact")`, scipy 1.17.1.
    #[test]
    fn few_values_give_the_exact_p_of_scipy() {
        let result = signed_rank(&[0.3, -0.1, 0.25, 0.4, 0.05, 0.6, -0.2]).unwrap();
        assert_eq!(result.name, "Wilcoxon signed-rank test (exact)");
        assert!(result.statistic == 5.0 && (result.p - 0.15625).abs() < 1e-14, "{result:?}");
    }

    /// `scipy.stats.wilcoxon(values, method="asymptotic", correction=True)`, scipy 1.17.1.
    #[test]
    fn ties_zeros_and_many_values_give_the_corrected_normal_p_of_scipy() {
        let tied = signed_rank(&[1.0, 2.0, -1.0, 3.0, 0.0, 2.0, -4.0, 5.0, 2.0]).unwrap();
        assert_eq!(tied.name, "Wilcoxon signed-rank test (normal approximation)");
        assert!(tied.statistic == 8.5 && (tied.p - 0.2047815536258949).abs() < 1e-12, "{tied:?}");
        let many: Vec<f64> = (1..=80).map(|at| f64::from((at * 37) % 81) - 30.25).collect();
        let many = signed_rank(&many).unwrap();
        assert!(many.statistic == 900.0 && (many.p - 0.0005586612713330594).abs() < 1e-12, "{many:?}");
    }

    #[test]
    fn nothing_but_zeros_is_no_test() {
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert_eq!(signed_rank(&[]), None);
    }

    proptest! {
        #[test]
        fn the_sign_of_all_does_not_matter(values in prop::collection::vec(-9i32..9, 0..80)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let turned: Vec<f64> = values.iter().map(|value| -value).collect();
            let (one, other) = (signed_rank(&values), signed_rank(&turned));
            prop_assert_eq!(&one, &other);
            prop_assert!(one.is_none_or(|result| (0.0..=1.0).contains(&result.p)));
        }
    }
}
