//! Headline numbers: what a statistic says in a few rows, in the same form for every kind, so that
//! they can be gathered across the sweep.

use serde::{Deserialize, Serialize};

use crate::stats::{TestResult, mean_interval, sd};
use crate::table::{Table, Values};

use super::context::StageError;

/// What the n of a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// Checkpoints, units or trials of one model. They are not independent of one another: a test says
    /// how large a difference is against their spread, and nothing about other models.
    Descriptive,
    /// Models trained with seeds of their own.
    Model,
}

impl Sample {
    /// `descriptive` or `model`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Descriptive => "descriptive",
            Self::Model => "model",
        }
    }
}

/// One headline number. NaN stands for what it does not have.
#[derive(Debug)]
pub struct Number {
    group: String,
    quantity: String,
    value: f64,
    n: usize,
    sd: f64,
    low: f64,
    high: f64,
    test: Option<TestResult>,
}

impl Number {
    /// Adds the test of this number.
    pub fn test(&mut self, test: Option<TestResult>) -> &mut Self {
        self.test = test;
        self
    }
}

/// Rows of headline numbers.
#[derive(Debug, Default)]
pub struct Numbers {
    rows: Vec<Number>,
}

impl Numbers {
    /// Adds a number: of which group (a stage of training, a task), what it is, its value, and from
    /// how many.
    pub fn push(&mut self, group: &str, quantity: &str, value: f64, n: usize) -> &mut Number {
        let missing = f64::NAN;
        self.add(Number {
            group: group.to_owned(),
            quantity: quantity.to_owned(),
            value,
            n,
            sd: missing,
            low: missing,
            high: missing,
            test: None,
        })
    }

    /// Adds the mean of `values` with its spread and its 95% bootstrap interval; NaN values are left out.
    pub fn mean(&mut self, group: &str, quantity: &str, values: &[f64]) -> &mut Number {
        let values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let interval = mean_interval(&values);
        let number = self.push(group, quantity, interval.mean, interval.n);
        (number.sd, number.low, number.high) = (sd(&values), interval.low, interval.high);
        number
    }

    fn add(&mut self, number: Number) -> &mut Number {
        let at = self.rows.len();
        self.rows.push(number);
        &mut self.rows[at]
    }

    /// The table `numbers`, a row for each: `group`, `quantity`, `value`, `n`; `sd`, `sem` and the 95%
    /// interval `low` to `high` of a mean; `test`, `statistic`, `df`, `p` of the test; `scope`:
    /// all are of one model, so they are descriptive.
    ///
    /// # Errors
    /// Never in practice; building a table can fail.
    pub fn into_table(self) -> Result<Table, StageError> {
        let text = |of: fn(&Number) -> String| Values::Text(self.rows.iter().map(of).collect());
        let number = |of: fn(&Number) -> f64| Values::F64(self.rows.iter().map(of).collect());
        Table::new([
            ("group", text(|row| row.group.clone())),
            ("quantity", text(|row| row.quantity.clone())),
            ("value", number(|row| row.value)),
            ("n", Values::I64(self.rows.iter().map(|row| row.n as i64).collect())),
            ("sd", number(|row| row.sd)),
            ("sem", number(|row| row.sd / (row.n as f64).sqrt())),
            ("low", number(|row| row.low)),
            ("high", number(|row| row.high)),
            ("test", text(|row| row.test.as_ref().map_or("", |test| test.name).to_owned())),
            ("statistic", number(|row| row.test.as_ref().map_or(f64::NAN, |test| test.statistic))),
            ("df", text(|row| row.test.as_ref().map_or_else(String::new, TestResult::shown_df))),
            ("p", number(|row| row.test.as_ref().map_or(f64::NAN, |test| test.p))),
            ("scope", text(|_| Sample::Descriptive.name().to_owned())),
        ])
        .map_err(StageError::because("cannot build the table of numbers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::one_sample_t;

    #[test]
    fn a_number_has_what_a_paper_needs() {
        let mut numbers = Numbers::default();
        let values = [1.0, 2.0, 4.0, f64::NAN];
        numbers.mean("mature", "r", &values).test(one_sample_t(&values[..3]));
        numbers.push("mature", "units", 4.0, 1);
        let table = numbers.into_table().unwrap();
        assert_eq!(
            (table.i64("n").unwrap(), table.text("df").unwrap()),
            (vec![3, 1], vec!["2".into(), String::new()])
        );
        let at = |column: &str, row: usize| table.f64(column).unwrap()[row];
        assert!((at("sem", 0) - (7.0f64 / 3.0).sqrt() / 3.0f64.sqrt()).abs() < 1e-12);
        assert!(at("low", 0) < at("value", 0) && at("value", 0) < at("high", 0) && at("p", 0) < 0.2);
        assert!(at("sd", 1).is_nan() && at("p", 1).is_nan());
        assert_eq!(table.text("scope").unwrap(), ["descriptive", "descriptive"]);
    }
}
