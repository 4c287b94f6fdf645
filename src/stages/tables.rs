//! The result of a statistic: tables by name, each stored as Parquet.

use std::collections::BTreeMap;

use crate::table::Table;

use super::context::{Context, Outcome, StageError};
use super::job::{JobInput, Source};

const EXTENSION: &str = ".parquet";

/// Tables by name.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// Adds a table.
    pub fn with(mut self, name: &str, table: Table) -> Self {
        self.0.insert(name.to_owned(), table);
        self
    }

    /// The table of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Table, StageError> {
        self.0.get(name).ok_or_else(|| StageError::Failed(format!("the table `{name}` is missing")))
    }

    /// Whether a text somewhere in the tables is this one.
    pub fn mention(&self, text: &str) -> bool {
        let of_table = |table: &Table| {
            let texts = table.columns().into_iter().filter_map(|column| table.text(&column).ok());
            texts.flatten().any(|found| found == text)
        };
        self.0.values().any(of_table)
    }

    /// Reads all tables of an input.
    ///
    /// # Errors
    /// If one is lost or cannot be read.
    pub fn read(input: &JobInput, context: &Context) -> Result<Self, StageError> {
        let Source::Stored(parts) = &input.source else {
            return Err(StageError::Failed("an input has no tables".to_owned()));
        };
        let mut tables = Self::default();
        for (part, digest) in parts {
            let Some(name) = part.strip_suffix(EXTENSION) else { continue };
            let bytes = context.store.read(digest)?;
            let table = Table::from_parquet(&bytes)
                .map_err(StageError::because(&format!("cannot read the table `{name}`")))?;
            tables.0.insert(name.to_owned(), table);
        }
        Ok(tables)
    }

    /// As the outputs of a stage.
    ///
    /// # Errors
    /// If a table cannot be written.
    pub fn into_outcome(self) -> Result<Outcome, StageError> {
        let mut outcome = Outcome::default();
        for (name, table) in self.0 {
            let bytes = table
                .to_parquet()
                .map_err(StageError::because(&format!("cannot write the table `{name}`")))?;
            outcome.outputs.push((format!("{name}{EXTENSION}"), bytes));
        }
        Ok(outcome)
    }
}
