//! Tables: named columns of equal length, and their deterministic Parquet form.
//!
//! A thin wrapper over a polars data frame. polars stores and reads; it computes nothing.
//!
//! polars trusts the files it reads: a damaged one can end the process. So a digest of the file stands
//! between its data and its footer, where readers of Parquet do not look, and is checked first.

use std::io::Cursor;

use polars::prelude::{
    AnyValue, Column as Series, DataFrame, DataType, ParallelStrategy, ParquetCompression, ParquetReader,
    ParquetWriter, PolarsError, SerReader, StatisticsOptions,
};
use thiserror::Error;

/// Size of a Parquet data page; part of its bytes.
const PAGE_BYTES: usize = 1 << 20;

/// Bytes of the digest.
const DIGEST_BYTES: usize = blake3::OUT_LEN;
/// Bytes behind the footer of a Parquet file: its length and the closing magic number.
const TAIL_BYTES: usize = 8;

/// Why a table cannot be built or read.
#[derive(Debug, Error)]
pub enum TableError {
    /// Columns differ in length, or two have the same name.
    #[error("the columns do not make a table: {0}")]
    Columns(PolarsError),
    /// A column is not there.
    #[error("there is no column `{name}`, there are: {}", .columns.join(", "))]
    NoColumn {
        /// The column asked for.
        name: String,
        /// Those that exist.
        columns: Vec<String>,
    },
    /// A column holds values of another type.
    #[error("column `{name}` holds values of type {found}, {expected} were expected")]
    Type {
        /// The column.
        name: String,
        /// What it holds.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A value is missing where none may be (NaN is a value).
    #[error("column `{0}` has a missing value")]
    Missing(String),
    /// The bytes are damaged, or were never written by [`Table::to_parquet`].
    #[error("the table is damaged, or was written by another program")]
    Damaged,
    /// polars cannot read it.
    #[error("not a readable Parquet table: {0}")]
    Unreadable(PolarsError),
    /// The table cannot be written.
    #[error("the table cannot be written as Parquet: {0}")]
    Unwritable(PolarsError),
}

/// The values of a column. NaN stands for a missing number.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers.
    F64(Vec<f64>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Texts.
    Text(Vec<String>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// Named columns of equal length.
#[derive(Clone, Debug)]
pub struct Table {
    frame: DataFrame,
}

impl Table {
    /// A table of columns in the given order.
    ///
    /// # Errors
    /// If lengths differ or a name occurs twice.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Values)>) -> Result<Self, TableError> {
        let columns = columns.into_iter().map(|(name, values)| match values {
            Values::F64(values) => Series::new(name.into(), values),
            Values::I64(values) => Series::new(name.into(), values),
            Values::Text(values) => Series::new(name.into(), values),
            Values::Bool(values) => Series::new(name.into(), values),
        });
        let frame = DataFrame::new_infer_height(columns.collect()).map_err(TableError::Columns)?;
        Ok(Self { frame })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the columns in order.
    pub fn columns(&self) -> Vec<String> {
        self.frame.get_column_names().iter().map(|name| name.to_string()).collect()
    }

    /// The table as the bytes of a Parquet file: the same table gives the same bytes.
    ///
    /// # Errors
    /// If polars cannot write it.
    pub fn to_parquet(&self) -> Result<Vec<u8>, TableError> {
        let mut bytes = Vec::new();
        let mut frame = self.frame.clone();
        frame.rechunk_mut();
        ParquetWriter::new(&mut bytes)
            .with_compression(ParquetCompression::Zstd(None))
            .with_statistics(StatisticsOptions::empty())
            .with_row_group_size(Some(usize::MAX))
            .with_data_page_size(Some(PAGE_BYTES))
            .set_parallel(false)
            .finish(&mut frame)
            .map_err(TableError::Unwritable)?;
        let footer = footer_start(&bytes).ok_or(TableError::Damaged)?;
        let digest = digest(&bytes[..footer], &bytes[footer..]);
        bytes.splice(footer..footer, digest);
        Ok(bytes)
    }

    /// Reads what [`Table::to_parquet`] wrote.
    ///
    /// # Errors
    /// If the bytes are damaged or something else.
    pub fn from_parquet(bytes: &[u8]) -> Result<Self, TableError> {
        let footer = footer_start(bytes).ok_or(TableError::Damaged)?;
        let data = footer.checked_sub(DIGEST_BYTES).ok_or(TableError::Damaged)?;
        if digest(&bytes[..data], &bytes[footer..])[..] != bytes[data..footer] {
            return Err(TableError::Damaged);
        }
        let reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
        let frame = reader.finish().map_err(TableError::Unreadable)?;
        Ok(Self { frame })
    }

    /// A column of numbers; whole numbers are converted.
    ///
    /// # Errors
    /// If it does not exist, holds something else, or has a missing value.
    pub fn f64(&self, name: &str) -> Result<Vec<f64>, TableError> {
        let column = self.column(name)?;
        if column.dtype() == &DataType::Int64 {
            return Ok(self.i64(name)?.into_iter().map(|value| value as f64).collect());
        }
        let values = column.f64().map_err(|_| wrong_type(column, "numbers"))?;
        values.iter().map(|value| value.ok_or_else(|| missing(name))).collect()
    }

    /// A column of whole numbers.
    ///
    /// # Errors
    /// Those of [`Table::f64`].
    pub fn i64(&self, name: &str) -> Result<Vec<i64>, TableError> {
        let column = self.column(name)?;
        let values = column.i64().map_err(|_| wrong_type(column, "whole numbers"))?;
        values.iter().map(|value| value.ok_or_else(|| missing(name))).collect()
    }

    /// A column of texts.
    ///
    /// # Errors
    /// Those of [`Table::f64`].
    pub fn text(&self, name: &str) -> Result<Vec<String>, TableError> {
        let column = self.column(name)?;
        let values = column.str().map_err(|_| wrong_type(column, "texts"))?;
        values.iter().map(|value| value.map(str::to_owned).ok_or_else(|| missing(name))).collect()
    }

    /// A column of truth values.
    ///
    /// # Errors
    /// Those of [`Table::f64`].
    pub fn bool(&self, name: &str) -> Result<Vec<bool>, TableError> {
        let column = self.column(name)?;
        let values = column.bool().map_err(|_| wrong_type(column, "truth values"))?;
        values.iter().map(|value| value.ok_or_else(|| missing(name))).collect()
    }

    /// The rows as texts, for people: a cell is empty where a value is missing or NaN.
    pub fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        let columns = self.frame.columns();
        (0..self.len()).map(move |row| columns.iter().map(|column| cell(column, row)).collect())
    }

    /// The table as comma-separated values with a header line (RFC 4180).
    pub fn to_csv(&self) -> String {
        let mut csv = String::new();
        for row in std::iter::once(self.columns()).chain(self.rows()) {
            let cells: Vec<String> = row.into_iter().map(|cell| csv_cell(&cell)).collect();
            csv.push_str(&cells.join(","));
            csv.push('\n');
        }
        csv
    }

    fn column(&self, name: &str) -> Result<&Series, TableError> {
        let column = self.frame.column(name);
        column.map_err(|_| TableError::NoColumn { name: name.to_owned(), columns: self.columns() })
    }
}

impl PartialEq for Table {
    /// NaN equals NaN.
    fn eq(&self, other: &Self) -> bool {
        self.frame.equals_missing(&other.frame)
    }
}

/// Where the footer of a Parquet file starts: its length stands before the closing magic number.
fn footer_start(bytes: &[u8]) -> Option<usize> {
    let tail = bytes.len().checked_sub(TAIL_BYTES)?;
    let length = bytes[tail..].first_chunk::<4>()?;
    tail.checked_sub(u32::from_le_bytes(*length) as usize)
}

fn digest(data: &[u8], footer: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("rnnwm table v1");
    hasher.update(data).update(footer);
    *hasher.finalize().as_bytes()
}

fn wrong_type(column: &Series, expected: &'static str) -> TableError {
    TableError::Type { name: column.name().to_string(), found: column.dtype().to_string(), expected }
}

fn missing(name: &str) -> TableError {
    TableError::Missing(name.to_owned())
}

fn cell(column: &Series, row: usize) -> String {
    match column.get(row) {
        Ok(AnyValue::Null) | Err(_) => String::new(),
        Ok(AnyValue::Float64(number)) if number.is_nan() => String::new(),
        Ok(AnyValue::Float64(number)) => number.to_string(),
        Ok(AnyValue::Int64(number)) => number.to_string(),
        Ok(AnyValue::Boolean(truth)) => truth.to_string(),
        Ok(value) => value.str_value().into_owned(),
    }
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table() -> Table {
        let columns = [
            ("stage", Values::Text(vec!["early".to_owned(), "say \"mid\", please".to_owned()])),
            ("rate", Values::F64(vec![f64::NAN, 1.5])),
            ("count", Values::I64(vec![3, -4])),
            ("correct", Values::Bool(vec![true, false])),
        ];
        Table::new(columns).unwrap()
    }

    #[test]
    fn parquet_brings_back_the_table_and_is_always_the_same() {
        let bytes = table().to_parquet().unwrap();
        assert_eq!(Table::from_parquet(&bytes).unwrap(), table());
        assert_eq!(table().to_parquet().unwrap(), bytes);
        assert_eq!(Table::from_parquet(&bytes).unwrap().to_parquet().unwrap(), bytes);
    }

    #[test]
    fn columns_are_read_by_name_and_type() {
        let table = table();
        assert_eq!(table.columns(), ["stage", "rate", "count", "correct"]);
        assert_eq!(table.f64("count").unwrap(), [3.0, -4.0]);
        assert_eq!(table.f64("rate").unwrap()[1], 1.5);
        assert_eq!(table.bool("correct").unwrap(), [true, false]);
        assert_eq!(table.text("stage").unwrap()[0], "early");
        let error = table.i64("rate").unwrap_err().to_string();
        assert_eq!(error, "column `rate` holds values of type f64, whole numbers were expected");
        let error = table.f64("rates").unwrap_err().to_string();
        assert_eq!(error, "there is no column `rates`, there are: stage, rate, count, correct");
    }

    #[test]
    fn columns_of_other_lengths_or_the_same_name_are_refused() {
        let column = |n| Values::I64(vec![0; n]);
        assert!(matches!(Table::new([("a", column(1)), ("b", column(2))]), Err(TableError::Columns(_))));
        assert!(matches!(Table::new([("a", column(1)), ("a", column(1))]), Err(TableError::Columns(_))));
    }

    #[test]
    fn an_empty_table_survives() {
        let empty = Table::new([("a", Values::F64(vec![]))]).unwrap();
        let back = Table::from_parquet(&empty.to_parquet().unwrap()).unwrap();
        assert!(back.is_empty() && back.f64("a").unwrap().is_empty());
        assert!(Table::new([]).unwrap().is_empty());
    }

    #[test]
    fn a_long_table_comes_back_whole() {
        let values: Vec<i64> = (0..600_000).map(|row| row * row).collect();
        let table = Table::new([("x", Values::I64(values.clone()))]).unwrap();
        let bytes = table.to_parquet().unwrap();
        assert_eq!(Table::from_parquet(&bytes).unwrap().i64("x").unwrap(), values);
        assert_eq!(table.to_parquet().unwrap(), bytes);
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(
            table().to_csv(),
            "stage,rate,count,correct\nearly,,3,true\n\"say \"\"mid\"\", please\",1.5,-4,false\n"
        );
    }

    proptest! {
        #[test]
        fn any_numbers_come_back_to_the_bit(values in prop::collection::vec(any::<f64>(), 0..300)) {
            let table = Table::new([("x", Values::F64(values.clone()))]).unwrap();
            let back = Table::from_parquet(&table.to_parquet().unwrap()).unwrap().f64("x").unwrap();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&values));
        }

        #[test]
        fn garbage_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Table::from_parquet(&bytes).is_err());
        }

        #[test]
        fn damage_is_an_error(at in any::<prop::sample::Index>(), flip in 1u8.., keep in any::<prop::sample::Index>()) {
            let mut bytes = table().to_parquet().unwrap();
            let truncated = &bytes[..keep.index(bytes.len())];
            prop_assert!(Table::from_parquet(truncated).is_err());
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(matches!(Table::from_parquet(&bytes), Err(TableError::Damaged)));
        }
    }
}
