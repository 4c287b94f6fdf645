//! Whether stages of training differ in a quantity that each of their checkpoints has.

use crate::stages::numbers::Numbers;
use crate::stats::{Stage, TestResult, one_way_anova, pairwise_holm};

/// Adds how much of the variance of `quantity` between checkpoints is that between stages, with a one-way
/// ANOVA, and the differences of all pairs of stages, with tests corrected after Holm. `values` are those of
/// the checkpoints by stage; NaN is left out. Checkpoints of one model are not independent: both are
/// descriptive.
pub fn stage_differences(numbers: &mut Numbers, quantity: &str, values: &[(Stage, Vec<f64>)]) {
    let groups: Vec<Vec<f64>> = values
        .iter()
        .map(|(_, values)| values.iter().copied().filter(|value| !value.is_nan()).collect())
        .collect();
    let Some(test) = one_way_anova(&groups) else { return };
    let n = groups.iter().map(Vec::len).sum();
    let names: Vec<&str> = values.iter().map(|(stage, _)| stage.name()).collect();
    numbers.push(&names.join(", "), &explained(quantity), share_explained(&test), n).test(Some(test));
    for pair in pairwise_holm(&groups) {
        let n = groups[pair.first].len() + groups[pair.second].len();
        let group = format!("{} \u{2212} {}", names[pair.second], names[pair.first]);
        numbers.push(&group, &format!("difference in {quantity}"), pair.difference, n).test(Some(pair.test));
    }
}

/// What the share of the variance of a quantity that lies between stages is called.
fn explained(quantity: &str) -> String {
    format!("{quantity}, variance explained by stage")
}

/// The share of variance that lies between groups (eta squared), from the F statistic.
fn share_explained(test: &TestResult) -> f64 {
    let [between, within] = test.df.as_slice() else { return f64::NAN };
    if test.statistic.is_infinite() {
        return 1.0;
    }
    test.statistic * between / (test.statistic * between + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_compared_all_at_once_and_in_pairs() {
        let mut numbers = Numbers::default();
        let values = [
            (Stage::Early, vec![1.0, 2.0, f64::NAN]),
            (Stage::Mid, vec![5.0, 6.0]),
            (Stage::Mature, vec![7.0]),
        ];
        stage_differences(&mut numbers, "rate", &values);
        let table = numbers.into_table().unwrap();
        assert_eq!(table.text("group").unwrap(), ["early, mid, mature", "mid \u{2212} early"]);
        // Between: 2 * (1.5 - 4.2)^2 + 2 * (5.5 - 4.2)^2 + (7 - 4.2)^2 = 25.8; within: 1.
        let value = table.f64("value").unwrap();
        assert!((value[0] - 25.8 / 26.8).abs() < 1e-12 && value[1] == 4.0, "{value:?}");
        assert_eq!(table.text("df").unwrap()[0], "2, 2");
    }

    #[test]
    fn one_stage_or_one_checkpoint_each_is_nothing_to_compare() {
        let mut numbers = Numbers::default();
        stage_differences(&mut numbers, "rate", &[(Stage::Mid, vec![1.0, 2.0])]);
        stage_differences(&mut numbers, "rate", &[(Stage::Mid, vec![1.0]), (Stage::Mature, vec![2.0])]);
        assert!(numbers.into_table().unwrap().is_empty());
    }
}
