//! Differences between groups.

use super::super::numbers::{mean, sd};
use super::distributions::{f_upper, student_two_sided};
use super::test::TestResult;

/// Whether the means of `groups` differ: one-way analysis of variance. Empty groups are left out.
/// `None` for fewer than two groups, no more values than groups, or values that are all the same.
pub fn one_way_anova(groups: &[Vec<f64>]) -> Option<TestResult> {
    let groups: Vec<&Vec<f64>> = groups.iter().filter(|group| !group.is_empty()).collect();
    let n: usize = groups.iter().map(|group| group.len()).sum();
    if groups.len() < 2 || n <= groups.len() {
        return None;
    }
    let total = groups.iter().flat_map(|group| group.iter()).sum::<f64>() / n as f64;
    let (mut between, mut within) = (0.0, 0.0);
    for group in &groups {
        let mean = mean(group);
        between += group.len() as f64 * (mean - total) * (mean - total);
        within += group.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    }
    let df = [(groups.len() - 1) as f64, (n - groups.len()) as f64];
    let statistic = (between / df[0]) / (within / df[1]);
    if statistic.is_nan() {
        return None;
    }
    let p = f_upper(statistic, df[0], df[1]);
    Some(TestResult { name: "one-way ANOVA", statistic, df: df.to_vec(), p })
}

/// Two groups compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Position of the one group.
    pub first: usize,
    /// Position of the other.
    pub second: usize,
    /// Mean of the second less that of the first.
    pub difference: f64,
    /// The test of that difference, its p-value corrected for the number of pairs.
    pub test: TestResult,
}

/// Which of `groups` differ in their means: t-tests of all pairs with unequal variances (Welch,
/// *Biometrika* 34:28, 1947), two-sided, corrected by the method of Holm (*Scand. J. Stat.* 6:65, 1979).
/// Pairs in which a group has fewer than two values, or neither varies, are left out.
pub fn pairwise_holm(groups: &[Vec<f64>]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = (0..groups.len())
        .flat_map(|first| (first + 1..groups.len()).map(move |second| (first, second)))
        .filter_map(|(first, second)| {
            let test = welch(&groups[first], &groups[second])?;
            let difference = mean(&groups[second]) - mean(&groups[first]);
            Some(Pair { first, second, difference, test })
        })
        .collect();
    let corrected = holm(&pairs.iter().map(|pair| pair.test.p).collect::<Vec<f64>>());
    for (pair, p) in pairs.iter_mut().zip(corrected) {
        pair.test.p = p;
    }
    pairs
}

fn welch(one: &[f64], other: &[f64]) -> Option<TestResult> {
    if one.len() < 2 || other.len() < 2 {
        return None;
    }
    let share = |values: &[f64]| sd(values) * sd(values) / values.len() as f64;
    let (first, second) = (share(one), share(other));
    let variance = first + second;
    if variance == 0.0 {
        return None;
    }
    let statistic = (mean(other) - mean(one)) / variance.sqrt();
    let of = |share: f64, values: &[f64]| share * share / (values.len() - 1) as f64;
    let df = variance * variance / (of(first, one) + of(second, other));
    let p = student_two_sided(statistic, df);
    Some(TestResult { name: "Welch's t-test, corrected by Holm", statistic, df: vec![df], p })
}

/// p-values corrected for their number, in their own order.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        largest = f64::max(largest, p[at] * (p.len() - rank) as f64).min(1.0);
        corrected[at] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Vec<Vec<f64>> {
        vec![vec![0.1, 0.4, 0.2, 0.35], vec![0.5, 0.6, 0.3], vec![0.9, 0.7, 0.8, 0.95, 0.6]]
    }

    /// `scipy.stats.f_oneway(*groups)`, scipy 1.17.1.
    #[test]
    fn the_analysis_of_variance_is_that_of_scipy() {
        let result = one_way_anova(&groups()).unwrap();
        assert!(
            (result.statistic - 15.42813833370762).abs() < 1e-11
                && (result.p - 0.0012355377818939518).abs() < 1e-14,
            "{result:?}"
        );
        assert_eq!(result.df, [2.0, 9.0]);
    }

    /// `scipy.stats.ttest_ind(b, a, equal_var=False)` of all pairs, scipy 1.17.1, corrected by
    /// `statsmodels.stats.multitest.multipletests(p, method="holm")`, statsmodels 0.15.0.
    #[test]
    fn pairs_are_those_of_scipy_and_statsmodels() {
        let expected = [
            (1.8248553606734546, 4.152250489236792, 0.13944264146718482),
            (5.6105645945418265, 6.683975271994817, 0.002840975593075625),
            (2.966763188502089, 4.095326749456396, 0.08015322979318623),
        ];
        let pairs = pairwise_holm(&groups());
        assert_eq!(
            pairs.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(),
            [(0, 1), (0, 2), (1, 2)]
        );
        for (pair, (t, df, p)) in pairs.iter().zip(expected) {
            assert!((pair.test.statistic - t).abs() < 1e-11, "{pair:?}");
            assert!((pair.test.df[0] - df).abs() < 1e-11 && (pair.test.p - p).abs() < 1e-13, "{pair:?}");
        }
    }

    #[test]
    fn nothing_to_compare_is_no_test() {
        assert_eq!(one_way_anova(&[vec![1.0, 2.0], vec![]]), None);
        assert_eq!(one_way_anova(&[vec![1.0], vec![2.0]]), None);
        assert_eq!(one_way_anova(&[vec![1.0, 1.0], vec![1.0]]), None);
        assert!(pairwise_holm(&[vec![1.0], vec![2.0, 3.0]]).is_empty());
    }

    #[test]
    fn certain_differences_are_certain() {
        assert_eq!(one_way_anova(&[vec![1.0, 1.0], vec![2.0, 2.0]]).unwrap().p, 0.0);
    }
}
