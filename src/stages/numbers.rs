//! Headline numbers: what a statistic says in a few rows, in the same form for every kind, so that
//! they can be gathered across the sweep.

use crate::table::{Table, Values};

use super::context::StageError;

/// Rows of headline numbers.
#[derive(Debug, Default)]
pub struct Numbers {
    group: Vec<String>,
    quantity: Vec<String>,
    value: Vec<f64>,
    n: Vec<i64>,
}

impl Numbers {
    /// Adds a number: of which group (a stage of training, a task), what it is, its value, and from
    /// how many.
    pub fn push(&mut self, group: &str, quantity: &str, value: f64, n: usize) {
        self.group.push(group.to_owned());
        self.quantity.push(quantity.to_owned());
        self.value.push(value);
        self.n.push(n as i64);
    }

    /// The table `numbers`: columns `group`, `quantity`, `value`, `n`.
    ///
    /// # Errors
    /// Never in practice; building a table can fail.
    pub fn into_table(self) -> Result<Table, StageError> {
        Table::new([
            ("group", Values::Text(self.group)),
            ("quantity", Values::Text(self.quantity)),
            ("value", Values::F64(self.value)),
            ("n", Values::I64(self.n)),
        ])
        .map_err(StageError::because("cannot build the table of numbers"))
    }
}
