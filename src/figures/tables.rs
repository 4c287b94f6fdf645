//! What figures ask of the columns of tables.

use crate::table::Table;

use super::FigureError;

/// Which checkpoint is shown: `mid checkpoint at 1280 trials, performance 0.66`, from the first row of a
/// table with `stage` (text), `checkpoint` (trials trained) and `performance`.
pub(super) fn checkpoint(about: &Table) -> Result<String, FigureError> {
    Ok(format!(
        "{} checkpoint at {} trials, performance {:.2}",
        about.text("stage")?[0],
        about.i64("checkpoint")?[0],
        about.f64("performance")?[0],
    ))
}

/// The names of a column in the order of their first appearance.
pub(super) fn distinct(names: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}
