//! Student's tests of a mean.

use super::super::numbers::{mean, sd};
use super::distributions::student_two_sided;
use super::test::TestResult;

/// Whether the mean of `values` differs from 0: the one-sample t-test, two-sided. `None` for fewer
/// than two values, or if they are all 0.
pub fn one_sample_t(values: &[f64]) -> Option<TestResult> {
    t_test("one-sample t-test", values)
}

/// Whether `after` differs from `before` `[pair]` in the mean: the paired t-test, two-sided. `None`
/// for fewer than two pairs, or if no pair differs.
pub fn paired_t(before: &[f64], after: &[f64]) -> Option<TestResult> {
    let differences: Vec<f64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    t_test("paired t-test", &differences)
}

/// Whether a Pearson correlation of `n` pairs differs from 0: the t-test, two-sided. `None` for fewer than
/// three pairs, or if `r` is not defined.
pub fn correlation_t(r: f64, n: usize) -> Option<TestResult> {
    if r.is_nan() || n < 3 {
        return None;
    }
    let df = (n - 2) as f64;
    let statistic = r * (df / (1.0 - r * r)).sqrt();
    let p = student_two_sided(statistic, df);
    Some(TestResult { name: "t-test of Pearson's r", statistic, df: vec![df], p })
}

fn t_test(name: &'static str, values: &[f64]) -> Option<TestResult> {
    if values.len() < 2 || values.iter().all(|&value| value == 0.0) {
        return None;
    }
    let n = values.len() as f64;
    let statistic = mean(values) / (sd(values) / n.sqrt());
    let df = n - 1.0;
    Some(TestResult { name, statistic, df: vec![df], p: student_two_sided(statistic, df) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: [f64; 7] = [0.3, -0.1, 0.25, 0.4, 0.05, 0.6, -0.2];
    const AFTER: [f64; 7] = [0.1, 0.15, 0.3, 0.2, -0.3, 0.1, 0.0];

    /// `scipy.stats.ttest_1samp(before, 0)` and `ttest_rel(after, before)`, scipy 1.17.1.
    #[test]
    fn tests_of_a_mean_are_those_of_scipy() {
        let one = one_sample_t(&BEFORE).unwrap();
        assert!(
            (one.statistic - 1.7307711244923927).abs() < 1e-12 && (one.p - 0.1342117789302394).abs() < 1e-12
        );
        assert_eq!(one.df, [6.0]);
        let paired = paired_t(&BEFORE, &AFTER).unwrap();
        assert!(
            (paired.statistic - -1.005225866119733).abs() < 1e-12
                && (paired.p - 0.353591551159072).abs() < 1e-12
        );
    }

    /// `scipy.stats.pearsonr(before, after)`, scipy 1.17.1.
    #[test]
    fn the_test_of_a_correlation_is_that_of_scipy() {
        let test = correlation_t(0.34657207364913234, 7).unwrap();
        assert!((test.p - 0.44632946827274855).abs() < 1e-12 && test.df == [5.0]);
        assert_eq!(correlation_t(1.0, 7).unwrap().p, 0.0);
        assert_eq!((correlation_t(f64::NAN, 7), correlation_t(0.5, 2)), (None, None));
    }

    #[test]
    fn nothing_to_test_is_no_test() {
        assert_eq!(one_sample_t(&[1.0]), None);
        assert_eq!(one_sample_t(&[0.0, 0.0]), None);
        assert_eq!(paired_t(&[1.0, 2.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn equal_values_are_certain() {
        assert_eq!(one_sample_t(&[0.5, 0.5, 0.5]).unwrap().p, 0.0);
    }
}
